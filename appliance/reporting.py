"""Finds out how the box is, and puts it into one report."""

import os
from collections.abc import Callable, Mapping
from math import inf, isfinite

from attrs import evolve, field

from appliance import __version__, sdnotify
from appliance.clock import Clock
from appliance.config.settings import Settings
from appliance.delivery.outbox import Outbox
from appliance.errors import StorageError
from appliance.feeds.feeds import FETCHED, Feeds
from appliance.feeds.uploads import UPLOADED
from appliance.foreign import one_line
from appliance.housekeeping.outlook import Outlook
from appliance.loops import Loop
from appliance.machine import Player, Recorder
from appliance.models import ClockSource, ClockStamp, DeliveryState
from appliance.report import DestinationReport, FaultReport, FeedReport, Report, StorageReport, TriggerReport
from appliance.retry import Streak
from appliance.schedules.watch import Schedules
from appliance.status import Status, TakeStatus
from appliance.store import Store
from appliance.store.queue import Queue
from appliance.turn import Turn
from appliance.values import frozen
from appliance.vitals import Vitals

LOOK_EVERY = 10.0
"""Seconds between two looks at what systemd should show."""

REPORT_EVERY = 300.0
"""Seconds between two reports where nothing happens: one costs as much as ten seconds of recording."""

_LIMIT = 120.0
_TO_COME = (DeliveryState.PENDING, DeliveryState.SENDING)
_NOT_THERE = (*_TO_COME, DeliveryState.PARKED)

_Failing = tuple[Streak, float | None]
"""What has failed in a row, and the seconds until the next try, where one is due."""

_WELL: _Failing = (Streak(0.0), None)


@frozen
class _Kept:
    """What only the disk tells."""

    counts: Mapping[str, Mapping[DeliveryState, int]] = field(factory=dict)
    queues: Mapping[str, Queue] = field(factory=dict)
    unheard: Mapping[str, int] = field(factory=dict)
    storage: StorageReport = field(factory=StorageReport)
    undecided: int = 0


@frozen
class Reporter:
    """Makes the reports of one turn."""

    turn: Turn
    settings: Settings
    store: Store
    outbox: Outbox
    feeds: Feeds
    outlook: Callable[[], Outlook]
    clock: Clock
    schedules: Schedules = field(factory=Schedules)
    triggers: Callable[[], Mapping[str, TriggerReport]] = dict
    recorded: Callable[[str], float | None] = lambda _: None
    """How many seconds of a take are recorded by now; None where that is not known."""

    def report(self) -> Report:
        """How everything is. From any thread that may wait for the disk."""
        status, now = self.turn.controller.status, self.clock.stamp()
        wanted, unknown = self.settings.destinations, ""
        try:
            kept = self._kept()
        except StorageError as error:
            kept, unknown = _Kept(), str(error)
        counts, unheard = kept.counts, kept.unheard
        sending, pulling, pulls = self.outbox.failing(), self.feeds.failing(), self.feeds.pulls()
        destinations = {name: self._destination(name, kept, sending.get(name, _WELL), now) for name in wanted}
        return Report(
            device=self.settings.device.label,
            version=__version__,
            time=now.wall_ns / 1e9,
            pid=os.getpid(),
            turn=self.turn.number,
            uptime=round(self.clock.monotonic() - self.turn.process_started, 1),
            recorder=status.recorder,
            player=status.player,
            take=self._take(status.take),
            recording_id=status.recording_id,
            playback=status.playback,
            microphone=status.microphone,
            gain=status.gain,
            listening=status.listening,
            last_clip=status.last_clip,
            sending=self.outbox.progress(),
            waiting=sum(each.waiting for each in destinations.values()),
            oldest_waiting=max((each.oldest_waiting or 0.0 for each in destinations.values()), default=0.0) or None,
            unheard=status.unheard,
            undecided=kept.undecided,
            volume=status.volume,
            rate=status.rate,
            faults=tuple(
                FaultReport(
                    name=each.name,
                    message=each.message,
                    urgent=each.urgent,
                    owner=each.owner,
                    since=_wall(each.since, now),
                )
                for each in status.faults
            ),
            deliveries={name: counts[name] for name in wanted if name in counts},
            destinations=destinations,
            feeds={
                name: self._feed(unheard.get(name, 0), pulls.get(name, 0), pulling.get(name, _WELL), now)
                for name in self.settings.feeds
            },
            removed_destinations={
                name: waiting
                for name, each in counts.items()
                if name not in wanted and (waiting := _sum(each, _NOT_THERE))
            },
            removed_feeds={
                name: count for name, count in unheard.items() if name not in {*self.settings.feeds, FETCHED, UPLOADED}
            },
            schedules=self.schedules.report(now.wall_ns / 1e9),
            triggers=self.triggers(),
            storage=kept.storage,
            unknown=unknown,
        )

    def _take(self, take: TakeStatus | None) -> TakeStatus | None:
        """How long it is now: what was told of it is older while nobody listens."""
        seconds = self.recorded(take.id) if take else None
        return take if take is None or seconds is None else take.grown(max(seconds, take.seconds))

    def _kept(self) -> "_Kept":
        return _Kept(
            self.store.outbox.counts(),
            {name: self.store.outbox.queue(name) for name in self.settings.destinations},
            self.store.inbox.unheard_by_feed(),
            _storage(self.outlook()),
            self.store.clips.undecided(),
        )

    def _destination(self, name: str, kept: "_Kept", failing: _Failing, now: ClockStamp) -> DestinationReport:
        counts, queue = kept.counts.get(name, {}), kept.queues.get(name, Queue(None, None, ""))
        waiting = _sum(counts, _TO_COME)
        streak, pause = failing
        next_try = None
        if waiting and pause is not None:
            next_try = max(pause, (queue.due or 0.0) - now.monotonic_ns / 1e9)
        return DestinationReport(
            failures=streak.failures,
            failing_since=_wall(streak.since, now) if streak.failures else None,
            last_error=(streak.reason or queue.error) if waiting else "",
            next_try=next_try,
            waiting=waiting,
            parked=counts.get(DeliveryState.PARKED, 0),
            oldest_waiting=_age(queue.oldest, now) if queue.oldest else None,
        )

    def _feed(self, unheard: int, pulls: int, failing: _Failing, now: ClockStamp) -> FeedReport:
        streak, next_try = failing
        return FeedReport(
            failures=streak.failures,
            failing_since=_wall(streak.since, now) if streak.failures else None,
            last_error=streak.reason,
            next_try=next_try,
            unheard=unheard,
            pulls=pulls,
        )


class StatusLine:
    """Lets `systemctl status` say how the box is, in one line."""

    def __init__(
        self,
        status: Callable[[], Status],
        report: Callable[[], Report],
        clock: Clock,
        vitals: Vitals,
        notify: Callable[[str], None] = sdnotify.notify,
    ) -> None:
        """`notify` tells systemd how the service is, and returns at once."""
        self._status = status
        self._report = report
        self._clock = clock
        self._seen: Status | None = None
        self._reported = -inf
        self._notify = notify
        self._summary = self._told = ""
        loop = Loop("status-line", self._look, LOOK_EVERY, _LIMIT, clock, vitals)
        self.start, self.close = loop.start, loop.close

    def _look(self) -> None:
        status, now = self._status(), self._clock.monotonic()
        seen = evolve(status, take=None, take_id=None, recording_id=None, playback=None, sending=())
        seen = evolve(seen, recorder=Recorder.IDLE, player=Player.STOPPED)
        if seen != self._seen or now >= self._reported + REPORT_EVERY:
            self._seen, self._reported = seen, now
            self._summary = self._report().summary
        line = f"{status.recorder}; {self._summary}"
        if line != self._told:
            self._told = line
            self._notify(f"STATUS={one_line(line)}")


def _storage(outlook: Outlook) -> StorageReport:
    return StorageReport(
        free=outlook.space.free,
        total=outlook.space.total,
        free_files=int(outlook.space.files) if isfinite(outlook.space.files) else None,
        free_seconds=outlook.space.free // outlook.byte_rate,
        reserve=outlook.reserve,
        full_in_days=outlook.days,
        warning=outlook.warning,
    )


def _sum(counts: Mapping[DeliveryState, int], states: tuple[DeliveryState, ...]) -> int:
    return sum(counts.get(state, 0) for state in states)


def _wall(at: float | None, now: ClockStamp) -> float | None:
    """A moment of CLOCK_MONOTONIC in seconds since 1970 UTC, as precise as a person cares for."""
    return None if at is None else round(now.wall_ns / 1e9 + at - now.monotonic_ns / 1e9, 1)


def _age(then: ClockStamp, now: ClockStamp) -> float | None:
    """Seconds from one moment to another; None where no clock tells."""
    if then.boot_id == now.boot_id:
        return (now.monotonic_ns - then.monotonic_ns) / 1e9
    if ClockSource.NONE in (then.source, now.source):
        return None
    return max(0.0, (now.wall_ns - then.wall_ns) / 1e9)

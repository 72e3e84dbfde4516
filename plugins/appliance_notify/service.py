"""Tells a person, by whatever way was chosen, what the rules say; what cannot be told now is kept and told later."""

import logging
from collections.abc import Mapping
from typing import Any

from attrs import evolve

from appliance.plugin import (
    ApplianceError,
    Cancelled,
    House,
    Seconds,
    StorageError,
    Verdict,
    events,
)
from appliance_notify import memory as kept
from appliance_notify import rules as machine
from appliance_notify.memory import Memory
from appliance_notify.notes import Kind
from appliance_notify.options import Rules
from appliance_notify.sending import LINE_FREE, Channel, Sending

LOOK_EVERY = 900.0
"""Seconds between two looks at the box where nothing happens."""

_CLOSEST_LOOKS = 5.0
"""Seconds between two looks while much happens: a report costs something."""

_LONGEST_TAKE = 86_400.0
"""Seconds: what began so long before a summary, and is new since, is counted in it."""

_MEANT = (
    events.ClipFinished,
    events.EventsLost,
    events.FaultCleared,
    events.FaultRaised,
    events.PlaybackFailed,
    events.PlaybackStarted,
    events.StorageFree,
    events.StorageFull,
    events.TakeFailed,
    events.TakeStarted,
)
"""What may change something that a person is told of."""

log = logging.getLogger(__name__)


class Teller:
    """The service: hears what happens, keeps what is to be told, and sends it."""

    def __init__(self, rules: Rules, house: House, channel: Channel) -> None:
        self._rules = rules
        self._house = house
        self._sending = Sending(rules, house, channel)
        self._memory = Memory()
        self._saved: Memory | None = None
        self._debounced = machine.Debounced(Seconds(rules.faults_after))
        self._look_due = 0.0

    def run(self) -> None:
        happenings = self._house.events(*_MEANT, *LINE_FREE)
        self._memory = self._saved = kept.load(self._house.folder)
        self._memory = machine.begun(self._memory, self._rules, self._house.now())
        self._look_due = self._monotonic()
        self._catch_up()
        while not self._house.stopping:
            self._hear(happenings.get(self._turn()))

    def _turn(self) -> float:
        """Do what is due; the seconds until more is, where nothing happens."""
        try:
            if self._monotonic() >= self._look_due:
                self._look()
            self._sum_up()
            self._memory = machine.tell_silence(self._memory, self._rules, self._house.now())
            self._save()
            self._sending.send(self._memory, self._told)
        except Cancelled:
            return 0.0
        return self._pause()

    def _pause(self) -> float:
        now, memory, rules = self._house.now(), self._memory, self._rules
        waits = [
            self._look_due - self._monotonic(),
            machine.silence_due(memory, rules, now),
            machine.summary_due(memory, rules, now),
            self._sending.due(memory),
        ]
        return min(LOOK_EVERY, max(0.05, min(waits)))

    # -- what happens --------------------------------------------------------------------------------------------------

    def _hear(self, event: events.Event | None) -> None:
        if isinstance(event, LINE_FREE):
            self._sending.line_is_free()
        if event is None or isinstance(event, LINE_FREE):
            return
        if isinstance(event, events.EventsLost):
            self._catch_up()
        if isinstance(event, events.ClipFinished):
            clip = machine.Recorded.of(event.clip)
            self._memory = machine.hear_clip(self._memory, self._rules, clip, self._house.now())
        self._look_due = min(self._look_due, self._monotonic() + _CLOSEST_LOOKS)

    def _catch_up(self) -> None:
        """Find the clips that were made while nobody listened; at the very first start none is news. What lies in the
        trash is none either, should somebody bring it back.
        """
        try:
            trash = self._house.ask("clips.trash")
            found = self._house.ask("clips.list", limit=kept.KNOWN_CLIPS)
        except ApplianceError as error:
            log.info("what was recorded meanwhile is not known: %s", error)
            return
        clips = [machine.Recorded.of_plain(each["clip"]) for each in reversed(found or ())]
        news, since = self._memory.clips is not None, self._memory.since
        known = set(self._memory.clips or ())
        if not news:
            self._memory = evolve(self._memory, clips=())
        for clip in (machine.Recorded.of_plain(each["clip"]) for each in trash or ()):
            if not news or (clip.began > since and clip.id not in known):
                self._memory = self._memory.with_clip(clip.id, clip.began)
        for clip in clips:
            if not news:
                self._memory = self._memory.with_clip(clip.id, clip.began)
            elif clip.began > since and clip.id not in known:
                self._memory = machine.hear_clip(self._memory, self._rules, clip, self._house.now())
        if len(clips) == kept.KNOWN_CLIPS:  # there may be older ones, which come here once others are deleted
            self._memory = self._memory.with_look(clips[0].began)

    def _look(self) -> None:
        """Hold the faults of the box against what people were told."""
        now = self._monotonic()
        self._look_due = now + LOOK_EVERY
        if not self._rules.faults:
            return
        try:
            report = self._house.report()
        except ApplianceError as error:
            log.info("how the box is is not known: %s", error)
            return
        own = f"service:{self._house.name}"
        faults = {fault.name: fault for fault in report.faults if fault.name != own}
        news, over = self._debounced.look(faults, self._memory.told, now)
        self._memory = machine.tell_faults(self._memory, faults, news, over, self._house.now())
        self._look_due = min(self._look_due, now + self._debounced.due(now))

    def _sum_up(self) -> None:
        now = self._house.now()
        if machine.summary_due(self._memory, self._rules, now) > 0:
            return
        since = self._memory.summed_up_to or now.wall_ns / 1e9 - 86_400
        try:
            clips = list(self._new_clips(since))
            report = self._house.report()
        except ApplianceError as error:
            log.info("no summary today: %s", error)
        else:
            storage = report.storage
            room = max(0.0, storage.free_seconds * (1 - storage.reserve / storage.free)) if storage.free else 0.0
            text = machine.summary(clips, room, report.summary.removesuffix("."))
            self._memory = self._memory.with_note(machine.note(Kind.DAILY, text, now))
        self._memory = machine.summed_up(self._memory, now)

    def _new_clips(self, since: float) -> list[Mapping[str, str]]:
        """For each clip that ended since then, and is not too short, the state of its deliveries by destination."""
        found: list[Mapping[str, str]] = []
        after: dict[str, Any] = {}
        while page := self._house.ask("clips.list", since_ns=round((since - _LONGEST_TAKE) * 1e9), **after):
            for each in page:
                clip = machine.Recorded.of_plain(each["clip"])
                if clip.verdict == Verdict.TOO_SHORT or clip.began + clip.seconds <= since:
                    continue
                states = {delivery["destination"]: delivery["state"] for delivery in each["deliveries"]}
                found.append({name: state for name, state in states.items() if state != "cancelled"})
            after = {"after": page[-1]["clip"]["id"]}
        return found

    def _told(self, left: Memory) -> None:
        self._memory = left
        self._save()

    def _save(self) -> None:
        if self._memory == self._saved:
            return
        try:
            kept.save(self._house.folder, self._memory)
        except StorageError as error:
            log.warning("what is to be told is kept in memory only: %s", error)
        self._saved = self._memory

    def _monotonic(self) -> float:
        return self._house.now().monotonic_ns / 1e9

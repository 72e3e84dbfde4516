"""What the machine's effects mean: the calls that start them. Each returns at once."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import TypeVar

from appliance.audio.player import Player
from appliance.audio.recorder import Recorder
from appliance.audio.volume import KeptVolume
from appliance.choosing import Choosing
from appliance.circumstances import Starter, Wishes
from appliance.config.takes import Briefing
from appliance.delivery.outbox import Outbox
from appliance.errors import NotFound, StorageError
from appliance.events import (
    Attend,
    ClipDrop,
    ClipRelease,
    Event,
    FlowWait,
    GreetingUse,
    NothingToSplit,
    Play,
    PlayAfter,
    PlaybackFailed,
    PlayerBack,
    PlayerSeek,
    PlayerSkip,
    RateSet,
    RecordMark,
    RecordStart,
    RecordToggle,
    Say,
    TakeContinues,
    TakeFailed,
    Timed,
    TrackHeard,
    VolumeChanged,
    VolumeSet,
)
from appliance.faults import CATALOGUE
from appliance.machine import Do, Effect, Input
from appliance.machine import Recorder as Busy
from appliance.status import Status
from appliance.store import Store

T = TypeVar("T")
Listener = Callable[[Event, Status], None]

SKIP_STEP = 15.0
"""Seconds that one press goes further on or back."""

GUARD = 0.15
"""Seconds after a sound of the box itself that are not recorded either: the room still has it."""

VOLUME_STEP = 10
"""Percent that one press makes it louder or quieter."""


class Effects:
    """Starts effects on recorder, player and store."""

    def __init__(
        self,
        recorder: Recorder,
        player: Player,
        volume: KeptVolume,
        store: Store,
        outbox: Outbox,
        post: Callable[[Input], None],
        briefing: Briefing,
        wait: Callable[[float], None] = lambda _: None,
        orders: Mapping[str, str] | None = None,
        only_approved: bool = False,
    ) -> None:
        """`briefing` tells how takes are made, `wait` lets FlowDue come at a moment.

        `orders` says of feeds in which order their messages play, `only_approved` whether recordings that are chosen
        for somebody must have been approved.
        """
        self._briefing = briefing
        self._wait = wait
        self._recorder = recorder
        self._player = player
        self._volume = volume
        self._store = store
        self._outbox = outbox
        self._post = post
        self._complaint = ""
        self._ducked = False
        self._choosing = Choosing(store, post, self._on_store, orders, only_approved)

    def disk_works(self) -> None:
        """The disk takes writes again: finish what it kept from being finished. Returns at once."""
        self._recorder.disk_works()
        self._on_store(self._take_up)

    def duck(self, _: Input, status: Status) -> None:
        """Let what plays give way as long as a take is in progress. Told of all that happens; returns at once."""
        ducked = status.recorder is not Busy.IDLE
        if ducked is not self._ducked:
            self._ducked = ducked
            self._player.duck(ducked)

    def table(self) -> Mapping[Do, Callable[[Effect], None]]:
        """What starts each effect."""
        recorder, player, store = self._recorder, self._player, self._store
        return {
            Do.START_TAKE: self._start_take,
            Do.CARRY_ON_TAKE: self._carry_on_take,
            Do.PAUSE_TAKE: lambda effect: recorder.pause(_moment(effect)),
            Do.RESUME_TAKE: lambda effect: recorder.resume(self._quiet(effect)),
            Do.MARK_TAKE: lambda effect: recorder.mark(_moment(effect), _cause(effect, RecordMark).label),
            Do.SPLIT_TAKE: self._split_take,
            Do.FINISH_TAKE: lambda effect: recorder.stop(_moment(effect)),
            Do.DISCARD_TAKE: lambda _: recorder.discard(),
            Do.ADOPT_TAKE: lambda effect: self._on_store(lambda: self._adopt(effect.id)),
            Do.START_PLAYBACK: self._start_playback,
            Do.SAY: lambda effect: player.play(effect.id, _cause(effect, Say)),
            Do.HUSH: lambda _: player.hush(),
            Do.ATTEND: lambda effect: recorder.attend(on=_cause(effect, Attend).on),
            Do.WAIT: lambda effect: self._wait(_cause(effect, FlowWait).until),
            Do.USE_GREETING: lambda effect: self._on_clip(
                partial(store.greeting.use, _cause(effect, GreetingUse).clip_id)
            ),
            Do.DROP_CLIP: lambda effect: self._on_store(partial(store.clips.drop, _cause(effect, ClipDrop).clip_id)),
            Do.RELEASE_CLIP: lambda effect: self._on_clip(partial(self._release, _cause(effect, ClipRelease))),
            Do.FORGET_GREETING: lambda _: self._on_store(store.greeting.forget),
            Do.PAUSE_PLAYBACK: lambda _: player.pause(),
            Do.RESUME_PLAYBACK: lambda _: player.resume(),
            Do.SEEK_PLAYBACK: lambda effect: player.seek(_cause(effect, PlayerSeek).seconds),
            Do.PREPARE_NEXT: self._prepare_next,
            Do.SKIP_PLAYBACK: lambda effect: player.skip(_skipped(effect.cause)),
            Do.STOP_PLAYBACK: lambda _: player.stop(),
            Do.SET_RATE: lambda effect: player.set_rate(_cause(effect, RateSet).rate),
            **self._choosing.table(),
            Do.SET_VOLUME: lambda effect: player.set_volume(_cause(effect, VolumeSet).percent),
            Do.RAISE_VOLUME: lambda _: player.change_volume(VOLUME_STEP),
            Do.LOWER_VOLUME: lambda _: player.change_volume(-VOLUME_STEP),
            Do.KEEP_VOLUME: self._keep_volume,
            Do.MARK_HEARD: self._mark_heard,
            Do.MARK_UNPLAYABLE: self._mark_unplayable,
        }

    def _start_take(self, effect: Effect) -> None:
        quiet_since = self._player.voice.sounded_until + GUARD
        wishes = effect.cause.wishes if isinstance(effect.cause, RecordStart | RecordToggle) else Wishes()
        at = self._quiet(effect)
        if wishes.begun.by is Starter.TRIGGER:  # its moment has passed, and what the box played is no reason for it
            at = max(at, quiet_since)
        self._recorder.start(effect.id, at, quiet_since=quiet_since, brief=self._briefing.brief(wishes))

    def _carry_on_take(self, effect: Effect) -> None:
        cause = _cause(effect, TakeContinues)
        self._recorder.start(effect.id, cause.at, cause.format, continues=cause.take_id)

    def _split_take(self, effect: Effect) -> None:
        if not self._recorder.next_part(_moment(effect), "split"):
            self._post(NothingToSplit(effect.id, "the microphone has not delivered its first sound yet: split later"))

    def _quiet(self, effect: Effect) -> float:
        """The moment of the press, or the first one without a sound of the box itself, which ends at once."""
        silent = self._player.voice.silent_from
        self._player.hush()
        return max(_moment(effect), silent + GUARD)

    def _release(self, cause: ClipRelease) -> None:
        self._store.clips.release(cause.clip_id, cause.destinations)
        self._outbox.wake()

    def _on_store(self, work: Callable[[], None]) -> None:
        self._store.submit(work).add_done_callback(self._report)

    def _on_clip(self, work: Callable[[], None]) -> None:
        """As `_on_store`, where nothing is left to do once somebody has deleted the clip."""

        def unless_gone() -> None:
            with suppress(NotFound):
                work()

        self._on_store(unless_gone)

    def _report(self, done: Future[None]) -> None:
        error = done.exception()
        complaint = "" if error is None else str(error)
        if complaint == self._complaint or not (complaint or self._is_over()):
            return
        self._complaint = complaint
        self._post(CATALOGUE.raised(complaint) if complaint else CATALOGUE.cleared())

    def _is_over(self) -> bool:
        """Whether something that worked tells that all is well: not while a take waits to become a clip."""
        return not self._store.upkeep.unfinished

    def _adopt(self, take_id: str) -> None:
        try:
            self._store.clips.adopt(take_id)
        except StorageError:
            self._store.upkeep.leave(take_id)
            raise
        self._outbox.wake()
        if self._store.upkeep.unfinished:  # what this take was spared the ones before may be too, by now
            self._take_up()

    def _take_up(self) -> None:
        self._store.upkeep.take_up()
        self._outbox.wake()

    def _start_playback(self, effect: Effect) -> None:
        cause = _cause(effect, Play)
        self._choosing.played(cause)
        self._player.play(effect.id, cause)

    def _prepare_next(self, effect: Effect) -> None:
        cause = _cause(effect, PlayAfter)
        self._player.prepare(cause.playback_id, cause.then)

    def _keep_volume(self, effect: Effect) -> None:
        percent = _cause(effect, VolumeChanged).percent
        self._on_store(lambda: self._volume.keep(percent))

    def _mark_heard(self, effect: Effect) -> None:
        track_id = _cause(effect, TrackHeard).track_id
        self._on_store(lambda: self._store.inbox.mark_played(track_id))

    def _mark_unplayable(self, effect: Effect) -> None:
        track_id = _cause(effect, PlaybackFailed).unplayable
        if track_id is not None:
            self._on_store(lambda: self._store.inbox.mark_unplayable(track_id))


def _cause(effect: Effect, kind: type[T]) -> T:
    """What asked for an effect that only this kind of input can ask for."""
    assert isinstance(effect.cause, kind), effect
    return effect.cause


def _skipped(cause: Input) -> float:
    """Seconds to go further on."""
    if isinstance(cause, PlayerSkip):
        return cause.seconds
    return -SKIP_STEP if isinstance(cause, PlayerBack) else SKIP_STEP


def _moment(effect: Effect) -> float:
    """When somebody pressed, or the microphone came back: CLOCK_MONOTONIC seconds."""
    assert isinstance(effect.cause, Timed), effect
    return effect.cause.at


def refusing(why: str, error: str, post: Callable[[Input], None]) -> Mapping[Do, Callable[[Effect], None]]:
    """The effects of an appliance that can do nothing: what is asked of it fails, by an `error` of that class."""
    fail: dict[Do, Callable[[Effect], None]] = {
        Do.START_TAKE: lambda effect: post(TakeFailed(effect.id, why, error=error)),
        Do.START_PLAYBACK: lambda effect: post(PlaybackFailed(effect.id, why, error=error)),
    }
    return {do: fail.get(do, lambda _: None) for do in Do}

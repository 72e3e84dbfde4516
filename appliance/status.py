"""How the box is: a value folded from everything that happens.

The controller replaces the value as a whole on every event, so that any thread may read it at any time.
"""

from appliance import events
from appliance.circumstances import Gain, by_guest
from appliance.errors import NoSpeaker
from appliance.events import Command, Event
from appliance.evolving import evolve
from appliance.faultkind import FaultKind
from appliance.faults import (
    CONFIGURATION,
    LAST_CLIP,
    MICROPHONE_AWAY,
    NOT_RECORDED,
    PLAYBACK,
    PLAYBACK_UNHEARD,
    PROMPT,
    RECORDING_UNHEARD,
    SPEAKER,
    STORAGE_FULL,
    kept_from_playing,
    kept_from_recording,
)
from appliance.machine import Player, Recorder, State
from appliance.models import SILENCE_DBFS, AudioFormat, Clip, Fault, GapCause, Verdict
from appliance.quantities import NOTHING, Kind, told
from appliance.values import frozen


@frozen
class TakeStatus:
    """The take in progress."""

    id: str = told(NOTHING, "Its id, which becomes that of its clip", Kind.TEXT)
    name: str = told(NOTHING, "Its name, which becomes that of its clip", Kind.TEXT)
    format: AudioFormat = told(NOTHING, "How it is recorded", Kind.OBJECT)
    buffer_seconds: float = told(NOTHING, "How much sound the card holds before it loses some", Kind.GAUGE, "s")
    seconds: float = told(0.0, "How long it is", Kind.GAUGE, "s")
    peak_dbfs: float = told(SILENCE_DBFS, "The peak of its last stretch", Kind.GAUGE, "dBFS")
    rms_dbfs: float = told(SILENCE_DBFS, "The level of its last stretch", Kind.GAUGE, "dBFS")
    gaps: int = told(0, "Gaps in it", Kind.GAUGE, "gaps")
    marks: int = told(0, "Marks in it", Kind.GAUGE, "marks")
    seconds_left: float | None = told(None, "How soon it will be ended; null where that is far", Kind.GAUGE, "s")

    path: str = told("", "Its file, which grows", Kind.TEXT)

    def grown(self, seconds: float) -> "TakeStatus":
        """The same once it is so many seconds long."""
        left = self.seconds_left and max(0.0, self.seconds_left - seconds + self.seconds)
        return evolve(self, seconds=seconds, seconds_left=left)


@frozen
class PlaybackStatus:
    """What plays."""

    id: str = told(NOTHING, "The id of this playback", Kind.TEXT)
    title: str = told(NOTHING, "What a person calls it", Kind.TEXT)
    seconds: float = told(NOTHING, "Its length", Kind.GAUGE, "s")
    position: float = told(0.0, "How far it is", Kind.GAUGE, "s")
    estimated: bool = told(False, "Whether its length is a guess", Kind.FLAG)
    buffered: float | None = told(None, "How much of it is here, where it still comes: about", Kind.GAUGE, "s")
    underruns: int = told(0, "How often it was interrupted because the box was too busy", Kind.COUNTER, "interruptions")
    waits: str = told("", "What it waits for, where it does", Kind.TEXT)


@frozen
class Status:
    """The whole box. `waiting` counts deliveries still to be made, `unheard` tracks nobody has heard yet."""

    recorder: Recorder = Recorder.IDLE
    player: Player = Player.STOPPED
    take: TakeStatus | None = None
    take_id: str | None = None
    """The take in progress, which has no `take` yet where it has no sound yet."""
    recording_id: str | None = None
    """The take that the recording in progress began with, whatever has carried it on."""
    playback: PlaybackStatus | None = None
    microphone: AudioFormat | None = None
    gain: Gain | None = None
    listening: float = 0.0
    last_clip: Clip | None = None
    sending: tuple[events.DeliveryProgress, ...] = ()
    waiting: int = 0
    unheard: int = 0
    volume: int | None = None
    rate: float = 1.0
    playlist: events.PlaylistChanged | None = None
    engaged: bool = False
    """Whether a flow leads somebody, who is to hear nothing else."""
    lifted: bool = False
    """Whether a handset is off the hook: what sounds by itself may be heard by nobody there."""
    faults: tuple[Fault, ...] = ()
    unsaid: frozenset[str] = frozenset()
    """Sounds of the box that could not be played when they were to be heard last; "" where it was not for the sound."""

    @property
    def ok(self) -> bool:
        """Nothing is wrong."""
        return not self.faults


_COMPLAINTS = {
    Verdict.SILENT: "is silent, or a steady noise: check that the microphone is alive and the right one",
    Verdict.TOO_QUIET: "is very quiet: raise the microphone's gain, or speak closer to it",
    Verdict.CLIPPING: "is clipped: lower the microphone's gain",
}
"""What a person must hear about the clip just made."""

_AT_REST = ("on_hook", "idle")
"""Steps of flows in which nobody is led."""

_GAPS = "has gaps: `appliance clips show` says what was lost and why"
_CUT = "was cut: more was said than recording.max_duration takes. Raise it, or set recording.at_max to continue"


def advance(status: Status, state: State, event: Command | Event, now: float | None = None) -> Status:
    """The status after `event`, with the machine in `state`; faults that begin have begun `now` (CLOCK_MONOTONIC)."""
    status = _dated(_fold(status, event), now)
    take = status.take if state.take_id else None
    playback = status.playback if state.playback_id else None
    began = state.began_as or state.take_id
    machine = (state.recorder, state.player, take, state.take_id, began, playback)
    if machine == (status.recorder, status.player, status.take, status.take_id, status.recording_id, status.playback):
        return status
    return evolve(
        status,
        recorder=state.recorder,
        player=state.player,
        take=take,
        take_id=state.take_id,
        recording_id=began,
        playback=playback,
    )


def carried(status: Status) -> Status:
    """What of the status is still true after a reload: everything else is found out anew."""
    return Status(
        last_clip=status.last_clip,
        playlist=status.playlist,
        faults=tuple(fault for fault in status.faults if fault.name in (LAST_CLIP.name, CONFIGURATION.name)),
    )


def _complaint(clip: Clip, verdict: Verdict) -> str | None:
    """What is wrong with a new clip that may be so with the next: a microphone that was away and came back is over."""
    if clip.cut:
        return _CUT
    if verdict is Verdict.GAPS:
        return _GAPS if any(gap.cause is not GapCause.DEVICE for gap in clip.gaps) else None
    return _COMPLAINTS.get(verdict)


def _fold(status: Status, event: Command | Event) -> Status:
    take, playback = status.take, status.playback
    match event:
        case events.TakeProgress() if take and take.id == event.take_id:
            levels = {"peak_dbfs": event.peak_dbfs, "rms_dbfs": event.rms_dbfs}
            return evolve(status, take=evolve(take.grown(event.seconds), **levels))
        case events.FlowMoved():
            return evolve(status, engaged=event.step not in _AT_REST)
        case events.HandsetLift() | events.HandsetHangUp():
            return evolve(status, lifted=isinstance(event, events.HandsetLift))
        case events.MicrophoneReady():
            return evolve(status, microphone=event.format)
        case events.MicrophoneTuned():
            return evolve(status, gain=event.gain)
        case events.MicrophoneOpen():
            return evolve(status, listening=event.seconds)
        case events.FaultRaised() if _is_same(event.fault, MICROPHONE_AWAY):
            return _raise(evolve(status, microphone=None, gain=None), event.fault)
        case events.TakeStarted():
            take = TakeStatus(event.take_id, event.name, event.format, event.buffer_seconds, path=event.path)
            return _clear(evolve(status, take=take, microphone=event.format), *NOT_RECORDED)
        case events.TakeFailed(fault=True):
            return _raise(status, kept_from_recording(event.error).fault(event.message))
        case events.TakeNearlyUp() if take and take.id == event.take_id:
            return evolve(status, take=evolve(take, seconds_left=event.seconds_left))
        case events.GapFound() if take and take.id == event.take_id:
            return evolve(status, take=evolve(take, gaps=take.gaps + 1))
        case events.MarkSet() if take and take.id == event.take_id:
            return evolve(status, take=evolve(take, marks=take.marks + 1))
        case events.ClipFinished() if not by_guest(event.clip.begun):
            status = evolve(status, last_clip=event.clip)
            complaint = _complaint(event.clip, event.verdict)
            if complaint:
                return _raise(status, LAST_CLIP.fault(f"clip {event.clip.name} {complaint}"))
            return _clear(status, LAST_CLIP)
        case events.ClipCorrected() | events.ClipDescribed() if (
            status.last_clip and status.last_clip.id == event.clip.id
        ):
            return evolve(status, last_clip=event.clip)
        case events.StorageFull():
            return _raise(status, STORAGE_FULL.fault(event.message))
        case events.StorageFree():
            return _clear(status, STORAGE_FULL)
        case events.PlaybackStarted():
            playback = PlaybackStatus(event.playback_id, event.title, event.seconds, estimated=event.estimated)
            return _clear(evolve(status, playback=playback), PLAYBACK, PLAYBACK_UNHEARD)
        case events.PlaybackFailed() if event.error != NoSpeaker.__name__:
            return _raise(status, kept_from_playing(event.error).fault(event.message))
        case events.PlaybackProgress() if playback and playback.id == event.playback_id:
            return evolve(status, playback=evolve(playback, position=event.position, buffered=event.buffered))
        case events.PlaybackWaiting() if playback and playback.id == event.playback_id:
            playback = evolve(playback, position=event.position, waits=event.message)
            return _raise(evolve(status, playback=playback), PLAYBACK.fault(event.message))
        case events.PlaybackResumed() if playback and playback.id == event.playback_id:
            return _clear(evolve(status, playback=evolve(playback, waits="")), PLAYBACK)
        case events.PlaybackFinished(given_up=False) if (
            playback and playback.id == event.playback_id and playback.waits
        ):
            return _clear(status, PLAYBACK)
        case events.PlaybackUnderrun() if playback and playback.id == event.playback_id:
            return evolve(status, playback=evolve(playback, underruns=event.count))
        case events.Said(message="", completed=True):
            unsaid = status.unsaid - {event.sound, ""}
            status = evolve(status, unsaid=unsaid)
            return status if unsaid else _clear(status, PROMPT)
        case events.Said() if event.message and event.error != NoSpeaker.__name__:
            return _raise(evolve(status, unsaid=status.unsaid | {event.sound}), PROMPT.fault(event.message))
        case events.VolumeChanged():
            return evolve(status, volume=event.percent)
        case events.RateChanged():
            return evolve(status, rate=event.rate)
        case events.PlaylistChanged():
            return evolve(status, playlist=event)
        case events.DeliveryStarted():
            begun = events.DeliveryProgress(event.clip_id, event.destination, 0, event.size, 0.0, None)
            return evolve(status, sending=(*_others(status, event), begun))
        case events.DeliveryProgress():
            return evolve(status, sending=(*_others(status, event), event))
        case (
            events.DeliverySucceeded()
            | events.DeliveryPostponed()
            | events.DeliveryParked()
            | events.DeliveryCancelled()
        ):
            return evolve(status, sending=_others(status, event))
        case events.QueueChanged():
            return evolve(status, waiting=event.waiting)
        case events.InboxChanged():
            return evolve(status, unheard=event.unheard)
        case events.FaultRaised():
            return _raise(status, event.fault)
        case events.FaultCleared() if _is_same(event, MICROPHONE_AWAY):
            return _clear(status, event, RECORDING_UNHEARD)  # a take that had none may begin now
        case events.FaultCleared() if _is_same(event, SPEAKER):
            return _clear(status, event, PLAYBACK_UNHEARD)
        case events.FaultCleared():
            return _clear(status, event)
    return status


_DeliveryEvent = (
    events.DeliveryStarted
    | events.DeliveryProgress
    | events.DeliverySucceeded
    | events.DeliveryPostponed
    | events.DeliveryParked
    | events.DeliveryCancelled
)


def _raise(status: Status, fault: Fault) -> Status:
    """With the fault; one that stood before has begun when it did, whatever its message is now."""
    before = next((each for each in status.faults if _is_same(each, fault)), fault)
    since = before.since if fault.since is None else fault.since
    return evolve(status, faults=(*_clear(status, fault).faults, evolve(fault, since=since)))


_Named = Fault | FaultKind | events.FaultCleared


def _clear(status: Status, *over: _Named) -> Status:
    left = tuple(fault for fault in status.faults if not any(_is_same(fault, each) for each in over))
    return evolve(status, faults=left)


def _is_same(fault: _Named, other: _Named) -> bool:
    return (fault.name, fault.owner) == (other.name, other.owner)


def _dated(status: Status, now: float | None) -> Status:
    """With a beginning for the fault that has none yet."""
    if not status.faults or now is None or all(fault.since is not None for fault in status.faults):
        return status
    faults = (fault if fault.since is not None else evolve(fault, since=now) for fault in status.faults)
    return evolve(status, faults=tuple(faults))


def _others(status: Status, event: _DeliveryEvent) -> tuple[events.DeliveryProgress, ...]:
    """What is being sent, apart from what `event` speaks of."""
    subject = (event.clip_id, event.destination)
    return tuple(sending for sending in status.sending if (sending.clip_id, sending.destination) != subject)

"""Every command (what someone asks of the appliance) and every event (what has happened in it), one small class each.

Commands and events reach the controller through its inbox. A command that ends or changes something may name the take
or the playback that it means, and is refused once that is over. Times named `at` are CLOCK_MONOTONIC in seconds: the
moment of the press itself, not of its handling. Positions are frames.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, runtime_checkable

from attrs import frozen

from appliance.circumstances import NO_WISHES, Gain, Wishes
from appliance.errors import TroubleKind
from appliance.listed import HeardSound, OpenWindow, PlaylistItem, Repeat
from appliance.models import AudioFormat, Clip, Fault, Gap, Receipt, Track, Verdict
from appliance.quantities import NOTHING, Kind, told
from appliance.values import Message, message


class Command(Message):
    """Something that a person, a plugin or a program asks of the appliance."""


class Event(Message):
    """Something that has happened in the appliance."""


@runtime_checkable
class Timed(Protocol):
    """Whatever bears the moment of its press."""

    @property
    def at(self) -> float:
        """CLOCK_MONOTONIC in seconds."""


# -- commands: recorder ------------------------------------------------------------------------------------------------


@message
class RecordStart(Command):
    """Begin a take as `wishes` say, unless one is in progress."""

    at: float
    wishes: Wishes = NO_WISHES


@message
class RecordToggle(Command):
    """Begin a take as `wishes` say, or stop the one in progress."""

    at: float
    wishes: Wishes = NO_WISHES


@message
class RecordPause(Command):
    """Pause the take."""

    at: float
    take_id: str | None = None


@message
class RecordResume(Command):
    """Go on with the paused take."""

    at: float
    take_id: str | None = None


@message
class RecordPauseToggle(Command):
    """Pause the take, or go on with the paused one."""

    at: float
    take_id: str | None = None


@message
class RecordStop(Command):
    """Stop the take and keep it as a clip."""

    at: float
    take_id: str | None = None


@message
class RecordDiscard(Command):
    """Stop the take and throw it away."""

    take_id: str | None = None


@message
class RecordMark(Command):
    """Mark the position in the take, and call it `label`."""

    at: float
    take_id: str | None = None
    label: str = ""


@message
class RecordSplit(Command):
    """End the take here, and go on in a linked one without losing a frame."""

    at: float
    take_id: str | None = None


# -- commands: player --------------------------------------------------------------------------------------------------


@message
class Play(Command):
    """Play a local audio file, from `start_at` seconds on, once or in a `loop`.

    `track_id` names the inbox track that it is, if it is one, and `feed` where it came from. Where
    `at_ns` is given something is said before it: that is when it came or was recorded, in nanoseconds since 1970 UTC,
    0 where no clock told. The playback is named
    `playback_id` where it was asked for under that name before the file was known.
    """

    path: Path
    title: str
    track_id: int | None = None
    playback_id: str | None = None
    start_at: float = 0.0
    loop: bool = False
    feed: str = ""
    at_ns: int | None = None


@message
class PlayToggle(Command):
    """Pause what plays, go on with what is paused, or play the next message."""


@message
class PlayNext(Command):
    """Play the oldest message not heard yet, else the newest one; while a message plays, the one after it."""


@message
class PlayNew(Command):
    """Play the oldest message that nobody has heard yet."""


@message
class PlayPrevious(Command):
    """Play the message once more that was played last; while a message plays, the one before it."""


@message
class PlayLatest(Command):
    """Play the newest message."""


@message
class PlayRecording(Command):
    """Play what was recorded last."""


@message
class PlayEarlier(Command):
    """Play the recording before the one that was played last, or the last one where none was."""


@message
class PlayRandom(Command):
    """Play any recording but the one that was played last."""


@message
class PlayAll(Command):
    """Play all recordings, the oldest first, as the playlist."""


@message
class PlayIfFree(Play):
    """Play it, unless a take or another playback is in progress."""


@message
class Say(Play):
    """Play a sound of the box itself, also while a take is in progress: a prompt, or a greeting. `Said` ends it."""


@message
class Greet(Say):
    """As `Say`, of one of the sounds in a folder: the one whose `turn` it is, or any, where it is `shuffled`.

    Where it has a folder for the `language`, of that. `own` are sounds that somebody gave the box: where none of them
    is for today, `instead` sounds, or nothing.
    """

    turn: int = 0
    shuffled: bool = False
    language: str = ""
    own: bool = False
    instead: Path | None = None


@message
class Hush(Command):
    """End what the box says."""


@message
class PlayerPause(Command):
    """Pause the playback."""

    playback_id: str | None = None


@message
class PlayerResume(Command):
    """Go on with the paused playback."""

    playback_id: str | None = None


@message
class PlayerStop(Command):
    """Stop the playback."""

    playback_id: str | None = None


@message
class PlayerSeek(Command):
    """Go to `seconds` from the start of what plays."""

    seconds: float
    playback_id: str | None = None


@message
class PlayerSkip(Command):
    """Go on so many seconds further on, or back where they are negative."""

    seconds: float
    playback_id: str | None = None


@message
class PlayerForward(Command):
    """Skip a step."""


@message
class PlayerBack(Command):
    """Go a step back."""


@message
class RateSet(Command):
    """Play at `rate` times the speed, at the same pitch, from now on."""

    rate: float


@message
class VolumeSet(Command):
    """Set the volume, 0..100 percent."""

    percent: int


@message
class VolumeUp(Command):
    """A step louder."""


@message
class VolumeDown(Command):
    """A step quieter."""


# -- commands: playlist ------------------------------------------------------------------------------------------------


@message
class PlayAfter(Command):
    """Play `then` without a gap when this playback has ended by itself; nothing where it is None."""

    playback_id: str
    then: Play | None


@message
class PlaylistAdd(Command):
    """Put tracks behind all others of the playlist."""

    items: tuple[PlaylistItem, ...]


@message
class PlaylistPlay(Command):
    """Play the playlist, from where it was."""


@message
class PlaylistToggle(Command):
    """Pause what plays, go on with what is paused, or play the playlist."""


@message
class PlaylistNext(Command):
    """Play the next track of the playlist."""


@message
class PlaylistPrevious(Command):
    """Begin the track of the playlist again, or play the one before where it has just begun."""


@message
class PlaylistRepeat(Command):
    """Repeat the playlist (`all`), a track (`one`), or nothing (`off`)."""

    mode: str


@message
class PlaylistShuffle(Command):
    """Put what follows into another order, which the moment decides about."""

    at: float


@message
class PlaylistClear(Command):
    """Take everything off the playlist."""


@message
class PlaylistRestore(Command):
    """Have the playlist again that was kept."""

    items: tuple[PlaylistItem, ...]
    current: int
    repeat: str


# -- commands: flow ----------------------------------------------------------------------------------------------------


@message
class HandsetLift(Command):
    """The handset is lifted: the flow begins, and its take is made as `wishes` say."""

    at: float
    wishes: Wishes = NO_WISHES


@message
class HandsetHangUp(Command):
    """The handset is hung up: the flow ends, and what was recorded is a clip."""

    at: float


@message
class Dial(Command):
    """A number was dialled, one digit or key: `flow.numbers` says what for."""

    at: float
    number: str


@message
class GreetingPlay(Command):
    """Let the greeting be heard, from its beginning: the flow goes on behind it as it does after a lift."""

    at: float


@message
class GreetingRecord(Command):
    """Record a new greeting: at the next lift of the handset, or at once where it is lifted."""

    at: float


@message
class GreetingKeep(Command):
    """Let the new greeting be the one that the flow plays."""

    at: float


@message
class GreetingDiscard(Command):
    """Throw the new greeting away."""


@message
class GreetingForget(Command):
    """Play the greeting of the configuration again, and none that was recorded on the box."""


@message
class GreetingUse(Command):
    """Let the sound of a clip be the greeting."""

    clip_id: str


@message
class ClipDrop(Command):
    """Move a clip to the trash that whoever spoke does not want."""

    clip_id: str


@message
class LanguageNext(Command):
    """Go on in the next language of the flow, until the handset is hung up."""

    at: float


@message
class LanguageChoose(Command):
    """Go on in this language of the flow, until the handset is hung up."""

    at: float
    language: str


@message
class Attend(Command):
    """Keep the microphone open, so that what begins soon is not cut; or no longer, where `on` is false."""

    on: bool


@message
class FlowWait(Command):
    """Let FlowDue come at the moment `until`, and no other that was asked for before."""

    until: float


@message
class ClipRelease(Command):
    """Let a clip that was to go nowhere yet go to these destinations, or to all where that is null."""

    clip_id: str
    destinations: tuple[str, ...] | None = None


@message
class FlowNext(Command):
    """Go on in a booth: begin, agree, end the story, keep it. Its take is made as `wishes` say."""

    at: float
    wishes: Wishes = NO_WISHES


@message
class FlowAgain(Command):
    """Tell the story again in a booth; what was recorded is thrown away."""

    at: float


@message
class MessageHear(Command):
    """Let new messages be heard, the oldest first; while one plays, that one from its beginning."""


@message
class MessageAnswer(Command):
    """Record an answer to the message that was heard last, as `wishes` say; or end the answer in progress."""

    at: float
    wishes: Wishes = NO_WISHES


# -- events: flow ------------------------------------------------------------------------------------------------------


@message
class FlowDue(Event):
    """The moment `at` for which the flow waited has come."""

    at: float


@message
class WithdrawalCode(Event):
    """A story was told in a booth: `code` is what it can be deleted by, everywhere."""

    clip_id: str
    code: str


@message
class BellDue(Event):
    """It is a time of day at which new messages ring."""


@message
class GreetingChanged(Event):
    """The greeting is the one that was recorded on the box, in the file `path`, or one of those in that folder, which
    somebody gave it; the configured one where that is null.
    """

    path: Path | None


@message
class SoundsChanged(Event):
    """What somebody gave the box to say, by what it is for; `questions` are those of a booth, in their order."""

    sounds: Mapping[str, Path]
    questions: tuple[Path, ...] = ()


@message
class FlowMoved(Event):
    """The flow is at another step: `on_hook`, `waiting`, `greeting`, `listening`, `tone`, `recording` or `over`;
    of a message box: `idle`, `hearing`, `tone` or `answering`; of a booth also `language`, `question`, `consent`,
    `saving` or `review`.

    While a new greeting is recorded: `greeting_awaited`, `greeting_tone`, `greeting_speaking`, `greeting_saving`,
    `greeting_recorded`, `greeting_played` or `greeting_heard`.
    """

    step: str


# -- events: recorder --------------------------------------------------------------------------------------------------


@message
class MicrophoneReady(Event):
    """A microphone is there, and the next take will be in this `format`."""

    format: AudioFormat


@message
class MicrophoneOpen(Event):
    """The microphone is open though nothing is recorded: the last `seconds` are kept in memory, for the next take.

    0 once it is open for takes alone.
    """

    seconds: float


@message
class MicrophoneTuned(Event):
    """So the mixer of the sound card turns the microphone now; None where it has none."""

    gain: Gain | None


@message
class TakeStarted(Event):
    """The microphone delivers: the take has its first frames. `format` is what the card really granted.

    `path` is its file, which grows.
    """

    take_id: str
    name: str
    format: AudioFormat
    buffer_seconds: float
    path: str = ""


@message
class TakeProgress(Event):
    """Length and level of the take so far. Levels are of the last stretch, in dBFS.

    Comes about twice a second while a plugin or anybody else listens, else after a second and then
    every ten seconds.
    """

    take_id: str
    frames: int
    seconds: float
    peak_dbfs: float
    rms_dbfs: float


@message
class TakePaused(Event):
    """The take holds still at `offset`."""

    take_id: str
    offset: int


@message
class TakeResumed(Event):
    """The take goes on at `offset`."""

    take_id: str
    offset: int


@message
class MarkSet(Event):
    """A mark was written at `offset`, in frames of which there are `rate` a second."""

    take_id: str
    offset: int
    rate: int = 48_000
    label: str = ""


@message
class GapFound(Event):
    """The card or the disk lost frames inside the take, which has `rate` a second."""

    take_id: str
    gap: Gap
    rate: int = 48_000


@message
class TakeContinues(Event):
    """The take ends, and from `at` on another one, linked to it, goes on in `format`; `reason` says in words why.

    So it is where somebody splits it, where it is as long as it may be, and where the microphone came back as one that
    cannot do its format.
    """

    take_id: str
    at: float
    format: AudioFormat
    reason: str = ""


@message
class NothingToSplit(Event):
    """Nothing was recorded yet that could be a clip before the split: the take goes on as it is."""

    take_id: str
    message: str


@message
class TakeNearlyUp(Event):
    """The take will be ended in so many seconds: `recording.at_max` wants it, and it is nearly as long as it may be."""

    take_id: str
    seconds_left: float


@message
class TakeSealed(Event):
    """The take's file is whole and synced in `takes/`; the store takes it from here."""

    take_id: str
    clip: Clip


@message
class TakeDiscarded(Event):
    """The take was thrown away, as asked."""

    take_id: str


@message
class TakeFailed(Event):
    """The take could not begin, or nothing of it could be kept. `error` is the class of what ended it.

    No `fault` of the box where it was stopped before its first sound.
    """

    take_id: str
    message: str
    fault: bool = True
    error: str = ""


@message
class ClipFinished(Event):
    """The clip is in `clips/`, synced and in the catalogue, and its deliveries are queued.

    `lasting` is false where all that is in memory only.
    """

    clip: Clip
    verdict: Verdict
    lasting: bool = True


@message
class ClipDeleted(Event):
    """The clip's file is gone; a tombstone stays in the catalogue."""

    clip_id: str
    reason: str


@message
class ClipRestored(Event):
    """A clip that was deleted is back from the trash, and so are its deliveries."""

    clip: Clip


@message
class ClipCorrected(Event):
    """The clock was set, and so the true start of a clip of this boot is known: `clip.corrected`."""

    clip: Clip


@message
class ClipDescribed(Event):
    """A person changed what is said of a clip: its title, labels, star, note, marks."""

    clip: Clip


# -- events: player ----------------------------------------------------------------------------------------------------


@message
class PlaybackReady(Event):
    """The file can be played: its first sound is there (`can_play`). `estimated` as in PlaybackStarted."""

    playback_id: str
    title: str
    seconds: float
    estimated: bool = False


@message
class PlaybackStarted(Event):
    """The speaker sounds (`play`). `estimated` where nothing tells the length in `seconds` but the size of the file."""

    playback_id: str
    title: str
    seconds: float
    track_id: int | None = None
    estimated: bool = False
    feed: str = ""


@message
class PlaybackProgress(Event):
    """How far the playback is (`time_update`), and how much is `buffered`; about once a second, and after a seek."""

    playback_id: str
    position: float
    buffered: float | None = None


@message
class PlaybackSeeking(Event):
    """The playback leaves its place for `position` (`seeking`)."""

    playback_id: str
    position: float


@message
class PlaybackSeeked(Event):
    """The playback is there (`seeked`)."""

    playback_id: str
    position: float


@message
class PlaybackWaiting(Event):
    """The playback waits at `position`, by itself (`waiting`): `message` says for what. `PlaybackResumed` ends that."""

    playback_id: str
    position: float
    message: str


@message
class PlaybackUnderrun(Event):
    """The speaker ran dry because the box was too busy: an interruption, the `count`th of this playback."""

    playback_id: str
    count: int


@message
class PlaybackPaused(Event):
    """The playback holds still, `position` seconds from its start (`pause`)."""

    playback_id: str
    position: float


@message
class PlaybackResumed(Event):
    """The playback goes on from there."""

    playback_id: str
    position: float


@message
class PlaybackFinished(Event):
    """The end was reached (`ended`), or the playback was stopped (`stop`).

    `given_up` where the box itself had to, to change its ways.
    """

    playback_id: str
    completed: bool
    given_up: bool = False


@message
class PlaybackContinues(Event):
    """The playback has come to its end, and `next_id` sounds behind it without a gap."""

    playback_id: str
    next_id: str


@message
class PlaylistChanged(Event):
    """The playlist; it plays, or begins, with the track at the index `current`."""

    items: tuple[PlaylistItem, ...]
    current: int
    repeat: Repeat


@message
class TrackHeard(Event):
    """Somebody has heard a message: nine tenths of it have sounded, or all there was."""

    playback_id: str
    track_id: int


@message
class PlaybackFailed(Event):
    """The file could not be played, or not to its end (`error`). `unplayable` names the message whose own fault it is.

    `kind` says what it is that fails: the `system` (speaker, catalogue), the `network`, the `file` (absent, not to be
    read), its `format` (no sound, damaged), or `unknown`; `error` is the class of what ended it.
    """

    playback_id: str
    message: str
    unplayable: int | None = None
    error: str = ""
    kind: TroubleKind = TroubleKind.SYSTEM


@message
class NothingToPlay(Event):
    """There is nothing to play: the playback that was asked for does not begin. `message` says what is not there."""

    playback_id: str
    message: str


@message
class Said(Event):
    """What the box said by the name `say_id` is over since `at`, heard to its end where it is `completed`.

    `message` says why it could not be said, where that is so; `error` is the class of what kept it from that.
    `sound` is the file or folder that was to be heard, empty where it was not for that.
    """

    say_id: str
    at: float
    completed: bool
    message: str = ""
    error: str = ""
    sound: str = ""


@message
class VolumeChanged(Event):
    """The volume in percent."""

    percent: int


@message
class RateChanged(Event):
    """The speed, in times of the recorded one."""

    rate: float


# -- events: delivery and feeds ----------------------------------------------------------------------------------------


@message
class DeliveryStarted(Event):
    """An attempt to deliver begins."""

    clip_id: str
    destination: str
    attempt: int
    size: int


@frozen(slots=False, eq=False, repr=False)  # a message whose fields are described
class DeliveryProgress(Event):
    """How far a delivery is, while it is sent."""

    clip_id: str = told(NOTHING, "The clip", Kind.TEXT)
    destination: str = told(NOTHING, "The destination", Kind.TEXT)
    sent: int = told(NOTHING, "What was handed over so far", Kind.GAUGE, "bytes")
    size: int = told(NOTHING, "What is to be sent", Kind.GAUGE, "bytes")
    rate: float = told(NOTHING, "How fast it goes", Kind.GAUGE, "bytes/s")
    seconds_left: float | None = told(NOTHING, "How long it will take; null where that cannot be told", Kind.GAUGE, "s")


@message
class DeliverySucceeded(Event):
    """The destination gave a receipt."""

    clip_id: str
    destination: str
    receipt: Receipt


@message
class DeliveryPostponed(Event):
    """The attempt failed in a way that may pass; the next one is in `seconds`."""

    clip_id: str
    destination: str
    message: str
    seconds: float


@message
class DeliveryParked(Event):
    """The attempt failed in a way that a person must look at."""

    clip_id: str
    destination: str
    message: str


@message
class DeliveryCancelled(Event):
    """The delivery will not take place, as asked."""

    clip_id: str
    destination: str


@message
class QueueChanged(Event):
    """How many deliveries are still to be made, all destinations together."""

    waiting: int


@message
class TrackArrived(Event):
    """A feed brought a new track into the inbox; `play_now` where the feed plays by itself."""

    track: Track
    play_now: bool


@message
class TrackRemoved(Event):
    """A track is not in the inbox any more: a person removed it, or others took its place."""

    track_id: int


@message
class TrackDue(Event):
    """A track that came in the quiet hours of its feed may play by itself now."""

    track: Track


@message
class LoopBegins(Event):
    """All that a feed with `loop` has brought may sound over and over from now on."""

    feed: str
    tracks: tuple[Track, ...]


@message
class LoopRests(Event):
    """Nothing of a feed with `loop` sounds for the hours to come, once what plays has ended."""

    feed: str


@message
class InboxChanged(Event):
    """How many tracks have not been heard yet."""

    unheard: int


# -- events: the box itself --------------------------------------------------------------------------------------------


@message
class ApplianceReady(Event):
    """Everything has started."""


@message
class FaultRaised(Event):
    """Something is wrong until `FaultCleared` names it and its owner; raised anew it replaces the message."""

    fault: Fault


@message
class FaultCleared(Event):
    """What was wrong is over."""

    name: str
    owner: str = ""


@message
class StorageFull(Event):
    """The reserve is used up and nothing may be deleted: no take can begin. One in progress goes on."""

    message: str


@message
class StorageNearlyFull(Event):
    """There is room for `seconds` of recording, less than is kept free as `storage.reserve`."""

    seconds: float


@message
class StorageFree(Event):
    """There is room for takes again."""


@message
class ScheduleChanged(Event):
    """A window of a schedule opens or closes, `at` that moment; all that are `open` now."""

    open: tuple[OpenWindow, ...]
    at: float


@message
class ScheduleReminder(Event):
    """A window of a schedule is open, and nothing is recorded; told about once a minute."""


@message
class TriggerChanged(Event):
    """A trigger begins or ceases to hear something, `at` that moment; all that is `heard` now."""

    heard: tuple[HeardSound, ...]
    at: float


@message
class CommandRefused(Event):
    """A command came when it could not be followed, and why; `playback_id` where it named the playback to begin."""

    command: str
    reason: str
    playback_id: str | None = None

    @classmethod
    def of(cls, command: object, reason: str) -> "CommandRefused":
        """What tells that this very command is refused."""
        named = command.playback_id if isinstance(command, Play) else None
        refused = cls(type(command).__name__, reason, named)
        vars(refused)["_refused"] = command
        return refused

    def refuses(self, command: Command | None) -> bool:
        """Whether it is this very command that was refused, and not another one that says the same."""
        return command is not None and vars(self).get("_refused") is command


@message
class EventsLost(Event):
    """So many events are missing at this place of a stream, because whoever listens to it was too slow."""

    count: int


EVENTS: tuple[type[Event], ...] = tuple(Event.__subclasses__())
"""Every event of this release."""


def subject(message: Command | Event) -> str | None:
    """The id of the take or playback that a message speaks of; None where it names none."""
    if isinstance(message, ClipFinished):
        return message.clip.id
    take_id: str | None = getattr(message, "take_id", None)
    return getattr(message, "playback_id", None) if take_id is None else take_id

"""Everything that can be asked of the box, one line for each word: buttons, socket and command line derive from it.

To add one: its command in `events`, what that does in `machine` and `effects`, and a line here.
"""

from attrs import frozen

from appliance import events
from appliance.events import Command, Event


@frozen
class Verb:
    """A word, the command that it becomes, and the events that tell that it was done, or that it failed."""

    word: str
    help: str
    command: type[Command]
    done: tuple[type[Event], ...] = ()
    failed: tuple[type[Event], ...] = ()

    def asked(self, at: float, **arguments: object) -> Command:
        """The command, asked for at the moment `at` (CLOCK_MONOTONIC seconds)."""
        timed = {"at": at} if "at" in self.command.__match_args__ else {}
        return self.command(**timed, **arguments)


_TABLE = (
    Verb("record.start", "Begin a take.", events.RecordStart, (events.TakeStarted,), (events.TakeFailed,)),
    Verb(
        "record.toggle",
        "Begin a take, or stop the one in progress.",
        events.RecordToggle,
        (events.TakeStarted, events.ClipFinished),
        (events.TakeFailed,),
    ),
    Verb("record.pause", "Pause the take.", events.RecordPause, (events.TakePaused,)),
    Verb("record.resume", "Go on with the paused take.", events.RecordResume, (events.TakeResumed,)),
    Verb(
        "record.pause_toggle",
        "Pause the take, or go on with the paused one.",
        events.RecordPauseToggle,
        (events.TakePaused, events.TakeResumed),
    ),
    Verb(
        "record.stop",
        "Stop the take, and wait until its clip is safe.",
        events.RecordStop,
        (events.ClipFinished,),
        (events.TakeFailed,),
    ),
    Verb("record.discard", "Stop the take and throw it away.", events.RecordDiscard, (events.TakeDiscarded,)),
    Verb("record.mark", "Mark the position in the take.", events.RecordMark, (events.MarkSet,)),
    Verb("play.toggle", "Pause what plays, go on with it, or play the next message.", events.PlayToggle),
    Verb(
        "play.next",
        "Play the oldest message not heard yet, else the newest one.",
        events.PlayNext,
        (events.PlaybackStarted,),
        (events.PlaybackFailed, events.NothingToPlay),
    ),
    Verb(
        "play.latest",
        "Play the newest thing in the box, clip or track.",
        events.PlayLatest,
        (events.PlaybackStarted,),
        (events.PlaybackFailed, events.NothingToPlay),
    ),
    Verb("play.stop", "Stop the playback.", events.PlayerStop, (events.PlaybackFinished,)),
    Verb("volume.up", "A step louder.", events.VolumeUp, (events.VolumeChanged,)),
    Verb("volume.down", "A step quieter.", events.VolumeDown, (events.VolumeChanged,)),
)

VERBS = {verb.word: verb for verb in _TABLE}

"""Everything that can be asked of the box, in one table: buttons, control socket and command line derive from it.

To add a word that acts: its command in `events`, what that does in `table` and `effects`, and one entry here. A word
without a command needs a method of its own in `control`.
"""

from appliance import events
from appliance.arguments import Argument, Kind
from appliance.player_verbs import PLAYER, PLAYLIST
from appliance.verb import Verb

__all__ = ["MOST_BYTES", "PAGE", "VERBS", "VERSIONS", "Verb", "button_words"]

VERSIONS = (1, 2)
"""Versions of the table that are spoken, the oldest first. A newer one has everything that an older one has."""

PAGE = 1000
"""The most clips that one answer lists."""

MOST_BYTES = 256 * 1024
"""The most bytes of a clip that one answer holds."""


def button_words() -> tuple[str, ...]:
    """The words that a button may be given."""
    return tuple(verb.word for verb in VERBS.values() if verb.for_buttons)


_TRACK = (Argument("track_id", Kind.WHOLE, "The number of a track of the inbox.", least=1),)
_NEVER = (events.TakeFailed, events.TakeDiscarded)
_OVER = (events.TakeSealed, *_NEVER)
_TAKE = (Argument("take_id", Kind.TEXT, "The take that is meant. Default: the one in progress.", False),)
_CLIP = Argument("clip", Kind.TEXT, "A clip: its id, the beginning of one, or its name.")
_CLIPS = Argument("clips", Kind.TEXTS, "Clips, each by its id, the beginning of one, or its name. Default: all.", False)
_TO = Argument("to", Kind.TEXT, "The name of a destination.")
_TO_ANY = Argument("to", Kind.TEXT, "The name of a destination. Default: all.", False)
_RESEND = Argument("resend", Kind.SWITCH, "Queue again what is lost there. Default: false.", False)
_EARLIEST = -(1 << 63)
_SPAN = (
    Argument("since_ns", Kind.WHOLE, "From then on, in nanoseconds since 1970 UTC.", False, _EARLIEST),
    Argument("until_ns", Kind.WHOLE, "Up to then, that moment not included.", False, _EARLIEST),
)

_RECORDER = (
    Verb(
        "record.toggle",
        "Begin a take, or stop the one in progress.",
        events.RecordToggle,
        (events.TakeStarted, events.ClipFinished),
        _NEVER,
        since=2,
    ),
    Verb("record.start", "Begin a take.", events.RecordStart, (events.TakeStarted,), _NEVER),
    Verb("record.pause", "Pause the take.", events.RecordPause, (events.TakePaused,), _OVER, _TAKE),
    Verb("record.resume", "Go on with the paused take.", events.RecordResume, (events.TakeResumed,), _OVER, _TAKE),
    Verb(
        "record.pause_toggle",
        "Pause the take, or go on with the paused one.",
        events.RecordPauseToggle,
        (events.TakePaused, events.TakeResumed),
        _OVER,
        _TAKE,
        since=2,
    ),
    Verb(
        "record.stop",
        "Stop the take, and wait until its clip is safe.",
        events.RecordStop,
        (events.ClipFinished,),
        _NEVER,
        _TAKE,
    ),
    Verb("record.discard", "Throw the take away.", events.RecordDiscard, (events.TakeDiscarded,), _OVER, _TAKE),
    Verb("record.mark", "Mark the position in the take.", events.RecordMark, (events.MarkSet,), _OVER, _TAKE),
)

_CLIP_VERBS = (
    Verb(
        "clips.list",
        f"List clips with their deliveries, newest first, up to {PAGE} at once.",
        arguments=(
            *_SPAN,
            Argument("limit", Kind.WHOLE, f"At most so many. Default: {PAGE}.", False, least=1, most=PAGE),
            Argument("after", Kind.TEXT, "The id of the last clip of the page before this one.", False),
        ),
        answer="a list of objects with `clip`, `path` and `deliveries`; shorter than `limit` where there are no more",
        acts=False,
    ),
    Verb("clips.count", "Count clips.", arguments=_SPAN, answer="how many there are", acts=False, since=2),
    Verb(
        "clips.show",
        "Show everything about a clip.",
        arguments=(_CLIP,),
        answer="an object with `clip`, `path` and `deliveries`",
        acts=False,
    ),
    Verb(
        "clips.read",
        f"Read some of the bytes of a clip's file, up to {MOST_BYTES} at once.",
        arguments=(
            _CLIP,
            Argument("offset", Kind.WHOLE, "The first byte. Default: 0.", False),
            Argument("length", Kind.WHOLE, f"How many bytes. Default: {MOST_BYTES}.", False, least=1, most=MOST_BYTES),
        ),
        answer="an object with `data` in Base64 (RFC 4648), its `offset`, and the `size` of the whole file in bytes",
        acts=False,
        since=2,
    ),
    Verb(
        "clips.delete",
        "Move a clip to the trash, which keeps it until room is needed, 30 days at most, and cancel its deliveries. "
        "What was delivered stays where it is.",
        arguments=(
            Argument("clip", Kind.TEXT, "A clip: its id, the first six characters of that or more, or its name."),
            Argument("now", Kind.SWITCH, "For good at once, also what is in the trash. Default: false.", False),
        ),
        answer="an object with `clip`, `path` and `deliveries`, as they were",
    ),
    Verb(
        "clips.trash",
        "List the clips in the trash, those that have been there the longest first.",
        answer="a list of objects with `clip` and `since_ns`, nanoseconds since 1970 UTC, 0 where no clock told",
        acts=False,
        since=2,
    ),
    Verb("clips.restore", "Bring a clip back, and its deliveries.", arguments=(_CLIP,), answer="the clip", since=2),
    Verb(
        "clips.deliver",
        "Queue clips for a destination that does not have them yet.",
        arguments=(_CLIPS, _TO),
        answer="how many were new to it",
    ),
    Verb(
        "clips.retry",
        "Try again now what waits or is parked.",
        arguments=(Argument("clip", Kind.TEXT, f"{_CLIP.help} Default: all.", False), _TO_ANY),
        answer="how many deliveries that are",
    ),
    Verb(
        "clips.forget",
        "Let no clip wait for a destination any more that is not in the configuration.",
        arguments=(_TO,),
        answer="how many did",
        since=2,
    ),
    Verb(
        "clips.verify",
        "Look again at what destinations have of clips.",
        arguments=(
            _CLIPS,
            _TO_ANY,
            Argument("resend", Kind.SWITCH, "Queue again what is lost. Default: false.", False),
        ),
        answer="an object for each copy",
        streams=True,
    ),
)

_BOX = (
    Verb("status", "Say how the box is.", answer="the [report](report.md)", acts=False),
    Verb(
        "config.reload",
        "Read the configuration anew.",
        answer="true where it is used at once, false where it waits for the end of a take",
    ),
    Verb(
        "doctor",
        "Examine the box.",
        arguments=(
            Argument("buttons", Kind.SWITCH, "Buttons too, which a person must press. Default: false.", False),
            Argument("leds", Kind.SWITCH, "LEDs too, which a person must look at. Default: false.", False),
        ),
        answer="an object for each finding; a `prompt` is what a person should do meanwhile",
        streams=True,
    ),
    Verb("devices", "List the sound cards.", answer="a list of cards", acts=False),
    Verb("plugins", "List the plugins, and how they are.", answer="a list of plugins", acts=False),
    Verb("feeds.list", "List the inbox.", answer="a list of tracks", acts=False),
    Verb("feeds.unheard", "Let a track be a message that nobody has heard.", arguments=_TRACK, answer="null", since=2),
    Verb("feeds.remove", "Remove a track; its feed does not bring it again.", arguments=_TRACK, answer="null", since=2),
    Verb(
        "feeds.pull",
        "Pull a feed now.",
        arguments=(Argument("feed", Kind.TEXT, "The name of a feed. Default: all.", False),),
        answer="null, at once",
    ),
    Verb("events", "Tell of everything that happens from now on.", answer="every event", acts=False, streams=True),
    Verb(
        "subscribe",
        "Tell of some events from now on.",
        arguments=(
            Argument("events", Kind.TEXTS, "Names of events.", choices=tuple(cls.__name__ for cls in events.EVENTS)),
        ),
        answer="those events, and EventsLost",
        acts=False,
        streams=True,
        since=2,
    ),
    Verb(
        "hello",
        "Ask for a version of this protocol.",
        arguments=(Argument("version", Kind.WHOLE, "The version that the caller speaks. Default: the newest.", False),),
        answer="an object with the `version` that holds, all `versions` spoken, and the release as `appliance`",
        acts=False,
        since=2,
    ),
    Verb("describe", "Describe everything that can be asked.", answer="an object as this page", acts=False, since=2),
)

VERBS: dict[str, Verb] = {verb.word: verb for verb in (*_RECORDER, *PLAYER, *PLAYLIST, *_CLIP_VERBS, *_BOX)}

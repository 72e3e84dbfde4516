"""Everything that can be asked of the box, in one table: buttons, control socket and command line derive from it.

To add a word: `docs/architecture.md`, "Where do I add ...".
"""

from appliance import events
from appliance.arguments import Argument, Kind
from appliance.clip_verbs import CLIPS, MOST_BYTES, MOST_LABELS
from appliance.flow_verbs import FLOWS
from appliance.listed import PAGE
from appliance.player_verbs import PLAYER, PLAYLIST
from appliance.sound_verbs import sound_verbs
from appliance.verb import Verb

__all__ = [
    "MOST_BYTES",
    "MOST_FIELD",
    "MOST_HAPPENED",
    "MOST_LABELS",
    "MOST_LETTERS",
    "PAGE",
    "VERBS",
    "VERSIONS",
    "Verb",
    "button_words",
]

VERSIONS = (1, 2)
"""Versions of the table that are spoken, the oldest first. A newer one has everything that an older one has."""

MOST_HAPPENED = 500
"""The most events that are kept to be told later."""

MOST_FIELD = 1000
"""The most characters that a field of a take has."""

MOST_LETTERS = 65_536
"""The most letters of Base64 that one piece of an upload has."""


def button_words() -> tuple[str, ...]:
    """The words that a button may be given."""
    return tuple(verb.word for verb in VERBS.values() if verb.for_buttons)


_TRACK = (Argument("track_id", Kind.WHOLE, "The number of a track of the inbox.", least=1),)
_SENT = (Argument("upload", Kind.TEXT, "The name of what is being sent."),)
_PIECE = (
    *_SENT,
    Argument("offset", Kind.WHOLE, "Where they begin."),
    Argument("data", Kind.TEXT, "They, in Base64 (RFC 4648).", longest=MOST_LETTERS),
)
_WISHES = (
    Argument("profile", Kind.TEXT, "The profile to record by. Default: none.", False),
    Argument(
        "fields",
        Kind.FIELDS,
        "What describes the take, by the names in `recording.fields`, or as its `title`.",
        False,
        longest=MOST_FIELD,
        entries=100,
    ),
    Argument(
        "destinations",
        Kind.TEXTS,
        "Where alone the clips go. Default: as is configured.",
        False,
        entries=100,
    ),
    Argument("test", Kind.SWITCH, "It is a test: the clips go nowhere. Default: false.", False),
)
_NEVER = (events.TakeFailed, events.TakeDiscarded)
_OVER = (events.TakeSealed, *_NEVER)
_TAKE = (Argument("take_id", Kind.TEXT, "The take that is meant. Default: the one in progress.", False),)

_RECORDER = (
    Verb(
        "record.toggle",
        "Begin a take, or stop the one in progress.",
        events.RecordToggle,
        (events.TakeStarted, events.ClipFinished),
        _NEVER,
        _WISHES,
        since=2,
    ),
    Verb("record.start", "Begin a take.", events.RecordStart, (events.TakeStarted,), _NEVER, _WISHES),
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
    Verb(
        "record.mark",
        "Mark the position in the take.",
        events.RecordMark,
        (events.MarkSet,),
        _OVER,
        (*_TAKE, Argument("label", Kind.TEXT, "What to call it.", False)),
    ),
    Verb(
        "record.split",
        "End the clip here, and go on in a linked one without losing a frame.",
        events.RecordSplit,
        (events.TakeContinues,),
        (*_OVER, events.NothingToSplit),
        _TAKE,
        since=2,
    ),
)

_BOX = (
    Verb(
        "record.choices",
        "Say by which fields and profiles a take can be described.",
        answer="an object with `fields` by their names, each with its `type` and `choices`, and a list of `profiles`",
        acts=False,
        since=2,
    ),
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
            Argument(
                "only",
                Kind.TEXTS,
                "Checks, such as `destinations` or `destinations.NAME`. Default: all.",
                False,
            ),
        ),
        answer="an object for each finding; a `prompt` is what a person should do meanwhile",
        streams=True,
    ),
    Verb(
        "hear",
        "Tell how loud it is at the microphone, and what to do about it, for a minute and beside whatever is recorded.",
        answer="an object four times a second: `peak_dbfs`, `held_dbfs` (the highest of late), `rms_dbfs`, `advice`, "
        "and the same in `words`",
        streams=True,
        since=2,
    ),
    Verb(
        "levels",
        "Set the gain of the microphone by what is spoken, and keep it for its card.",
        arguments=(
            Argument("advice", Kind.SWITCH, "Only advise, and leave the gain alone. Default: false.", False),
            Argument("in_take", Kind.SWITCH, "Set it in the midst of a take too. Default: false.", False),
        ),
        answer="as `hear` tells it, with the `gain` in words; the last is `done` where it was set and is kept",
        streams=True,
        since=2,
    ),
    Verb(
        "history",
        "Tell what happened lately, in words; since the process began, and the newest last.",
        arguments=(
            Argument(
                "limit", Kind.WHOLE, f"At most so many. Default: {MOST_HAPPENED}.", False, least=1, most=MOST_HAPPENED
            ),
        ),
        answer="a list of objects with `time` in seconds since 1970 UTC, `event` and `words`",
        acts=False,
        since=2,
    ),
    Verb(
        "support",
        "Collect what somebody who helps from afar has to know, without any secret.",
        answer="an object with texts, by the names of their files",
        since=2,
    ),
    Verb("devices", "List the sound cards.", answer="a list of cards", acts=False),
    Verb("plugins", "List the plugins, and how they are.", answer="a list of plugins", acts=False),
    Verb(
        "feeds.list",
        f"List the inbox in the order of arrival, up to {PAGE} tracks at once: those that came last.",
        arguments=(
            Argument("limit", Kind.WHOLE, f"At most so many. Default: {PAGE}.", False, least=1, most=PAGE),
            Argument("before", Kind.WHOLE, "The number of the first track of the later page.", False, least=1),
        ),
        answer="a list of tracks, shorter than `limit` where there are no more",
        acts=False,
    ),
    Verb("feeds.unheard", "Let a track be a message that nobody has heard.", arguments=_TRACK, answer="null", since=2),
    Verb("feeds.remove", "Remove a track; its feed does not bring it again.", arguments=_TRACK, answer="null", since=2),
    Verb(
        "feeds.send",
        "Begin to send sound to the inbox: WAV, FLAC, Ogg, Opus or MP3.",
        arguments=(
            Argument("title", Kind.TEXT, "What it is called.", longest=200),
            Argument("size", Kind.WHOLE, "How many bytes it has.", least=1),
        ),
        answer="the name of what is being sent",
        since=2,
    ),
    Verb(
        "feeds.piece",
        "Send the next bytes.",
        arguments=_PIECE,
        answer="how many bytes are there now",
        since=2,
    ),
    Verb(
        "feeds.sent",
        "Let what was sent be a message that nobody has heard, where all of it is there and it can be played.",
        arguments=_SENT,
        answer="the track",
        since=2,
    ),
    Verb(
        "guests.rules",
        "Say whether guests may send recordings from their phones, and how much of it.",
        answer="an object with `allowed`, `longest` in seconds and `most_bytes` of one",
        acts=False,
        since=2,
    ),
    Verb(
        "guests.send",
        "Begin to send a recording that shall become a clip: WAV, FLAC, Ogg, Opus or MP3.",
        arguments=(Argument("size", Kind.WHOLE, "How many bytes it has.", least=1),),
        answer="the name of what is being sent, also after a restart of the box",
        since=2,
    ),
    Verb(
        "guests.piece",
        "Send the next bytes.",
        arguments=_PIECE,
        answer="how many bytes are there now: go on there",
        since=2,
    ),
    Verb(
        "guests.sent",
        "Let what was sent become a clip, where all of it is there and it can be played. Harmless when repeated.",
        arguments=_SENT,
        answer="the `id` and `seconds` of the clip, which is safe",
        since=2,
    ),
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

VERBS: dict[str, Verb] = {
    verb.word: verb for verb in (*_RECORDER, *FLOWS, *PLAYER, *PLAYLIST, *CLIPS, *sound_verbs(_PIECE), *_BOX)
}

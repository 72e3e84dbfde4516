"""What can be asked about clips: a part of the table of verbs."""

from appliance.arguments import Argument, Kind
from appliance.listed import PAGE
from appliance.models import DeliveryState, Verdict
from appliance.verb import Verb

MOST_BYTES = 256 * 1024
"""The most bytes of a clip that one answer holds."""

MOST_LABELS = 20
"""The most labels of one clip."""

_CLIP = Argument("clip", Kind.TEXT, "A clip: its id, the beginning of one, or its name.")
_CLIPS = Argument("clips", Kind.TEXTS, "Clips, each by its id, the beginning of one, or its name. Default: all.", False)
_TO = Argument("to", Kind.TEXT, "The name of a destination.")
_TO_ANY = Argument("to", Kind.TEXT, "The name of a destination. Default: all.", False)
_EARLIEST = -(1 << 63)
_SPAN = (
    Argument("since_ns", Kind.WHOLE, "From then on, in nanoseconds since 1970 UTC.", False, _EARLIEST),
    Argument("until_ns", Kind.WHOLE, "Up to then, that moment not included.", False, _EARLIEST),
)
_SEARCH = (
    Argument("text", Kind.TEXT, "Words, or beginnings of words, of title, labels and note.", False),
    Argument("label", Kind.TEXT, "A label.", False),
    Argument("starred", Kind.SWITCH, "Only those with a star. Default: false.", False),
    Argument("approved", Kind.SWITCH, "Only those that a person approved of. Default: false.", False),
    Argument("undecided", Kind.SWITCH, "Only those that somebody has still to keep. Default: false.", False),
    Argument("verdict", Kind.TEXT, "What is said of the sound.", False, choices=tuple(map(str, Verdict))),
    Argument("state", Kind.TEXT, "How a delivery is.", False, choices=tuple(map(str, DeliveryState))),
    Argument("to", Kind.TEXT, "The name of the destination whose `state` counts. Default: any.", False),
)

CLIPS = (
    Verb(
        "clips.list",
        f"List clips with their deliveries, newest first, up to {PAGE} at once. Where they are looked for by more than "
        "their time, those that came last are the first.",
        arguments=(
            *_SPAN,
            *_SEARCH,
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
        "clips.parts",
        "List all parts of the recording that a clip belongs to, in order.",
        arguments=(_CLIP,),
        answer="a list of objects with `clip`, `path` and `deliveries`; parts that were deleted are left out",
        acts=False,
        since=2,
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
        "clips.keep",
        "Keep a story that nobody has decided about, as the power failed too early: it goes where clips go. A "
        "new greeting is the one that is heard from now on.",
        arguments=(_CLIP,),
        answer="the clip",
        since=2,
    ),
    Verb(
        "clips.withdraw",
        "Delete what was told in a booth, by its code: here, and at each destination that can delete. A proof is kept. "
        "May be repeated, where a destination did not answer.",
        arguments=(Argument("code", Kind.TEXT, "The code that was told with it.", longest=60),),
        answer="an object with `clip_id`, `name`, `withdrawn_ns`, and of each copy its `destination`, `remote_name`, "
        "`checksum`, `outcome` (`deleted`, `cannot`, `failed`) and `message`",
        since=2,
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
    Verb(
        "clips.title",
        "Say what a clip is called. Its file keeps its name.",
        arguments=(_CLIP, Argument("title", Kind.TEXT, "The title, on one line. Empty: none.", longest=200)),
        answer="the clip",
        since=2,
    ),
    Verb(
        "clips.label",
        "Put labels on a clip, in the place of those that it has.",
        arguments=(
            _CLIP,
            Argument(
                "labels",
                Kind.TEXTS,
                "The labels, one each or with commas between.",
                longest=60,
                entries=MOST_LABELS,
            ),
        ),
        answer="the clip",
        since=2,
    ),
    Verb("clips.labels", "List all labels that clips have.", answer="a list of texts", acts=False, since=2),
    Verb(
        "clips.star",
        "Give a clip a star, or take it away.",
        arguments=(_CLIP, Argument("starred", Kind.SWITCH, "Whether it has one then. Default: true.", False)),
        answer="the clip",
        since=2,
    ),
    Verb(
        "clips.approve",
        "Approve of a recording, all its parts, or do so no more. `audio.playback.only_approved` says what for.",
        arguments=(_CLIP, Argument("approved", Kind.SWITCH, "Whether it is approved then. Default: true.", False)),
        answer="the clip",
        since=2,
    ),
    Verb(
        "clips.note",
        "Write something about a clip.",
        arguments=(_CLIP, Argument("note", Kind.TEXT, "The note, of one line or more. Empty: none.", longest=2000)),
        answer="the clip",
        since=2,
    ),
    Verb(
        "clips.mark",
        "Mark a position in a clip. Its sound stays as it is.",
        arguments=(_CLIP, Argument("seconds", Kind.NUMBER, "The position, in seconds from the start.")),
        answer="the clip",
        since=2,
    ),
    Verb(
        "clips.unmark",
        "Take a mark away.",
        arguments=(_CLIP, Argument("seconds", Kind.NUMBER, "Where the mark is, up to 50 ms away.")),
        answer="the clip",
        since=2,
    ),
)

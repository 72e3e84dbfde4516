"""The part of the table of verbs that is about handsets, dials and what happens with them."""

from appliance import events
from appliance.arguments import Argument, Kind
from appliance.verb import Verb

NUMBERS = tuple("1234567890*#")
"""What can be dialled, as the keys of a telephone are (ITU-T E.161)."""

_BOOTH, _MESSAGE_BOX = ("booth",), ("message_box",)
_ANY = ("telephone", "message_box", "booth")

_FAILED = (events.NothingToPlay, events.PlaybackFailed, events.TakeFailed)
_MOVED = (events.FlowMoved,), _FAILED

FLOWS = (
    Verb(
        "handset.lift",
        "Lift the handset: the flow begins. Without one as `record.start`.",
        events.HandsetLift,
        (events.FlowMoved, events.TakeStarted),
        _FAILED,
        since=2,
        indirect=True,
    ),
    Verb(
        "handset.hang_up",
        "Hang the handset up: the flow ends. Without one as `record.stop`.",
        events.HandsetHangUp,
        (events.FlowMoved, events.ClipFinished),
        _FAILED,
        since=2,
        indirect=True,
    ),
    Verb(
        "handset.dial",
        "Dial a number, for what `flow.numbers` has it ask for.",
        events.Dial,
        (events.FlowMoved, events.PlaybackStarted, events.TakeStarted),
        _FAILED,
        (Argument("number", Kind.TEXT, "One digit or key.", choices=NUMBERS),),
        since=2,
        indirect=True,
    ),
    Verb(
        "greeting.play",
        "Let the greeting be heard once more, from its beginning.",
        events.GreetingPlay,
        *_MOVED,
        since=2,
        indirect=True,
        flows=_ANY,
    ),
    Verb(
        "greeting.record",
        "Record a new greeting: at the next lift of the handset, or at once where it is lifted.",
        events.GreetingRecord,
        (events.FlowMoved,),
        (events.NothingToPlay,),
        since=2,
    ),
    Verb(
        "greeting.keep",
        "Let the new greeting be the one that is heard from now on.",
        events.GreetingKeep,
        (events.GreetingChanged,),
        (events.NothingToPlay,),
        since=2,
    ),
    Verb(
        "greeting.discard",
        "Throw the new greeting away, and stay with the one there is.",
        events.GreetingDiscard,
        (events.FlowMoved,),
        (events.NothingToPlay,),
        since=2,
    ),
    Verb(
        "greeting.forget",
        "Go back to the greeting of the configuration.",
        events.GreetingForget,
        (events.GreetingChanged,),
        since=2,
    ),
    Verb(
        "language.next",
        "Go on in the next language, until hung up.",
        events.LanguageNext,
        *_MOVED,
        since=2,
        flows=_ANY,
        indirect=True,
    ),
    Verb(
        "language.choose",
        "Go on in a language, until hung up.",
        events.LanguageChoose,
        *_MOVED,
        (Argument("language", Kind.TEXT, "One of `flow.languages`.", longest=100),),
        since=2,
        flows=_ANY,
        indirect=True,
    ),
    Verb(
        "flow.next",
        "Go on in a booth: begin, agree, end the story, keep it.",
        events.FlowNext,
        *_MOVED,
        since=2,
        flows=_BOOTH,
        indirect=True,
    ),
    Verb(
        "flow.again",
        "Tell the story in a booth once more, in its place.",
        events.FlowAgain,
        *_MOVED,
        since=2,
        flows=_BOOTH,
        indirect=True,
    ),
    Verb(
        "message.hear",
        "Let new messages be heard, the oldest first; while one plays, that one once more.",
        events.MessageHear,
        (events.PlaybackStarted, events.PlaybackSeeked),
        _FAILED,
        since=2,
        flows=_MESSAGE_BOX,
        indirect=True,
    ),
    Verb(
        "message.answer",
        "Record an answer to the message that was heard last, or end the answer.",
        events.MessageAnswer,
        *_MOVED,
        since=2,
        flows=_MESSAGE_BOX,
        indirect=True,
    ),
)

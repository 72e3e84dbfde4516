"""The part of the table of verbs that is about handsets, dials and what happens with them."""

from appliance import events
from appliance.arguments import Argument, Kind
from appliance.verb import Verb

NUMBERS = tuple("1234567890*#")
"""What can be dialled, as the keys of a telephone are (ITU-T E.161)."""

_BOOTH, _MESSAGE_BOX = ("booth",), ("message_box",)
_ANY = ("telephone", "message_box", "booth")

FLOWS = (
    Verb(
        "handset.lift", "Lift the handset: the flow begins. Without one as `record.start`.", events.HandsetLift, since=2
    ),
    Verb(
        "handset.hang_up",
        "Hang the handset up: the flow ends. Without one as `record.stop`.",
        events.HandsetHangUp,
        since=2,
    ),
    Verb(
        "handset.dial",
        "Dial a number, for what `flow.numbers` has it ask for.",
        events.Dial,
        arguments=(Argument("number", Kind.TEXT, "One digit or key.", choices=NUMBERS),),
        since=2,
    ),
    Verb(
        "greeting.play",
        "Let the greeting be heard once more, from its beginning.",
        events.GreetingPlay,
        since=2,
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
    Verb("language.next", "Go on in the next language, until hung up.", events.LanguageNext, since=2, flows=_ANY),
    Verb(
        "language.choose",
        "Go on in a language, until hung up.",
        events.LanguageChoose,
        arguments=(Argument("language", Kind.TEXT, "One of `flow.languages`.", longest=100),),
        since=2,
        flows=_ANY,
    ),
    Verb(
        "flow.next", "Go on in a booth: begin, agree, end the story, keep it.", events.FlowNext, since=2, flows=_BOOTH
    ),
    Verb("flow.again", "Tell the story in a booth once more, in its place.", events.FlowAgain, since=2, flows=_BOOTH),
    Verb(
        "message.hear",
        "Let new messages be heard, the oldest first; while one plays, that one once more.",
        events.MessageHear,
        since=2,
        flows=_MESSAGE_BOX,
    ),
    Verb(
        "message.answer",
        "Record an answer to the message that was heard last, or end the answer.",
        events.MessageAnswer,
        since=2,
        flows=_MESSAGE_BOX,
    ),
)

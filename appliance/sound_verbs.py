"""The part of the table of verbs that is about the box's own sounds: greetings and prompts that a person gave it."""

from appliance.arguments import Argument, Kind
from appliance.verb import Verb

GREETING = "greeting"
QUESTION = "question"
MANY = (GREETING, QUESTION)
"""Uses that may have several sounds; of each other the newest counts."""

USES = (
    *MANY,
    *("tone", "bell", "language", "consent", "thanks"),
    *("ready", "recording", "paused", "time_is_nearly_up", "stopped", "too_short"),
    *("saved", "delivered", "new_message", "fault", "card_nearly_full"),
)
"""What such a sound may be for: the greeting and the other sounds of flows, and every prompt."""

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_SOUND = (Argument("sound", Kind.TEXT, "Its `id` in the list."),)
_UPLOAD = (Argument("upload", Kind.TEXT, "The name of what is being sent."),)


def sound_verbs(piece: tuple[Argument, ...]) -> tuple[Verb, ...]:
    """They; `piece` are the arguments of the next bytes of what is being sent."""
    return (
        Verb(
            "sounds.list",
            "List the sounds that a person gave the box: greetings, prompts.",
            answer="an object with the list `sounds`, those thrown away (`removed`), the greeting that was `recorded` "
            "at the box itself, if any, the files that are `configured` by their use, the `flow`, its `order`, "
            "its `languages`",
            acts=False,
            since=2,
        ),
        Verb(
            "sounds.send",
            "Begin to send a sound by which the box greets, or says what happens: WAV, FLAC, Ogg, Opus or MP3.",
            arguments=(
                Argument("use", Kind.TEXT, "What it is for.", choices=USES),
                Argument("size", Kind.WHOLE, "How many bytes it has.", least=1),
                Argument("title", Kind.TEXT, "What it is called. Default: nothing.", False, longest=60),
                Argument(
                    "day",
                    Kind.TEXT,
                    "The weekday or the date (`2026-06-13`) for which a greeting is meant. Default: every other day.",
                    False,
                    longest=10,
                ),
                Argument(
                    "language",
                    Kind.TEXT,
                    "Of `flow.languages`, the one that a greeting is in. Default: whichever has none of its own.",
                    False,
                    longest=35,
                ),
            ),
            answer="the name of what is being sent",
            since=2,
        ),
        Verb("sounds.piece", "Send the next bytes.", arguments=piece, answer="how many bytes are there now", since=2),
        Verb(
            "sounds.sent",
            "Let what was sent be heard from now on, where all of it is there and it can be played.",
            arguments=_UPLOAD,
            answer="the sound",
            since=2,
        ),
        Verb(
            "sounds.remove",
            "Throw a sound away: what is configured is heard again. It can be brought back.",
            arguments=_SOUND,
            answer="null",
            since=2,
        ),
        Verb(
            "sounds.restore",
            "Bring a sound back that was thrown away, or replaced, within 30 days.",
            arguments=_SOUND,
            answer="null",
            since=2,
        ),
    )

"""The options of a flow: what happens from the lift of a handset to its clip."""

from collections.abc import Mapping
from enum import StrEnum

from attrs.validators import and_, deep_iterable, deep_mapping, ge, le, matches_re

from appliance.config.actions import ButtonAction
from appliance.config.booth import BoothSettings
from appliance.config.options import AbsolutePath, Seconds, TimeOfDay, option
from appliance.config.profiles import TakeSettings
from appliance.flow_verbs import NUMBERS
from appliance.values import frozen
from appliance.verbs import VERBS


class Script(StrEnum):
    """Which flow it is."""

    NONE = "none"
    TELEPHONE = "telephone"
    MESSAGE_BOX = "message_box"
    BOOTH = "booth"


class Begins(StrEnum):
    """Where a clip begins."""

    TONE = "tone"
    GREETING_END = "greeting_end"
    LIFT = "lift"


class Order(StrEnum):
    """Which of several greetings comes next."""

    IN_TURN = "in_turn"
    RANDOM = "random"


def _is_number(_: object, __: object, number: str) -> None:
    if number not in NUMBERS:
        raise ValueError(f"found {number!r}, expected what can be dialled: one of {' '.join(NUMBERS)}")


def _has_no_end(_: object, __: object, action: ButtonAction) -> None:
    if action is ButtonAction.RECORD_WHILE_HELD:
        raise ValueError(f"found {action}, but a number is not held: use record.toggle")


def _begins_a_take(settings: "FlowSettings", __: object, takes: Mapping[str, TakeSettings]) -> None:
    for number in (number for number, take in takes.items() if take != TakeSettings()):
        word = settings.numbers.get(number)
        command = VERBS[word].command if word else None
        if command is None or "wishes" not in command.__match_args__:
            raise ValueError(f"number {number} begins no take: let `numbers` have it ask for record.toggle")


@frozen
class FlowSettings:
    script: Script = option(
        Script.NONE,
        "`telephone` greets whoever lifts the handset, sounds a tone, and records until it is hung up, or as long as "
        "`recording.max_duration`. The handset is a switch that does `handset`. `message_box` lets `message.hear` play "
        "what feeds bring, and `message.answer` record answers. `booth` leads to a story, and away from it.",
        shorthand=True,
    )
    delay: Seconds = option(
        Seconds(0.5), "From the lift to the greeting: the way to the ear.", check=and_(ge(0), le(30))
    )
    greeting: AbsolutePath | None = option(
        None,
        "A sound file, or a folder of them. Files named after a day, as `saturday` or `2026-06-12`, are for that day "
        "alone, whatever follows in their names. Default: just the tone.",
        example="/srv/greetings",
    )
    order: Order = option(Order.IN_TURN, "Which of several greetings is next.")
    tone: AbsolutePath | None = option(None, "The tone, as a file of its own.")
    begins: Begins = option(
        Begins.TONE,
        "Where the clip begins: 150 ms behind the `tone`, as long behind the greeting (`greeting_end`), so that the "
        "tone is in it, or at the `lift`, as soon as the microphone is open, with everything that it hears of both.",
    )
    languages: tuple[str, ...] = option(
        (),
        "Names of folders, in the folder of greetings and in that of `prompts.sounds`: what lies there counts first. "
        "The first is what everybody hears, `language.next` and `language.choose` ask for another.",
        check=deep_iterable(matches_re(r"[^/.][^/]*")),
        example="[de, en]",
    )
    numbers: dict[str, ButtonAction] = option(
        dict,
        "What a number asks for that is dialled, by a rotary dial of `panel.dials` or by `handset.dial`: any word that "
        "a button may be given. A message is heard in the place of the greeting, and the tone follows it.",
        check=deep_mapping(_is_number, _has_no_end),
        example="{1: play.latest, 2: play.random, 3: language.next, 0: greeting.play}",
    )
    takes: dict[str, TakeSettings] = option(
        dict,
        "How takes are made that a number begins, by that number: so what is dialled may choose a question.",
        check=_begins_a_take,
        example="{3: {fields: {question: 3}}}",
    )
    ring: tuple[TimeOfDay, ...] = option(
        (),
        "Local times of day at which a message box sounds where a message was not heard yet. Default: never.",
        example='["09:00", "18:30"]',
    )
    bell: AbsolutePath | None = option(None, "What sounds then, as a file of its own.")
    booth: BoothSettings = option(BoothSettings, "The steps of a booth.")

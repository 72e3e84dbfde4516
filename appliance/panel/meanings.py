"""What the facts of one contact ask for, as the configuration has it: from a gesture and its time to a command."""

from collections.abc import Callable, Iterable, Mapping

from appliance.circumstances import Starter
from appliance.config.actions import ButtonAction
from appliance.config.settings import ButtonSettings, DialSettings, SwitchAction, SwitchSettings
from appliance.events import Command
from appliance.panel.facts import Fact, Gesture
from appliance.verbs import VERBS

Means = Callable[[Iterable[Fact]], list[Command]]
"""Turns facts into what they ask for, in order; most ask for nothing."""

_WHILE_IT_LASTS = ("record.start", "record.stop")
_HANDSET = ("handset.lift", "handset.hang_up")
"""What an action that goes on for a while asks for as that begins, and once it is over."""


def means(settings: ButtonSettings | SwitchSettings | DialSettings, pin: int) -> Means:
    """What the button, switch or dial at this pin asks for. Every command carries the time of the fact."""
    if isinstance(settings, DialSettings):
        return dialled
    words = _words(settings)
    by = Starter.SWITCH if isinstance(settings, SwitchSettings) else Starter.BUTTON
    wishes = settings.take.wishes(by, str(pin))

    def commands(facts: Iterable[Fact]) -> list[Command]:
        asked = ((words.get((fact.gesture, fact.after)), fact.at) for fact in facts)
        return [VERBS[word].asked(at, wishes) for word, at in asked if word]

    return commands


def dialled(facts: Iterable[Fact]) -> list[Command]:
    """What numbers ask for, of a dial or of keys."""
    return [VERBS["handset.dial"].asked(fact.at, number=fact.number) for fact in facts]


def _words(settings: ButtonSettings | SwitchSettings) -> Mapping[tuple[Gesture, Gesture | None], str]:
    """The word for a gesture, and for a release after one."""
    if isinstance(settings, SwitchSettings):
        begin, end = _HANDSET if settings.action is SwitchAction.HANDSET else _WHILE_IT_LASTS
        return {(Gesture.LIFTED, None): begin, (Gesture.HUNG_UP, None): end}
    words: dict[tuple[Gesture, Gesture | None], str] = {}
    for gesture, action in (
        (Gesture.PRESSED, settings.press),
        (Gesture.HELD, settings.hold),
        (Gesture.PRESSED_TWICE, settings.double_press),
    ):
        if action is ButtonAction.RECORD_WHILE_HELD:
            words[gesture, None], words[Gesture.RELEASED, gesture] = _WHILE_IT_LASTS
        elif action:
            words[gesture, None] = action
    return words

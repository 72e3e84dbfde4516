"""The options of a matrix keypad, and the pins that anything may be wired to."""

from attrs import NOTHING
from attrs.validators import and_, deep_iterable, ge, le

from appliance.config.options import Seconds, option
from appliance.flow_verbs import NUMBERS
from appliance.values import frozen

GPIO_PINS = range(2, 28)
"""BCM numbers of the pins on the 40-pin header that are free to use."""


_PINS = deep_iterable(and_(ge(GPIO_PINS[0]), le(GPIO_PINS[-1])))


def _keys_in_place(keypad: "KeypadSettings", _: object, keys: tuple[str, ...]) -> None:
    if len(keys) != len(keypad.rows) or {len(row) for row in keys} != {len(keypad.columns)}:
        raise ValueError("expected a text for each row, with a character for each column")
    if unknown := set("".join(keys)) - {*NUMBERS, " "}:
        raise ValueError(
            f"found {min(unknown)!r}, expected one of {' '.join(NUMBERS)}, or a blank where a key does nothing"
        )


@frozen
class KeypadSettings:
    """Keys that connect a row with a column; each asks for what `flow.numbers` says of its number."""

    rows: tuple[int, ...] = option(
        NOTHING,
        "The pins of the rows, the topmost first.",
        check=_PINS,
        example="[5, 6, 13, 19]",
    )
    columns: tuple[int, ...] = option(
        NOTHING,
        "The pins of the columns, the leftmost first.",
        check=_PINS,
        example="[12, 16, 20]",
    )
    keys: tuple[str, ...] = option(
        ("123", "456", "789", "*0#"),
        "What is on the keys, row by row; a blank where one does nothing.",
        check=_keys_in_place,
    )
    debounce: Seconds = option(Seconds(0.02), "A shorter touch does not count.", check=and_(ge(0.005), le(0.5)))

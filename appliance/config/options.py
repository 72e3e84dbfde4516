"""The building blocks of a configuration class: an option with its help, and the types that YAML text turns into.

A configuration class is a frozen attrs class whose every field comes from `option()`. Plugins describe their own
sections with the same building blocks, which `appliance.plugin` re-exports.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NewType

import attrs

Seconds = NewType("Seconds", float)
"""A duration. In YAML a number with a unit: `1.5s`, `250ms`, `5m`, `12h`, `30d`."""

ByteCount = NewType("ByteCount", int)
"""A size in bytes. In YAML a number with a unit: `500kB`, `200MB`, `2GB` (powers of 1000), `5MiB`, `1GiB`."""

Percent = NewType("Percent", int)
"""0..100. In YAML `80%` or `80`."""

TimeOfDay = NewType("TimeOfDay", str)
"""`"22:30"`, local time. Best quoted: other readers of YAML 1.1 take a bare 22:30 for the number 1350."""

Keep = NewType("Keep", str)
"""`until_space_needed`, `always`, or a number of days: `30d`."""

GainWish = NewType("GainWish", str)
"""`12dB`, `-3.5dB` or `60%`."""

AbsolutePath = NewType("AbsolutePath", Path)
"""A path that starts with `/`."""


OptionsClass = type | Callable[[], type]
"""An options class, or a function that imports it once it is wanted."""

Extensions = Mapping[type, Mapping[str, OptionsClass]]
"""What plugins add to the configuration: for each class of section that they extend, the first option of which chooses,
their options classes by the words that choose them.
"""


def loaded(options: OptionsClass) -> type:
    """The options class. Raises whatever its import raises."""
    return options if isinstance(options, type) else options()


class Secret:
    """A text that is never printed: `reveal()` gives it to the code that needs it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)


def option(
    default: Any = attrs.NOTHING,
    help: str = "",
    *,
    check: Callable[..., Any] | None = None,
    example: str = "",
    shorthand: bool = False,
) -> Any:
    """A field of a configuration class.

    `default` left out makes the option required; a class as default means a section with all of its defaults. `help`
    is one or two sentences for the generated reference. `check` is an attrs validator (`attrs.validators.ge(1)`).
    `example` is YAML text shown where the default says too little. Where a section may be written as one plain word,
    `shorthand` marks the field that gets the word.
    """
    metadata = {"help": help, "example": example, "shorthand": shorthand}
    if isinstance(default, type):
        return attrs.field(factory=default, metadata=metadata, validator=check)
    return attrs.field(default=default, metadata=metadata, validator=check)

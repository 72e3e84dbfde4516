"""The options by which takes differ: fields that describe them, profiles, and what a beginning asks for."""

import re
from enum import StrEnum
from typing import Any

from attrs.validators import and_, ge, le, matches_re, optional

from appliance.circumstances import Begun, Starter, Value, Wishes, field_text
from appliance.config.options import ByteCount, Seconds, option
from appliance.values import frozen

LONGEST = 1000
"""The most characters of a field."""

TITLE = "title"
"""The field that every take has: its clip is called so."""

_NUMBER = re.compile(r"[-+]?[0-9]{1,15}(?:\.[0-9]{1,15})?")
_YES_NO = {"yes": True, "true": True, "no": False, "false": False}
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}")


class RecordedFormat(StrEnum):
    """Sample formats of takes and clips."""

    S16_LE = "S16_LE"
    S24_3LE = "S24_3LE"
    S32_LE = "S32_LE"


class FieldType(StrEnum):
    """What a field holds."""

    TEXT = "text"
    NUMBER = "number"
    YES_NO = "yes_no"


def _text_alone(settings: "FieldSettings", _: object, choices: tuple[str, ...]) -> None:
    if choices and settings.type is not FieldType.TEXT:
        raise ValueError(f"found choices of the type {settings.type}, expected text: leave out one of the two")


@frozen
class FieldSettings:
    type: FieldType = option(FieldType.TEXT, "What it holds: `text`, `number` or `yes_no`.", shorthand=True)
    choices: tuple[str, ...] = option(
        (), "The texts that it may hold. Default: any.", check=_text_alone, example="[hall, studio]"
    )

    def accept(self, value: object) -> Value:
        """What a person gave, as the field holds it. Raises ValueError, which says what it holds."""
        text = str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else None
        found: Value | None = None
        match self.type:
            case FieldType.YES_NO:
                found = value if isinstance(value, bool) else _YES_NO.get((text or "").lower())
            case FieldType.NUMBER if text is not None and _NUMBER.fullmatch(text):
                found = float(text) if "." in text else int(text)
            case FieldType.TEXT if text is not None and (text in self.choices if self.choices else _is_text(text)):
                found = text
        if found is None:
            raise ValueError(f"found {field_text(value)[:40]!r}, expected {self.expected}")
        return found

    @property
    def expected(self) -> str:
        """What it holds, in words."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        return {
            FieldType.TEXT: f"text of up to {LONGEST} characters (in quotes, where YAML takes it for something else)",
            FieldType.NUMBER: "a number",
            FieldType.YES_NO: "yes or no",
        }[self.type]


def _is_text(text: str) -> bool:
    return len(text) <= LONGEST and all(each in "\n\t" or each.isprintable() for each in text)


@frozen
class ProfileSettings:
    """A way to record: what is not given is as for every take."""

    rate: int | None = option(None, "Frames per second.", check=optional(and_(ge(8_000), le(384_000))))
    channels: int | None = option(None, "1 is mono, 2 is stereo.", check=optional(and_(ge(1), le(32))))
    sample_format: RecordedFormat | None = option(None, "How one sample is stored.")
    name: str = option(
        "",
        "What the clip's name has behind that of the box.",
        check=matches_re(r"[A-Za-z0-9.-]{0,32}"),
        example="interview",
    )
    split_every: Seconds | None = option(
        None, "Go on in a linked clip after so much sound.", check=optional(and_(ge(1), le(7 * 86400))), example="10m"
    )
    split_size: ByteCount | None = option(
        None, "The same once the sound of the clip has this size.", check=optional(ge(100_000)), example="500MB"
    )
    split_at: Seconds | None = option(
        None, "The same by the clock.", check=optional(and_(ge(1), le(86400))), example="10m"
    )
    fields: dict[str, Any] = option(dict, "What fields hold where nothing else is given.", example="{room: hall}")
    destinations: tuple[str, ...] | None = option(
        None, "Where alone its clips go, whatever these want.", example="[archive]"
    )
    test: bool = option(False, "Its clips are tests, and go nowhere.")


@frozen
class TakeSettings:
    """How takes are made that are begun so."""

    profile: str = option("", "The profile to record by, one of `recording.profiles`.", example="interview")
    fields: dict[str, Any] = option(dict, "What fields hold.", example="{room: hall}")
    destinations: tuple[str, ...] | None = option(
        None, "Where alone the clips go, whatever these want.", example="[archive]"
    )
    test: bool = option(False, "The clips are tests, and go nowhere.")

    def wishes(self, by: Starter, which: str = "") -> Wishes:
        """What is wanted of a take that is begun `by` this."""
        return Wishes(Begun(by, which, self.profile, self.destinations, self.test), self.fields)


def check_names(_: Any, __: Any, named: dict[str, Any]) -> None:
    """Raise ValueError for a name that programs could not write."""
    for name in named:
        if not _NAME.fullmatch(name):
            raise ValueError(f'found "{name}", expected a name of up to 32 letters, digits, - and _, a letter first')

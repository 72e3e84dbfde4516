"""The one door for what people and programs hand over with a word: every argument's type, range and length."""

import json
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from appliance.circumstances import Begun, Wishes
from appliance.errors import UsageError
from appliance.values import frozen

_TIME = re.compile(r"(?:([0-9]{1,4}):)?([0-9]{1,4}):([0-5][0-9](?:\.[0-9]{1,9})?)")
_WHOLE = re.compile(r"[-+]?[0-9]{1,30}")
_NUMBER = re.compile(r"[-+]?[0-9]{1,30}(?:\.[0-9]{1,30})?")
_SHOWN = 40

LEAST_TO_DELETE = 6
"""Characters of an id that are enough to delete by."""


class Kind(StrEnum):
    """What an argument is, as JSON Schema (draft 2020-12) names types."""

    TEXT = "string"
    WHOLE = "integer"
    NUMBER = "number"
    SWITCH = "boolean"
    TEXTS = "array"
    FIELDS = "object"


@frozen
class Argument:
    """One argument of a word. Where it is not `required` it may be left out, or be null.

    Numbers lie between `least` and `most`. A text has up to `longest` characters and is one of `choices`, where there
    are any; a list holds up to `entries` such texts. Fields are values by their names, up to `entries` of them. A
    `path` may name a file, whose name need not be UTF-8.
    """

    name: str
    kind: Kind
    help: str
    required: bool = True
    least: float = 0
    most: float = (1 << 63) - 1
    longest: int = 255
    entries: int = 10_000
    choices: tuple[str, ...] = ()
    path: bool = False

    def check(self, value: object) -> object:
        """The value, where it fits. Raises UsageError."""
        if (value is None and not self.required) or self._fits(value):
            return value
        raise UsageError(f"{self.name}: found {_shown(value)}, expected {self.expected}")

    def read(self, text: str) -> object:
        """The value that somebody wrote as text: `1:30` are 90 seconds, `50%` is 50, `true`, `room=hall` is a field.

        Raises UsageError.
        """
        value: object = text
        if self.kind is Kind.NUMBER and (time := _TIME.fullmatch(text)):
            value = int(time[1] or 0) * 3600 + int(time[2]) * 60 + float(time[3])
        elif self.kind is Kind.NUMBER and _NUMBER.fullmatch(text):
            value = float(text)
        elif self.kind is Kind.WHOLE and _WHOLE.fullmatch(text.removesuffix("%")):
            value = int(text.removesuffix("%"))
        elif self.kind is Kind.SWITCH and text in ("true", "false"):
            value = text == "true"
        elif self.kind is Kind.FIELDS and "=" in text:
            name, _, held = text.partition("=")
            value = {name.strip(): held}
        return self.check(value)

    def read_all(self, texts: Sequence[str]) -> object:
        """The list, or the fields, that somebody wrote as one text each. Raises UsageError."""
        if self.kind is not Kind.FIELDS:
            return self.check(list(texts))
        fields: dict[str, object] = {}
        for text in texts:
            field = self.read(text)
            fields.update(field if isinstance(field, dict) else {})
        return self.check(fields)

    @property
    def expected(self) -> str:
        """What fits, in words."""
        text = f"one of {', '.join(self.choices)}" if self.choices else f"text of up to {self.longest} characters"
        match self.kind:
            case Kind.TEXT:
                return text
            case Kind.TEXTS:
                return f"a list of up to {self.entries}, each {text}"
            case Kind.SWITCH:
                return "true or false"
            case Kind.FIELDS:
                return f"fields, each as `name=value` or in an object, up to {self.entries} of them"
        number = "a whole number" if self.kind is Kind.WHOLE else "a number"
        return f"{number} from {self.least} to {self.most}"

    @property
    def schema(self) -> dict[str, Any]:
        """What fits, as JSON Schema."""
        text = {"enum": list(self.choices)} if self.choices else {"maxLength": self.longest}
        match self.kind:
            case Kind.TEXT:
                return {"type": "string", **text}
            case Kind.TEXTS:
                return {"type": "array", "items": {"type": "string", **text}, "maxItems": self.entries}
            case Kind.SWITCH:
                return {"type": "boolean"}
            case Kind.FIELDS:
                held = {"type": ["string", "number", "boolean"], "maxLength": self.longest}
                return {"type": "object", "additionalProperties": held, "maxProperties": self.entries}
        return {"type": str(self.kind), "minimum": self.least, "maximum": self.most}

    def _fits(self, value: object) -> bool:
        match self.kind:
            case Kind.TEXT:
                return isinstance(value, str) and self._fits_text(value)
            case Kind.TEXTS:
                return (
                    isinstance(value, list)
                    and len(value) <= self.entries
                    and all(isinstance(each, str) and self._fits_text(each) for each in value)
                )
            case Kind.SWITCH:
                return isinstance(value, bool)
            case Kind.FIELDS:
                return (
                    isinstance(value, dict) and len(value) <= self.entries and all(map(self._fits_field, value.items()))
                )
            case Kind.WHOLE:
                return isinstance(value, int) and not isinstance(value, bool) and self.least <= value <= self.most
        return isinstance(value, int | float) and not isinstance(value, bool) and self.least <= value <= self.most

    def _fits_field(self, field: tuple[object, object]) -> bool:
        name, value = field
        plain = isinstance(value, int | float) or (isinstance(value, str) and self._fits_text(value))
        return plain and isinstance(name, str) and _is_utf8(name)

    def _fits_text(self, text: str) -> bool:
        if self.choices:
            return text in self.choices
        return len(text) <= self.longest and (self.path or _is_utf8(text))


def check(word: str, wanted: Sequence[Argument], given: Mapping[str, object]) -> dict[str, object]:
    """The arguments of `word`, without those that were left out. Raises UsageError, which says what does not fit."""
    known = {argument.name for argument in wanted}
    if unknown := [name for name in given if name not in known]:
        takes = f"it takes {', '.join(sorted(known))}" if known else "it takes none"
        raise UsageError(f"{word} has no argument {_shown(unknown[0])}: {takes}")
    for argument in wanted:
        if argument.required and argument.name not in given:
            raise UsageError(f"{word} needs the argument {argument.name}: {argument.expected}")
    try:
        checked = {argument.name: argument.check(given.get(argument.name)) for argument in wanted}
    except UsageError as error:
        raise UsageError(f"{word}: {error}") from None
    return {name: value for name, value in checked.items() if value is not None}


def wishes_in(arguments: Mapping[str, Any]) -> Wishes:
    """What somebody wants of a take who begins it with these arguments, which have been checked."""
    destinations = arguments.get("destinations")
    begun = Begun(
        profile=arguments.get("profile", ""),
        destinations=None if destinations is None else tuple(destinations),
        test=arguments.get("test", False),
    )
    return Wishes(begun, arguments.get("fields", {}))


def check_meant(reference: str, clip: Mapping[str, Any]) -> None:
    """Whether a clip that is to be deleted was meant for sure. Raises UsageError."""
    if reference not in (clip["id"], clip["name"]) and len(reference) < LEAST_TO_DELETE:
        raise UsageError(
            f"{reference!r} is too little to delete by: give the whole id or name of clip {clip['name']}, "
            f"or {LEAST_TO_DELETE} characters of its id"
        )


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(value: object) -> str:
    """A value on one short line, with nothing that a terminal cannot show."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else f"a list of {len(value)}"
    text = json.dumps(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}... ({len(text)} characters)"

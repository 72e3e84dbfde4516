"""Value objects to JSON and back: sidecars, journals, catalogue rows and the control socket all speak this.

Enums travel as their values, paths as strings, value objects as JSON objects. What a newer release wrote is no damage:
keys that this one does not know are ignored, and words that it does not know are kept as they are.
"""

import json
import logging
from collections.abc import Mapping
from contextlib import suppress
from enum import StrEnum
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

import attrs

from appliance.circumstances import Value
from appliance.values import Message

if TYPE_CHECKING:
    from cattrs import Converter

E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")

log = logging.getLogger(__name__)


def word(value: object, cls: type[E]) -> E:
    """The member of `cls` that has this value; for a word that `cls` does not have, one more that is like a member.

    That one has its own value, is equal to it, and is none of the others. Raises ValueError for what is no text.
    """
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no {cls.__name__}")
    with suppress(ValueError):
        return cls(value)
    _tell(cls.__name__, value)
    stranger = str.__new__(cls, value)
    stranger._name_ = stranger._value_ = value
    return stranger


@lru_cache(1000)
def _tell(kind: str, value: str) -> None:
    log.warning("%r is no %s that this release knows: a newer one wrote it, and it is kept as it is", value, kind)


@cache
def _converter() -> "Converter":
    from cattrs import Converter

    converter = Converter()
    converter.register_unstructure_hook(Path, str)
    converter.register_structure_hook(Path, lambda value, _: Path(value))
    converter.register_structure_hook(StrEnum, word)
    converter.register_structure_hook_func(lambda kind: kind == Value, lambda value, _: _field_value(value))
    converter.register_unstructure_hook_func(lambda kind: kind == Value, lambda value: value)
    converter.register_unstructure_hook(Message, _message_to_plain)
    converter.register_structure_hook(Message, _message_of_plain)
    return converter


def _message_to_plain(message: Message) -> dict[str, Any]:
    return {name: to_plain(getattr(message, name)) for name in message.__match_args__}


def _message_of_plain(plain: Mapping[str, Any], kind: type[Message]) -> Message:
    types = get_type_hints(kind)
    return kind(**{name: from_plain(plain[name], types[name]) for name in kind.__match_args__ if name in plain})


def _field_value(value: object) -> Value:
    """What a field holds; of a kind that only a newer release knows, its JSON text."""
    return value if isinstance(value, Value) else json.dumps(value, ensure_ascii=False)


def to_plain(value: object) -> Any:
    """Turn a value object into dicts, lists, strings and numbers."""
    return _converter().unstructure(value)


def plain_of(value: Any) -> Any:
    """As `to_plain`, of little, for whoever cannot wait until cattrs is loaded."""
    if attrs.has(type(value)):
        return {field.name: plain_of(getattr(value, field.name)) for field in attrs.fields(type(value))}
    if isinstance(value, Mapping):
        return {str(name): plain_of(held) for name, held in value.items()}
    if isinstance(value, tuple | list):
        return [plain_of(each) for each in value]
    return value.value if isinstance(value, StrEnum) else value


def from_plain(plain: object, cls: type[T]) -> T:
    """The inverse of `to_plain`. Raises ValueError where `plain` does not describe a `cls`."""
    try:
        return _converter().structure(plain, cls)
    except Exception as error:  # cattrs raises whatever the constructors and validators raise, grouped or not
        raise ValueError(f"not a valid {cls.__name__}: {error}") from error


def to_json(value: object) -> str:
    """One line of JSON, keys in the order of the class, UTF-8 kept as it is."""
    return json.dumps(to_plain(value), ensure_ascii=False, allow_nan=False)


def from_json(text: str | bytes, cls: type[T]) -> T:
    """The inverse of `to_json`. Raises ValueError for malformed JSON as well."""
    try:
        plain = json.loads(text)
    except RecursionError as error:
        raise ValueError(f"not a valid {cls.__name__}: nested too deeply") from error
    return from_plain(plain, cls)


def event_to_plain(event: object) -> dict[str, Any]:
    """An event or command as a JSON object, its class name under the key `event`."""
    if not isinstance(event, Message):
        raise TypeError(f"{type(event).__name__} is not an event")
    return {"event": type(event).__name__, **to_plain(event)}

"""Value objects to JSON and back: sidecars, journals, catalogue rows and the control socket all speak this.

Enums travel as their values, paths as strings, value objects as JSON objects. An object read back from a newer
release may hold keys that this one does not know; they are ignored.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import attrs
from cattrs import Converter

T = TypeVar("T")


@cache
def _converter() -> Converter:
    converter = Converter()
    converter.register_unstructure_hook(Path, str)
    converter.register_structure_hook(Path, lambda value, _: Path(value))
    return converter


def to_plain(value: object) -> Any:
    """Turn a value object into dicts, lists, strings and numbers."""
    return _converter().unstructure(value)


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
    if not attrs.has(type(event)):
        raise TypeError(f"{type(event).__name__} is not an event")
    return {"event": type(event).__name__, **to_plain(event)}

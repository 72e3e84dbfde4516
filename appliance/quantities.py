"""What a value that the box tells is: words, unit and kind, for programs that show or collect such values.

A class of values is a frozen attrs class whose every field comes from `told()`; `described()` lists its fields.
"""

import collections.abc
from collections.abc import Iterator
from enum import StrEnum
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import attrs
from attrs import NOTHING

from appliance.values import frozen

__all__ = ["KIND_WORDS", "NOTHING", "Description", "Kind", "described", "told"]


class Kind(StrEnum):
    """What may be done with a value."""

    GAUGE = "gauge"
    COUNTER = "counter"
    TIME = "time"
    STATE = "state"
    FLAG = "flag"
    TEXT = "text"
    OBJECT = "object"


KIND_WORDS = {
    Kind.GAUGE: "a number that rises and falls",
    Kind.COUNTER: "a number that only grows while the process runs",
    Kind.TIME: "a moment, in seconds since 1970 UTC where no other unit is given, by the clock of the box",
    Kind.STATE: "one word or number of several; a newer release may know others",
    Kind.FLAG: "true or false",
    Kind.TEXT: "words for people, or a name",
    Kind.OBJECT: "values that are described themselves: an object of them or null, a list, or an object for each name",
}


@frozen
class Description:
    """One field: its path, as `storage.free`, with `[]` for each of a list and `{}` for each name."""

    path: str
    words: str
    kind: Kind
    unit: str = ""


def told(default: Any, words: str, kind: Kind, unit: str = "", *, check: Any = None) -> Any:
    """A field of a class of values: what it tells, and an attrs validator or several.

    A class as `default` means one made of its own defaults, NOTHING that there is none.
    """
    metadata = {"words": words, "kind": kind, "unit": unit}
    if isinstance(default, type):
        unhashable = False if default is dict else None
        return attrs.field(factory=default, metadata=metadata, validator=check, hash=unhashable)
    return attrs.field(default=default, metadata=metadata, validator=check)


def described(cls: type, path: str = "") -> Iterator[Description]:
    """Every field of a class of values, followed by those of the values that it holds."""
    types = get_type_hints(cls)
    for field in attrs.fields(cls):
        about, here = field.metadata, path + field.name
        yield Description(here, about["words"], about["kind"], about["unit"])
        for inner, suffix in _held(types[field.name]):
            yield from described(inner, f"{here}{suffix}.")


def _held(kind: Any, suffix: str = "") -> Iterator[tuple[type, str]]:
    """The classes of values that a type holds, and how each is found there."""
    if isinstance(kind, type) and attrs.has(kind):
        yield kind, suffix
    deeper = "" if isinstance(kind, UnionType) else "{}" if get_origin(kind) is collections.abc.Mapping else "[]"
    for inner in get_args(kind):
        yield from _held(inner, suffix + deeper)

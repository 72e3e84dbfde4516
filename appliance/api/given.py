"""What a script hands over, looked at before anything begins with it. What does not fit is a UsageError in words."""

import math
import os
import re
import threading
from collections.abc import Callable, Mapping
from enum import StrEnum
from numbers import Integral, Real
from pathlib import Path
from typing import Any, SupportsFloat, SupportsInt, TypeVar

from appliance.circumstances import Fields, Value
from appliance.config.profiles import FieldSettings, check_names
from appliance.errors import UsageError

_LONGEST, _MOST = 100, 1e15
_NAME = re.compile(r"[^/.][^/]*")

E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")


def number(name: str, value: SupportsFloat) -> float:
    """The argument of that name, which is a finite number."""
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        raise _odd(name, value, "a number")
    return float(value)


def whole_number(name: str, value: SupportsInt, least: int = 1) -> int:
    """The argument of that name, which is a whole number of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise _odd(name, value, f"a whole number of at least {least}")
    return int(value)


def wished(name: str, value: SupportsInt | None) -> int | None:
    """As `whole_number`, of an argument that may be left out."""
    return None if value is None else whole_number(name, value)


def text(name: str, value: str) -> str:
    """The argument of that name, which is a text that can be shown, and not empty."""
    if not isinstance(value, str) or not value.isprintable() or not value:
        raise _odd(name, value, "text")
    return value


def one_of(name: str, value: str | None, words: type[E]) -> E | None:
    """The argument of that name, which is one of these words, or is left out."""
    if value is not None and value not in list(words):
        raise _odd(name, value, f"one of {', '.join(words)}")
    return None if value is None else words(value)


def file_name(name: str, value: str) -> str:
    """The argument of that name, with which names of files begin."""
    if not _NAME.fullmatch(text(name, value)) or len(value.encode()) > _LONGEST:
        raise _odd(name, value, f"the beginning of a file name, of up to {_LONGEST} bytes, without /")
    return value


def place(name: str, value: Path | str) -> Path:
    """The argument of that name, which is a path."""
    if not isinstance(value, str | os.PathLike) or not isinstance(path := os.fspath(value), str) or "\0" in path:
        raise _odd(name, value, "a path")
    return Path(path)


def described(fields: Fields) -> Fields:
    """What describes a recording: texts, numbers, and what is true or false, by names that programs can write."""
    if not isinstance(fields, Mapping) or not all(isinstance(name, str) for name in fields):
        raise _odd("fields", fields, "values by their names")
    try:
        check_names(None, None, dict(fields))
        return {name: _held(name, value) for name, value in fields.items()}
    except ValueError as error:
        raise UsageError(f"nothing can be recorded so: {error}") from error


def switch(name: str, value: bool) -> bool:
    """The argument of that name, which is true or false."""
    if not isinstance(value, bool):
        raise _odd(name, value, "True or False")
    return value


def callback(name: str, value: Callable[..., T] | None) -> Callable[..., T] | None:
    """The argument of that name, which can be called, or is left out."""
    if value is not None and not callable(value):
        raise _odd(name, value, "a function")
    return value


def aborting(value: threading.Event | None) -> threading.Event:
    """What ends a transfer; one that nobody sets where it is left out."""
    if value is not None and not isinstance(value, threading.Event):
        raise _odd("abort", value, "a threading.Event")
    return value or threading.Event()


def _held(name: str, value: Value) -> Value:
    if isinstance(value, str):
        return FieldSettings().accept(value)
    if not isinstance(value, bool) and abs(number(f"field {name}", value)) >= _MOST:
        raise _odd(f"field {name}", value, "a number below 10^15")
    return value


def _odd(name: str, value: Any, expected: str) -> UsageError:
    return UsageError(f"{name} is {value!r:.60}, expected {expected}")

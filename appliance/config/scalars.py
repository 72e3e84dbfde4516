"""One word of the file to the value of an option, as the option's type demands."""

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, get_origin

from appliance.config import units
from appliance.config.actions import ButtonAction
from appliance.config.document import Broken, Kind, Word
from appliance.config.options import AbsolutePath, ByteCount, GainWish, Keep, Percent, Seconds, Secret, TimeOfDay
from appliance.config.words import choices, expected, found, members, suggestion

_NUMBER = r"[-+]?(?:0|[1-9][0-9]{0,40})(?:\.[0-9]{0,40})?(?:[eE][-+]?[0-9]{1,4})?"
_LISTED = 12
"""Words that are listed even where it is plain which of them was meant."""
_BOOLEANS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def is_whole(text: str) -> bool:
    """Whether it is a whole number, without leading zeros, which mean octal in YAML 1.1 and decimal to people."""
    return re.fullmatch(r"[-+]?(?:0|[1-9](?:_?[0-9]){0,30})", text) is not None


class HiddenText(str):
    """Text from `!secret` for an option that takes plain text: like any text, but left out of every repr."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


class Problem(ValueError):
    """Something a person must correct, in words that are ready to show; `path` goes on from the place it is raised."""

    def __init__(self, words: str, *path: str) -> None:
        super().__init__(words)
        self.words = words
        self.path = path


class Reported(ValueError):
    """The value has a problem that is reported already."""


def takes_a_word(wanted: Any) -> bool:
    """Whether a type that is no class of its own is written as one word."""
    return wanted in _QUANTITIES or wanted is ButtonAction or get_origin(wanted) is Literal


def read_word(word: Word, wanted: Any) -> Any:
    """The value of `word` for an option of type `wanted`. Raises Problem."""
    value = _read(word, wanted)
    if value is None:
        what = kind_of_secret(word) if wanted is Secret else found(word)
        hint = ": put it in quotes" if wanted in (str, Secret) else ""
        known = choices(wanted)
        near = "" if word.origin else suggestion(word.text, known)
        if near and len(known) > _LISTED:
            raise Problem(f"found {what}{near}")
        raise Problem(f"found {what}, expected {expected(wanted)}{hint}{near}")
    return value


def kind_of_secret(word: Word) -> str:
    """What stands in the file where a secret belongs, without showing it."""
    return found(word) if word.origin else f"a {word.kind}"


def anything(value: Any) -> Any:
    """The value for an option that takes anything: every word as YAML 1.1 understands it."""
    if isinstance(value, Broken):
        raise Reported
    if isinstance(value, dict):
        return {name: anything(item) for name, item in value.items()}
    if isinstance(value, list):
        return [anything(item) for item in value]
    if not isinstance(value, Word):
        return value
    for kind, wanted in ((Kind.BOOLEAN, bool), (Kind.NUMBER, int), (Kind.NUMBER, float)):
        if value.kind is kind and (plain := _read(value, wanted)) is not None:
            return plain
    return _text(value)


def _text(word: Word) -> str:
    return HiddenText(word.text) if word.origin.startswith("!secret") else word.text


def _read(word: Word, wanted: Any) -> Any:
    """The value, or None where the word does not fit."""
    text, loose = word.text, bool(word.origin) or word.kind is Kind.NAME
    if wanted in _QUANTITIES:
        try:
            return _QUANTITIES[wanted](text)
        except ValueError:
            return None
    if known := members(wanted):
        return known.get(text)
    if wanted is bool:
        return _BOOLEANS.get(text.lower()) if loose or word.kind is Kind.BOOLEAN else None
    if wanted is int:
        fits = loose or word.kind is Kind.NUMBER
        return int(text) if fits and is_whole(text) else None
    if wanted is float:
        return float(text) if re.fullmatch(_NUMBER, text) and math.isfinite(float(text)) else None
    if not loose and word.kind is not Kind.TEXT:
        return None
    if wanted is Secret:
        return Secret(text)
    return Path(text) if wanted is Path else _text(word)


def _absolute_path(text: str) -> AbsolutePath:
    if not text.startswith("/"):
        raise ValueError("not an absolute path")
    return AbsolutePath(Path(text))


_QUANTITIES: dict[Any, Callable[[str], Any]] = {
    Seconds: units.parse_duration,
    ByteCount: units.parse_size,
    Percent: units.parse_percent,
    GainWish: units.parse_gain,
    TimeOfDay: units.parse_time_of_day,
    Keep: units.parse_keep,
    AbsolutePath: _absolute_path,
}

"""Sentences that the box makes of the moment, in the language of the page: found again by their pattern.

The recorder says everything in English, with the values in place: to the log, to the command line, to scripts. Here
such a sentence is taken apart again. The catalogue `languages/said/CODE.po` has each sentence as it stands in the
source, with a field in braces for each value; of those that fit, the one with the most words of its own is meant.
Values that are sentences themselves, such as the reason for a failure, are translated in the same way; numbers get the
point of the language; names stay (`_NAMES`).
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache

from appliance.page.languages import LANGUAGES, catalogue, current
from appliance.values import frozen

_FIELD = re.compile(r"\{(\w+)\}")
_NUMBER = re.compile(r"([-+]?\d+)\.(\d+(?: (?:[kMGT]?B(?:/s)?|k?Hz|dB|dBFS|s|ms))?)")
_NAMES = (
    *("box", "clip", "clip_id", "destination", "device", "feed", "file", "file_name", "filename", "folder", "group"),
    *("id", "label", "name", "path", "remote_name", "stem", "title", "track", "user", "word"),
)
"""Fields in which somebody's own words stand, or names: they stay, even where they read as a sentence or a number."""

_OWN_NUMBERS = ("text", "value")
"""Fields of which only what looks like a number stays."""

_END = re.compile(r"(?<=[.?!;]) ")
_DEEPEST = 6
_SMALL_BEHIND_COLON = ("fr", "es")
_COLONS = {"fr": " : ", "zh": "\N{FULLWIDTH COLON}"}
_SEPARATORS = {"fr": {"; ": " ; "}, "zh": {"; ": "\N{FULLWIDTH SEMICOLON}", ", ": "\N{FULLWIDTH COMMA}"}}
_FULL_STOP = "\N{IDEOGRAPHIC FULL STOP}"
_LONGEST = 4000
_KEPT = 1024


@frozen
class _Pattern:
    literals: tuple[str, ...]
    names: tuple[str, ...]
    said: str

    def values(self, text: str) -> dict[str, str] | None:
        """What stands in the fields; None where the sentence is another one."""
        first, *between, last = self.literals
        if not (text.startswith(first) and text.endswith(last) and len(text) >= len(first) + len(last)):
            return None
        at, end, found = len(first), len(text) - len(last), []
        for literal in between:
            if (next_one := text.find(literal, at, end)) < 0:
                return None
            found.append(text[at:next_one])
            at = next_one + len(literal)
        values = dict(zip(self.names, (*found, text[at:end]), strict=True))
        return values if values.get("count", "0").isdigit() else None

    def filled(self, values: Mapping[str, str]) -> str:
        """The sentence with these in its fields."""
        return _FIELD.sub(lambda field: values[field[1]], self.said)


@frozen
class _Patterns:
    exact: Mapping[str, str]
    by_word: Mapping[str, tuple[_Pattern, ...]]
    """By the word that they begin with, those with the most words of their own first."""
    others: tuple[_Pattern, ...]

    def fitting(self, text: str) -> Iterator[tuple[_Pattern, dict[str, str]]]:
        known = self.by_word.get(text.partition(" ")[0], ())
        for pattern in (*known, *self.others):
            if (values := pattern.values(text)) is not None:
                yield pattern, values


def sentence(text: str) -> str:
    """The sentence in the language of the page, as far as it is known there."""
    return _translated(current().code, text) or text


def is_said(text: str) -> bool:
    """Whether it is known in the language of the page."""
    return current().code == "en" or _translated(current().code, text) is not None


def option(name: str) -> str:
    """What an option of the configuration is called in the language of the page; empty where it is called as it is."""
    return catalogue(current().code, "options").get(name.rpartition(".")[2], ("",))[0]


@lru_cache(_KEPT)
def _translated(code: str, text: str, depth: int = 0) -> str | None:
    flat = " ".join(text.split())
    if code == "en" or not flat or len(flat) > _LONGEST or depth > _DEEPEST:
        return None
    patterns = _patterns(code)
    for wanted in (flat, flat[:1].lower() + flat[1:]):
        if (found := _whole(patterns, code, wanted, depth)) is not None:
            return found if wanted == flat else found[:1].upper() + found[1:]
    return _piecewise(code, flat, depth)


def _whole(patterns: _Patterns, code: str, text: str, depth: int) -> str | None:
    bare = text.removesuffix(".")
    ends = ((text, ""), (bare, _FULL_STOP if code == "zh" else ".")) if bare != text else ((text, ""),)
    for wanted, end in ends:
        if wanted in patterns.exact:
            return patterns.exact[wanted].removesuffix(_FULL_STOP) + end
    for wanted, end in ends:
        if found := max(patterns.fitting(wanted), key=lambda each: sum(map(len, each[0].literals)), default=None):
            pattern, values = found
            return pattern.filled({name: _filled(code, name, value, depth) for name, value in values.items()}) + end
    return None


def _filled(code: str, field: str, value: str, depth: int) -> str:
    """What stands in that field, in the language."""
    kind = field.strip("_0123456789")
    own = kind in _NAMES or (kind in _OWN_NUMBERS and _NUMBER.fullmatch(value))
    return value if own else _value(code, value, depth + 1)


def _value(code: str, text: str, depth: int) -> str:
    """What stands in a field: a number with the point of the language; in languages that write so, what is said in it
    begins small as it did.
    """
    if figures := _NUMBER.fullmatch(text):
        return LANGUAGES[code].point.join(figures.groups())
    said = _translated(code, text, depth) or text
    begins_small = code in _SMALL_BEHIND_COLON and text[:1].islower() and not said[1:2].isupper()
    return said[:1].lower() + said[1:] if begins_small else said


def _piecewise(code: str, text: str, depth: int) -> str | None:
    """Several sentences, one behind the other, or words and what is said of them, or a list of things."""
    if (listed := _listed(code, text, "; ", 1, depth) or _listed(code, text, ", ", -1, depth)) is not None:
        return listed
    pieces = _END.split(text)
    if len(pieces) == 1:
        before, colon, after = text.partition(": ")
        said = _translated(code, after, depth + 1) if colon else None
        return None if said is None else f"{_value(code, before, depth + 1)}{_COLONS.get(code, ': ')}{said}"
    known = [_translated(code, piece, depth + 1) for piece in pieces]
    blank = "" if code == "zh" else " "
    return blank.join(said or piece for said, piece in zip(known, pieces, strict=True)) if any(known) else None


def _listed(code: str, text: str, separator: str, most: int, depth: int) -> str | None:
    """What stands between separators, `most` of them; None where one of these is not known."""
    parts = text.split(separator, most)
    if len(parts) == 1:
        return None
    known = []
    for part in parts:
        if (said := _translated(code, part, depth + 1)) is None:
            return None
        known.append(said)
    between = ". " if separator == "; " and known[1][:1].isupper() else separator
    return _SEPARATORS.get(code, {}).get(between, between).join(known)


@cache
def _patterns(code: str) -> _Patterns:
    exact: dict[str, str] = {}
    by_word: dict[str, list[_Pattern]] = {}
    others: list[_Pattern] = []
    for text, (said, *_) in {**catalogue(code, "box"), **catalogue(code, "said")}.items():
        literals = tuple(_FIELD.split(text)[::2])
        if len(literals) == 1:
            exact[text] = said
            continue
        pattern = _Pattern(literals, tuple(_FIELD.findall(text)), said)
        first, blank, _rest = literals[0].partition(" ")
        (by_word.setdefault(first, []) if blank else others).append(pattern)
    return _Patterns(exact, {word: tuple(found) for word, found in by_word.items()}, tuple(others))

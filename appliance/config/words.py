"""What the configuration says to people: types, limits and values in plain words, and defaults as YAML."""

import types
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from enum import Enum
from pathlib import PurePath
from typing import Any, Literal, Union, get_args, get_origin

import attrs
import yaml

from appliance.config.actions import ButtonAction
from appliance.config.document import Kind, Word
from appliance.config.options import (
    AbsolutePath,
    ByteCount,
    GainWish,
    Keep,
    Percent,
    Seconds,
    Secret,
    TimeOfDay,
)
from appliance.config.units import format_duration, format_size
from appliance.foreign import printable
from appliance.phrases import counted

_LONGEST = 60

_TYPES: dict[Any, tuple[str, str]] = {
    Seconds: ("duration", "a duration with a unit, such as 250ms, 1.5s, 5m, 12h or 30d"),
    ByteCount: ("size", "a size with a unit, such as 500kB, 200MB or 5MiB"),
    Percent: ("percentage", "a percentage from 0% to 100%"),
    GainWish: ("dB or percentage", "a gain in dB or percent, such as 12dB or 60%"),
    TimeOfDay: ("local time", 'a time of day from "00:00" to "23:59"'),
    Keep: ("one of until_space_needed, always or days", "until_space_needed, always or days, such as 30d"),
    AbsolutePath: ("absolute path", "an absolute path, one that begins with /"),
    Secret: ("secret", "a secret: !secret NAME, !env NAME or text"),
    bool: ("true or false", "true or false"),
    int: ("whole number", "a whole number"),
    float: ("number", "a number"),
    str: ("text", "text"),
    Any: ("anything", "anything"),
}
"""For each type the name in the reference, and what an error says was expected."""


def optional_type(wanted: Any) -> tuple[Any, bool]:
    """`X | None` as (X, True), any other type as (type, False)."""
    if get_origin(wanted) in (Union, types.UnionType):
        rest = [each for each in get_args(wanted) if each is not types.NoneType]
        if len(rest) == 1:
            return rest[0], len(get_args(wanted)) == 2
    return wanted, False


def members(wanted: Any) -> dict[str, Any]:
    """The words that an enum or Literal knows, or a button, each with its value; none for other types."""
    if wanted is ButtonAction:
        return {str(action): action for action in ButtonAction}
    if get_origin(wanted) is Literal:
        return {str(value): value for value in get_args(wanted)}
    if isinstance(wanted, type) and issubclass(wanted, Enum):
        return {str(member.value): member for member in wanted}
    return {}


def choices(wanted: Any) -> tuple[str, ...]:
    """The words of `members` alone."""
    return tuple(members(wanted))


def is_mapping(wanted: Any) -> bool:
    """Whether a type is written as `name: value` pairs of the person's choice."""
    origin = get_origin(wanted) or wanted
    return isinstance(origin, type) and issubclass(origin, Mapping)


NONE = "none"


def may_be_none(wanted: Any) -> bool:
    """Whether a type is a quantity that may be left out by the word `none`."""
    inner, nullable = optional_type(wanted)
    return nullable and inner in (Seconds, ByteCount)


def is_list(wanted: Any) -> bool:
    """Whether a type is written as a YAML list."""
    origin = get_origin(wanted) or wanted
    return isinstance(origin, type) and issubclass(origin, Sequence | Set) and not issubclass(origin, str | bytes)


def kind(wanted: Any, check: Callable[..., Any] | None = None) -> str:
    """A type and its limits for the reference: `duration, at most 1s`, `list of text`, `one of a, b or c`."""
    inner, nullable = optional_type(wanted)
    allowed = limits(check, inner)
    if any(hasattr(each, "options") for each in single_checks(check)):
        said = f"one of {allowed}"
    else:
        joint = " " if allowed.startswith("of the form") else ", "
        said = joint.join(filter(None, (_type_name(inner), allowed)))
    return f"{said}, or nothing" if nullable else said


def _type_name(wanted: Any, ending: str = "") -> str:
    if choices(wanted):
        return f"one of {either(choices(wanted))}" if len(choices(wanted)) > 1 else f"only {choices(wanted)[0]}"
    if is_mapping(wanted):
        names, values = get_args(wanted) or (Any, Any)
        return f"mapping of {_type_name(names, 's')} to {_type_name(values, 's')}"
    if is_list(wanted):
        return f"list of {_type_name((get_args(wanted) or (Any,))[0], 's')}"
    if attrs.has(wanted):
        return "options"
    name = _TYPES.get(wanted, ("path", ""))[0]
    return name if wanted in (str, bool, Any) else f"{name}{ending}"


def expected(wanted: Any) -> str:
    """What an option of this type wants, for an error."""
    inner, _ = optional_type(wanted)
    if choices(inner):
        return either(choices(inner))
    if is_list(inner):
        return "a list, such as [a, b]"
    if is_mapping(inner) or attrs.has(inner):
        return "options below it, each as `name: value`"
    return _TYPES.get(inner, ("", "a path"))[1]


def limits(check: Callable[..., Any] | None, wanted: Any) -> str:
    """The attrs validators that are known here in plain words (`between 10ms and 1s`), else an empty text."""
    inner, _ = optional_type(wanted)
    bounds: dict[str, str] = {}
    parts: list[str] = []
    for each in single_checks(check):
        if hasattr(each, "compare_op"):
            bounds[each.compare_op] = to_yaml(each.bound, inner)
        elif hasattr(each, "options"):
            parts.append(either(map(str, each.options)))
        elif hasattr(each, "pattern"):
            parts.append(f"of the form `{each.pattern.pattern}`")
        elif hasattr(each, "min_length"):
            parts.append(_length("at least", each.min_length, inner))
        elif hasattr(each, "max_length"):
            parts.append(_length("at most", each.max_length, inner))
        elif hasattr(each, "member_validator"):
            member = limits(each.member_validator, (get_args(inner) or (Any,))[0])
            parts += [f"each {member}"] if member else []
    if {">=", "<="} <= bounds.keys():
        parts.insert(0, f"between {bounds.pop('>=')} and {bounds.pop('<=')}")
    signs = {">=": "at least", ">": "more than", "<=": "at most", "<": "less than"}
    return " and ".join([f"{signs[sign]} {bound}" for sign, bound in bounds.items()] + parts)


def single_checks(check: Any) -> list[Any]:
    """The validators that a validator is made of: `and_` and `optional` taken apart."""
    for holder in ("_validators", "validator"):
        inner = getattr(check, holder, None)
        if inner is not None:
            return [each for part in (inner if holder == "_validators" else [inner]) for each in single_checks(part)]
    return [] if check is None else [check]


def _length(bound: str, length: int, wanted: Any) -> str:
    words = ("entry", "entries") if is_list(wanted) or is_mapping(wanted) else ("character",)
    return f"{bound} {counted(length, *words)} long"


def either(words: Iterable[str]) -> str:
    """`a, b or c`."""
    *rest, last = list(words) or ["nothing"]
    return f"{', '.join(rest)} or {last}" if rest else last


def found(value: object) -> str:
    """What stands in the file, for an error; what was looked up is named, never shown."""
    if isinstance(value, Word):
        if value.origin:
            return f"the value of {value.origin}"
        return f'"{printable(value.text)}"' if value.kind is Kind.TEXT else printable(value.text)
    return "nothing" if value is None else "a list" if isinstance(value, list) else "options"


def suggestion(word: str, known: Iterable[str]) -> str:
    """`; did you mean "x"?` where a known word is close, else an empty text."""
    candidates = {each.lower(): each for each in known}
    from difflib import get_close_matches

    close = get_close_matches(word.lower(), candidates, 1, 0.6) if len(word) <= _LONGEST else []
    return f'; did you mean "{candidates[close[0]]}"?' if close else ""


def to_yaml(value: object, wanted: Any) -> str:
    """A value of an option as it would be written in the file, on one line."""
    plain = _plain(value, wanted)
    text = _dump(plain, None)
    return text if text.isprintable() else _dump(plain, '"')


def _dump(plain: object, style: str | None) -> str:
    text: str = yaml.safe_dump(
        plain, default_flow_style=True, default_style=style, allow_unicode=not style, sort_keys=False, width=10**9
    )
    return text.removesuffix("\n").removesuffix("\n...")


def _plain(value: Any, wanted: Any) -> Any:
    inner, _ = optional_type(wanted)
    if value is None or isinstance(value, Secret):
        return value and "***"
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, Mapping):
        names, values = get_args(inner) or (Any, Any)
        return {_plain(name, names): _plain(item, values) for name, item in value.items()}
    if isinstance(value, Sequence | Set) and not isinstance(value, str):
        return [_plain(item, (get_args(inner) or (Any,))[0]) for item in value]
    if attrs.has(type(value)):
        return {
            each.name: _plain(getattr(value, each.name), each.type)
            for each in attrs.fields(attrs.resolve_types(type(value)))
        }
    if inner is Seconds:
        return format_duration(value)
    if inner is ByteCount:
        return format_size(value)
    return f"{value}%" if inner is Percent else value

"""The text of a YAML file with some values changed: every other character of it stays, comments and blanks included.

Values are found by the places that the parser gives for them, and replaced in the text. What YAML can write in ways
that are not foreseen here is not guessed at: whoever changes a text reads it again, and compares.
"""

import re
from collections.abc import Mapping
from typing import Any

import yaml

from appliance.config.document import Place

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_STEP = "  "


def changed(text: str, changes: Mapping[Place, str | None]) -> str:
    """The text with each value at a place in the place of the one there, as YAML on one line; None takes it out.

    The text must be one that can be read. What is not there yet comes behind its neighbours.
    """
    for place, source in changes.items():
        text = _without(text, place) if source is None else _with(text, place, source)
    return text


def _with(text: str, place: Place, source: str) -> str:
    node, way = _found(text, place)
    if node is None:
        return _line_end(text) + _block(place, source, "")
    rest = place[len(way) :]
    if not rest:
        return _replaced(text, node, source)
    if not isinstance(node, yaml.MappingNode):
        if way and isinstance(node, yaml.ScalarNode) and node.start_mark.index == node.end_mark.index:
            return _under_heading(text, place, len(way), source)
        return _replaced(text, node, _flow(rest, source))
    if node.flow_style:
        end = node.end_mark.index - 1
        before = text[:end].rstrip()
        comma = ", " if node.value else ""
        return before + comma + _flow(rest, source)[1:-1] + text[len(before) :]
    end = _end_of_line(text, _last(text, node))
    indent = " " * node.value[0][0].start_mark.column
    return _line_end(text[:end]) + _block(rest, source, indent) + text[end:]


def _under_heading(text: str, place: Place, depth: int, source: str) -> str:
    """The first option under a heading that has none."""
    parent, _ = _found(text, place[: depth - 1])
    assert isinstance(parent, yaml.MappingNode)
    key = next(key for key, _ in parent.value if key.value == place[depth - 1])
    if parent.flow_style:
        node, _ = _found(text, place[:depth])
        return _replaced(text, node, _flow(place[depth:], source))
    end = _end_of_line(text, key.end_mark.index)
    return _line_end(text[:end]) + _block(place[depth:], source, " " * key.start_mark.column + _STEP) + text[end:]


def _without(text: str, place: Place) -> str:
    parent, way = _found(text, place[:-1])
    if len(way) < len(place) - 1 or not isinstance(parent, yaml.MappingNode):
        return text
    keys = [key.value for key, _ in parent.value]
    if place[-1] not in keys:
        return text
    at = keys.index(place[-1])
    key, value = parent.value[at]
    if parent.flow_style:
        if at + 1 < len(keys):
            begin, end = key.start_mark.index, parent.value[at + 1][0].start_mark.index
        else:
            begin, end = parent.value[at - 1][1].end_mark.index if at else key.start_mark.index, value.end_mark.index
        return text[:begin] + text[end:]
    begin = text.rfind("\n", 0, key.start_mark.index) + 1
    return text[:begin] + text[_end_of_line(text, max(key.end_mark.index, _last(text, value))) :]


def _found(text: str, place: Place) -> tuple[Any, Place]:
    """The node at a place, or the last one on the way there, and how far that is."""
    node, way = yaml.compose(text, _LOADER), 0
    while way < len(place) and isinstance(node, yaml.MappingNode):
        following = next((value for key, value in node.value if key.value == place[way]), None)
        if following is None:
            break
        node, way = following, way + 1
    return node, place[:way]


def _replaced(text: str, node: Any, source: str) -> str:
    begin, end = node.start_mark.index, node.end_mark.index
    if isinstance(node, yaml.CollectionNode) and not node.flow_style:
        end = _last(text, node)
        above = text[:begin].rstrip()
        if above.endswith(":"):  # one line stands behind its name
            return f"{above} {source}{text[end:]}"
    elif isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
        end = begin + len(text[begin:end].rstrip())
    return text[:begin] + (" " if begin == end and text[:begin].endswith(":") else "") + source + text[end:]


def _last(text: str, node: Any) -> int:
    """Where what belongs to a node ends, without the comments behind it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return max(last[0].end_mark.index, _last(text, last[1])) if isinstance(last, tuple) else _last(text, last)
    begin, end = node.start_mark.index, node.end_mark.index
    return int(begin + len(text[begin:end].rstrip()))


def _end_of_line(text: str, at: int) -> int:
    found = text.find("\n", at)
    return len(text) if found < 0 else found + 1


def _line_end(text: str) -> str:
    return text if not text or text.endswith("\n") else text + "\n"


def _block(place: Place, source: str, indent: str) -> str:
    *headings, name = place
    lines = [f"{indent}{_STEP * depth}{_key(each)}:" for depth, each in enumerate(headings)]
    return "\n".join([*lines, f"{indent}{_STEP * len(headings)}{_key(name)}: {source}"]) + "\n"


def _flow(place: Place, source: str) -> str:
    for each in reversed(place):
        source = f"{{{_key(each)}: {source}}}"
    return source


def _key(name: str | int) -> str:
    return (
        str(name)
        if re.fullmatch(r"[A-Za-z0-9_-]+", str(name))
        else yaml.safe_dump(str(name), width=10**9).split("\n")[0]
    )

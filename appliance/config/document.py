"""YAML text to plain values of which every one knows its line.

The events of a file are looked through before its nodes are composed: the C composer of PyYAML overflows the stack on
deep nesting. Aliases are written out under a limit on depth and on the number of values, so neither an alias inside
itself nor a "billion laughs" file gets far. Text is not turned into numbers here: what a word means depends on the
option it is given to.
"""

import re
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Any

import yaml
from attrs import field

from appliance.errors import ConfigError
from appliance.values import frozen

Place = tuple[str | int, ...]
"""The names and list positions that lead to a value."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEEPEST = 32
_MOST_VALUES = 10_000
_CORE = "tag:yaml.org,2002:"
_LOOKED_UP = {"!env", "!secret"}


class Kind(StrEnum):
    """What YAML 1.1 takes a word for when it is not asked for anything else."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    NAME = "name"
    """Not a value but a name before a colon: text and numbers look the same there."""


_KINDS = {
    f"{_CORE}str": Kind.TEXT,
    f"{_CORE}value": Kind.TEXT,
    f"{_CORE}merge": Kind.TEXT,
    f"{_CORE}int": Kind.NUMBER,
    f"{_CORE}float": Kind.NUMBER,
    f"{_CORE}bool": Kind.BOOLEAN,
    f"{_CORE}timestamp": Kind.DATE,
}


@frozen
class Word:
    """One scalar as it was written. `origin` is `!env NAME` or `!secret NAME` where it was looked up, else empty."""

    text: str = field(repr=False)
    kind: Kind = Kind.TEXT
    origin: str = ""


class Broken:
    """Stands for a value whose problem is already reported."""


class LookupFailed(Exception):
    """A variable or secret is not there; the message says what was expected."""


@frozen
class Document:
    """The values of one file: `root` is made of dict, list, Word, Broken and None."""

    root: dict[str, Any]
    lines: dict[Place, int]
    problems: list[tuple[int, Place, str]]


def read_document(text: str, source: str, look_up: Callable[[str, str], str]) -> Document:
    """Read YAML `text` that holds one mapping. Raises ConfigError where nothing can be made of it.

    `look_up(tag, name)` gives the text for `!env NAME` and `!secret NAME` or raises LookupFailed.
    """
    node = _compose(text, source)
    if node is None:
        raise ConfigError(f"{source}: the file is empty, expected options such as `panel:`")
    reader = _Reader(source, look_up)
    root = reader.value(node, (), 0)
    if not isinstance(root, dict):
        found = "a list" if isinstance(node, yaml.SequenceNode) else "something else"
        raise ConfigError(f"{source}:{_line(node)}: found {found}, expected options such as `panel:`")
    return Document(root, reader.lines, reader.problems)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _compose(text: str, source: str) -> yaml.Node | None:
    unprintable = yaml.reader.Reader.NON_PRINTABLE.search(text)
    if unprintable:
        line = text.count("\n", 0, unprintable.start()) + 1
        raise ConfigError(f"{source}:{line}: a control character, expected text")
    try:
        depth = nodes = 0
        for event in yaml.parse(text, _LOADER):
            nodes += isinstance(event, yaml.NodeEvent)
            if nodes > 2 * _MOST_VALUES:  # each with its name
                raise ConfigError(f"{source}: more than {_MOST_VALUES} values, expected a configuration")
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > _DEEPEST:
                line = event.start_mark.line + 1 if event.start_mark else 1
                raise ConfigError(f"{source}:{line}: nested too deeply, expected no more than a few levels")
        loader = _LOADER(text)
        try:
            node: yaml.Node | None = loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        line, words = _syntax(error, text)
        raise ConfigError(f"{source}:{line}: {words}") from None
    except yaml.YAMLError:
        raise ConfigError(f"{source}: the file is not valid YAML") from None
    return node


def _syntax(error: yaml.MarkedYAMLError, text: str) -> tuple[int, str]:
    """Line and words for a syntax error, without any text of the file: it might be part of a secret."""
    context, problem = error.context or "", error.problem or "cannot be read"
    whole = any(word in context for word in ("simple key", "quoted scalar", "flow"))
    mark = error.context_mark if whole and error.context_mark else error.problem_mark or error.context_mark
    line = mark.line if mark else 0
    lines = re.split("\r\n|[\r\n\x85\u2028\u2029]", text)
    indents = (re.match(r"\s*", each) for each in lines[line : line + 1])
    if any("\t" in indent[0] for indent in indents if indent):
        return line + 1, "indented with a tab, expected spaces"
    for words, meaning in (
        ("another document", "a second document begins here, expected only one"),
        ("mapping values are not allowed", "unexpected colon; is the indentation right? Text with `: ` needs quotes"),
        ("',' or", "a bracket is opened here and never closed, or a comma is missing"),
        ("expected ':'", "found a line without a colon, expected `name: value`"),
        ("expected key", "unexpected indentation, expected the column of the options above"),
        ("block end", "unexpected indentation, expected the column of the options above"),
        ("start any token", "text that begins with a special character, expected it in quotes"),
        ("unexpected end of stream", "a quote is opened here and never closed"),
        (
            "undefined alias",
            "an alias (*) for something that no anchor (&) names; text that begins with * needs quotes",
        ),
    ):
        if words in problem:
            return line + 1, meaning
    return line + 1, "not valid YAML: " + re.sub(r" ?'[^' ]{2,}'", "", problem)


class _Reader:
    """Turns composed nodes into plain values, writing aliases out."""

    def __init__(self, source: str, look_up: Callable[[str, str], str]) -> None:
        self.lines: dict[Place, int] = {}
        self.problems: list[tuple[int, Place, str]] = []
        self._source = source
        self._look_up = look_up
        self._values = 0

    def value(self, node: yaml.Node, path: Place, depth: int) -> Any:
        self._count(node, depth)
        self.lines.setdefault(path, _line(node))
        if isinstance(node, yaml.MappingNode) and node.tag == f"{_CORE}map":
            return self._mapping(node, path, depth)
        if isinstance(node, yaml.SequenceNode) and node.tag == f"{_CORE}seq":
            return [self.value(item, (*path, index), depth + 1) for index, item in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        return self._broken(path, "a tag that cannot stand here, expected none; text that begins with ! needs quotes")

    def _count(self, node: yaml.Node, depth: int) -> None:
        self._values += 1
        if depth > _DEEPEST:
            raise ConfigError(f"{self._source}:{_line(node)}: nested too deeply; is an alias (*) used inside itself?")
        if self._values > _MOST_VALUES:
            raise ConfigError(f"{self._source}:{_line(node)}: too many values; are aliases (*) used inside each other?")

    def _broken(self, path: Place, words: str) -> Broken:
        self.problems.append((self.lines[path], path, words))
        return Broken()

    def _scalar(self, node: yaml.ScalarNode, path: Place) -> Word | Broken | None:
        if any(char == "\0" or "\ud800" <= char <= "\udfff" for char in node.value):
            return self._broken(path, "a character that is not text, expected text")
        if node.tag == f"{_CORE}null":
            return None
        if node.tag in _LOOKED_UP:
            try:
                return Word(self._look_up(node.tag, node.value), origin=f"{node.tag} {node.value}")
            except LookupFailed as error:
                return self._broken(path, str(error))
        if node.tag not in _KINDS:
            return self._broken(
                path, "unknown tag, expected !env NAME or !secret NAME; text that begins with ! needs quotes"
            )
        return Word(node.value, _KINDS[node.tag])

    def _mapping(self, node: yaml.MappingNode, path: Place, depth: int) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, item, merged in self._pairs(node, path, depth):
            name, place = key.value, (*path, key.value)
            if not isinstance(key, yaml.ScalarNode) or key.tag not in {*_KINDS, f"{_CORE}null"}:
                self.problems.append((_line(key), path, "a name that is not a plain word, expected `name: value`"))
            elif name not in values:
                self.lines[place] = _line(key)
                values[name] = self.value(item, place, depth + 1)
            elif not merged:
                words = f"found a second time, expected once; the first is on line {self.lines[place]}"
                self.problems.append((_line(key), place, words))
        return values

    def _pairs(self, node: yaml.MappingNode, path: Place, depth: int) -> Iterator[tuple[yaml.Node, yaml.Node, bool]]:
        """The pairs of a mapping, its own before those merged in by `<<` (https://yaml.org/type/merge.html)."""
        self._count(node, depth)
        yield from ((key, item, False) for key, item in node.value if key.tag != f"{_CORE}merge")
        for key, item in node.value:
            if key.tag != f"{_CORE}merge":
                continue
            for merged in item.value if isinstance(item, yaml.SequenceNode) else [item]:
                if isinstance(merged, yaml.MappingNode):
                    yield from ((inner, value, True) for inner, value, _ in self._pairs(merged, path, depth + 1))
                else:
                    self.problems.append((_line(key), path, "`<<` merges options in, expected an alias for options"))

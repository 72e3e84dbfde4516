"""What commands say: the one way out to a terminal, a pipe or a file.

Names, titles and answers come from servers, files and people: no character of them is anything but text. On a terminal
lines end where it ends, between words, so that what is copied is whole; elsewhere a line is as long as it is.
"""

import json
import os
import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from math import inf
from types import TracebackType
from typing import Self
from unicodedata import combining, east_asian_width

import click

from appliance.foreign import printable
from appliance.values import frozen

FOR_PROGRAMS = "For programs."

json_option = click.option("--json", "as_json", is_flag=True, help=FOR_PROGRAMS)

_GAP = 2
_LEAST = 24
"""Columns that the last column of a table has at least."""


@frozen
class Painted:
    """A text in a colour, `bold` or `dim`, where there are colours."""

    text: str
    style: str = ""

    def show(self, word: str) -> str:
        """A word of the text as the terminal takes it."""
        match self.style:
            case "":
                return word
            case "bold" | "dim":
                return click.style(word, **{self.style: True})
        return click.style(word, self.style)


Part = str | Painted


def say(text: str, *, error: bool = False) -> None:
    """A sentence to standard output, or standard error, in one line."""
    _last_line.clear()
    click.echo(shown(text), err=error)


def tell(*parts: Part, hang: int = 2) -> None:
    """A line of a page; where it is folded it goes on `hang` columns from the left."""
    _last_line.clear()
    for line in _folded(parts, _columns(), hang):
        click.echo(line.rstrip(), color=False if "NO_COLOR" in os.environ else None)


def say_page(text: str) -> None:
    """A text of many lines."""
    for line in text.splitlines():
        say(line)


def say_json(value: object, indent: int | None = 2) -> None:
    """The value as JSON, in characters that a terminal shows; on one line without `indent`."""
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    click.echo("".join(char if char.isprintable() or char == "\n" else json.dumps(char)[1:-1] for char in text))


def table(heads: Sequence[str], rows: Iterable[Sequence[Part]]) -> None:
    """Rows under their heads; where those do not stand side by side, row after row in lines of its own."""
    painted = _painted_rows(rows)
    widths = _widths([[Painted(head) for head in heads], *painted])
    before = sum(widths[:-1]) + _GAP * len(widths[:-1])
    if _columns() - before < min(widths[-1], _LEAST):
        for row in painted:
            tell(row[0])
            for head, cell in zip(heads[1:], row[1:], strict=True):
                if cell.text:
                    tell(f"  {head}: ", cell, hang=4)
        return
    for row in ([Painted(head, "dim") for head in heads], *painted):
        tell(*_side_by_side(row, widths), hang=before)


def entries(rows: Iterable[Sequence[Part]]) -> None:
    """Each row on one line or two, as far as it goes; its first cells are whole."""
    painted = _painted_rows(rows)
    widths, columns = _widths(painted), _columns()
    for row in painted:
        count = len(row)
        while sum(widths[: count - 1]) + _GAP * (count - 1) + cells(row[count - 1].text) > columns and count > 1:
            count -= 1
        tell(*_side_by_side(row[:count], widths))
        rest = "  ".join(cell.text for cell in row[count:])
        if rest:
            tell(f"  {cut(shown(rest), columns - 2)}")


_LONGEST_ESCAPE = len(r"\U0010ffff")


def shown(text: str) -> str:
    """`text`, what a terminal would obey or turn round escaped."""
    return printable(text, _LONGEST_ESCAPE * len(text))


def cells(text: str) -> int:
    """Columns that `text` takes on a terminal."""
    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)


def cut(text: str, columns: float) -> str:
    """The beginning of `text`, in so many columns."""
    while cells(text) > columns:
        text = text[:-2] + "…"
    return text


class Progress:
    """How far something is that lasts, in one line that changes; only on a terminal."""

    @property
    def is_watched(self) -> bool:
        """Whether there is a terminal."""
        return sys.stderr.isatty()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        _last_line.clear()

    def tell(self, text: str) -> None:
        """Say how far it is now."""
        _last_line.show(text)


class _LastLine:
    """The line at the bottom of a terminal: it is gone before something else is said."""

    def __init__(self) -> None:
        self._is_there = False

    def show(self, text: str) -> None:
        if sys.stderr.isatty():
            self._is_there = True
            click.echo(f"\r\x1b[K{cut(shown(text), _columns() - 1)}", nl=False, err=True)

    def clear(self) -> None:
        if self._is_there:
            self._is_there = False
            click.echo("\r\x1b[K", nl=False, err=True)


_last_line = _LastLine()


def _columns() -> float:
    """Columns of the terminal, or as COLUMNS says; without end where there is none."""
    return shutil.get_terminal_size((0, 0)).columns or inf


def _painted(part: Part) -> Painted:
    return part if isinstance(part, Painted) else Painted(part)


def _painted_rows(rows: Iterable[Sequence[Part]]) -> list[list[Painted]]:
    return [[_painted(cell) for cell in row] for row in rows]


def _widths(rows: Sequence[Sequence[Painted]]) -> list[int]:
    return [max(cells(shown(cell.text)) for cell in column) for column in zip(*rows, strict=True)]


def _side_by_side(row: Sequence[Painted], widths: Sequence[int]) -> Iterator[Part]:
    for cell, width in zip(row, widths, strict=False):
        yield cell
        yield " " * (width - cells(shown(cell.text)) + _GAP)


def _folded(parts: Iterable[Part], columns: float, hang: int) -> Iterator[str]:
    """The lines, broken where there is a blank."""
    line, used = "", 0
    for part in map(_painted, parts):
        for word in re.findall(r"\s*\S+|\s+", shown(part.text)):
            if used + cells(word.rstrip()) > columns and word[0].isspace() and line.strip():
                yield line
                line, used, word = " " * hang, hang, word.lstrip()
            line += part.show(word)
            used += cells(word)
    yield line

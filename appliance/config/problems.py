"""Problems of a configuration file: where each stands, and how all of them are told."""

from collections.abc import Mapping

from appliance.config.document import Place
from appliance.errors import ConfigError
from appliance.foreign import printable
from appliance.phrases import counted

_MOST_PROBLEMS = 20
"""So many are told; whoever has more has another file in hand."""

Placed = tuple[int, Place, str]
"""A problem: its line, its place in the file, and what it is."""


def error_of(source: str, problems: list[Placed]) -> ConfigError:
    """All of them as one error, in the order of their lines."""
    lines = dict.fromkeys(in_words(source, each) for each in sorted(problems, key=lambda each: each[0]))
    shown = list(lines)[:_MOST_PROBLEMS]
    if more := len(lines) - len(shown):
        shown.append(f"{source}: and {counted(more, 'problem')} more")
    return ConfigError(*shown)


def in_words(source: str, problem: Placed) -> str:
    """A problem on one line."""
    line, path, words = problem
    return f"{source}:{line}: {dotted(path)}{': ' if path else ''}{words}"


def line_of(lines: Mapping[Place, int], path: Place) -> int:
    """The line of a value, or of the nearest one around it."""
    return next((lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in lines), lines[()])


def dotted(path: Place) -> str:
    """A place as people write it: `destinations.shelf.path`."""
    name = "".join(f"[{part}]" if isinstance(part, int) else f".{printable(part)}" for part in path)
    return name.removeprefix(".")

"""What a bench finds out, and the page it goes to."""

import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from attrs import frozen

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
_BEGIN, _END = "<!-- results -->", "<!-- /results -->"


@frozen
class Result:
    """One line of the table: what was measured, against what, and whether it holds."""

    what: str
    measured: str
    against: str
    limit: str
    holds: bool


def at_most(what: str, values: Sequence[float], limit: float, unit: str, against: str) -> Result:
    """The median of the values must not be above the limit."""
    middle = median(values)
    return Result(what, f"{middle:.4g}{unit}", against, f"at most {limit:g}{unit}", middle <= limit)


def at_least(what: str, values: Sequence[float], limit: float, unit: str, against: str) -> Result:
    """The median of the values must not be below the limit."""
    middle = median(values)
    return Result(what, f"{middle:.4g}{unit}", against, f"at least {limit:g}{unit}", middle >= limit)


def table(results: Sequence[Result]) -> str:
    """A table in Markdown."""
    lines = ["| what | measured | against | limit | holds |", "|---|---|---|---|---|"]
    lines += [
        f"| {each.what} | {each.measured} | {each.against} | {each.limit} | {'yes' if each.holds else '**no**'} |"
        for each in results
    ]
    return "\n".join(lines)


def write_page(results: Sequence[Result], command: str) -> None:
    """Put what this run has found into the table of the page on performance, in the place of what it told before."""
    text = PAGE.read_text()
    before, rest = text.split(_BEGIN)
    told, after = rest.split(_END)
    heading, rule, *rows = table(results).splitlines()
    lines = {_what(line): line for line in told.splitlines() if line.startswith("| ") and _what(line) != "what"}
    lines |= {_what(row): f"{row} {datetime.now(UTC):%Y-%m-%d} |" for row in rows}
    machine = f"{platform.machine()}, Python {platform.python_version()}"
    content = "\n".join((f"{heading} measured on |", f"{rule}---|", *lines.values()))
    PAGE.write_text(f"{before}{_BEGIN}\n`{command}`, {machine}:\n\n{content}\n{_END}{after}")


def _what(row: str) -> str:
    return row.split(" | ")[0].removeprefix("| ")

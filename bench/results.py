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
    """Put the table of this run into the page on performance."""
    text = PAGE.read_text()
    before, rest = text.split(_BEGIN)
    _, after = rest.split(_END)
    machine = f"{platform.machine()}, Python {platform.python_version()}"
    when = f"{datetime.now(UTC):%Y-%m-%d}, `{command}`, {machine}:"
    PAGE.write_text(f"{before}{_BEGIN}\n{when}\n\n{table(results)}\n{_END}{after}")

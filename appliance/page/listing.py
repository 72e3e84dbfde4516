"""The list of clips as the page shows it: what is looked for, and parts put together to recordings."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from appliance.control import client
from appliance.errors import UsageError
from appliance.page.words import VERDICTS, clock

Plain = dict[str, Any]

SEARCH = ("text", "label", "verdict", "state", "starred", "since", "until")
"""What a search may say."""

VERDICT_CHOICES = {"": "any", **VERDICTS, "ok": "Nothing is odd"}
STATE_CHOICES = {
    "": "anywhere",
    "delivered": "arrived somewhere",
    "pending": "waits",
    "sending": "being sent",
    "parked": "waits for a person",
}


def wanted(query: Mapping[str, str]) -> Plain:
    """The arguments of `clips.list` that a form asks for. Raises UsageError."""
    found: Plain = {name: query[name] for name in ("text", "label", "verdict", "state") if query.get(name)}
    if query.get("starred"):
        found["starred"] = True
    if query.get("since"):
        found["since_ns"] = _day(query["since"], 0)
    if query.get("until"):
        found["until_ns"] = _day(query["until"], 1)
    return found


def _day(text: str, later: int) -> int:
    """The beginning of the day, or of one `later`, by the time of the box, in ns since 1970."""
    try:
        return round((datetime.fromisoformat(text[:10]) + timedelta(days=later)).timestamp()) * 10**9
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{text!r} is no day. Say 2026-11-22") from error


def to_the_end(found: list[Plain], more: Callable[[str], Sequence[Plain]], most: int) -> list[Plain]:
    """Clips, newest first, and behind them those that carry on the last recording; `more` gives those after an id.

    Adds `most` at most.
    """
    limit = len(found) + most
    while found and found[-1]["clip"]["continues"] and len(found) < limit:
        following = more(found[-1]["clip"]["id"])
        before = [each for each in following[:1] if each["clip"]["id"] == found[-1]["clip"]["continues"]]
        if not before:
            return found
        found = found + before
    return found


def recordings(entries: Sequence[Plain]) -> list[Plain]:
    """Clips, newest first, with those that carry each other on as one, under `parts` in the order of time.

    What is said of a recording stands with its first part.
    """
    chains = client.recordings(entries, lambda entry: entry)
    return [{**parts[0], "parts": parts, "length": clock(sum(part["seconds"] for part in parts))} for parts in chains]


def by_day(found: Sequence[Plain]) -> dict[str, list[Plain]]:
    """Recordings by the day on which they began."""
    days: dict[str, list[Plain]] = {}
    for each in found:
        days.setdefault(each["day"], []).append(each)
    return days

"""What a status code means for the next attempt."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime

from appliance.plugin import Permanent, Transient

PASSING = {408, 421, 423, 425, 429}
_TUNNEL = re.compile(r"Tunnel connection failed: (\d{3})")
_PROXY_REFUSES = {
    403: "the proxy forbids that address. Ask whoever runs it",
    407: "the proxy wants credentials. Put them into HTTPS_PROXY",
}
_ANYWHERE = {511: "this network has a login page"}
_LONGEST_WAIT = 86_400.0
_MOST_WORDS = 200


def status_error(
    status: int, reason: str, headers: Mapping[str, str], body: bytes, words: Mapping[int, str], who: str
) -> Permanent | Transient:
    """The error that an unwanted status stands for. `words` says for a status what it means and what to do."""
    said = excerpt(headers, body)
    message = f"{who} answers {status} {reason}".rstrip()
    if meaning := words.get(status) or _ANYWHERE.get(status):
        message += f": {meaning}"
    if said:
        message += f' (it says "{said}")'
    if status in PASSING or 500 <= status <= 599:
        return Transient(message, retry_after=retry_after(headers, datetime.now(UTC)))
    return Permanent(message)


def proxy_refusal(said: str) -> str:
    """What a person must do where a proxy opens no tunnel, going by the words of http.client; empty where nothing."""
    match = _TUNNEL.search(said)
    return _PROXY_REFUSES.get(int(match[1]), "") if match else ""


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """The wait in seconds that the header Retry-After asks for (RFC 9110, 10.2.3), a day at most.

    A date is taken relative to the server's own header Date, so that a box with a wrong clock waits as long as it
    should; `now` stands in where there is none.
    """
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return float(min(int(text[:9]), _LONGEST_WAIT))
    until = _date(text)
    if until is None:
        return None
    seconds = (until - (_date(headers.get("Date", "")) or now)).total_seconds()
    return min(max(seconds, 0.0), _LONGEST_WAIT) if math.isfinite(seconds) else None


def _date(text: str) -> datetime | None:
    from email.utils import parsedate_to_datetime

    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return date if date.tzinfo is not None else date.replace(tzinfo=UTC)


def excerpt(headers: Mapping[str, str], body: bytes) -> str:
    """The body as one short line, where it is meant to be read: not a web page."""
    kind = headers.get("Content-Type", "").split(";")[0].strip().lower()
    if kind not in ("text/plain", "application/json", "application/problem+json"):
        return ""
    line = " ".join(body.decode("utf-8", errors="replace").split())
    printable = "".join(character for character in line if character.isprintable())
    return printable if len(printable) <= _MOST_WORDS else printable[: _MOST_WORDS - 3] + "..."

"""Where a clip lies that was delivered, for whoever has it deleted there."""

from urllib.parse import urlsplit, urlunsplit

DELETE_ANSWERS = {
    401: "it does not accept the credentials. Check auth and headers",
    403: "it forbids to delete. Delete it there by hand, or give that user the right to",
}

_NOT_SHOWN = "***"

GONE = (404, 410)

NEVER = (405, 501)
"""Answers of servers that do not know what is asked."""


def place_of(remote_name: str, url: str) -> str | None:
    """The address that a receipt names, with the query of `url`, which it never shows; None where it names none there.

    What is not shown of an address is not known: no other one is made of it.
    """
    place, configured = urlsplit(remote_name), urlsplit(url)
    if place.scheme not in ("http", "https") or _NOT_SHOWN in remote_name or "{" in configured.query:
        return None
    return urlunsplit((place.scheme, place.netloc, place.path, configured.query, ""))

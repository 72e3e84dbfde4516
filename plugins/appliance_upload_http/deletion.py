"""Where a clip lies that was delivered, for whoever has it deleted there."""

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from appliance.plugin import Permanent, Transient, shown_url

if TYPE_CHECKING:
    from appliance_http.transport import Client

_MOST = 1 << 16
_ANSWERS = {
    401: "it does not accept the credentials. Check auth and headers",
    403: "it forbids to delete. Delete it there by hand, or give that user the right to",
}

_NOT_SHOWN = "***"

_GONE = (404, 410)

_NEVER = (405, 501)
"""Answers of servers that do not know what is asked."""


def place_of(remote_name: str, url: str) -> str | None:
    """The address that a receipt names, with the query of `url`, which it never shows; None where it names none there.

    What is not shown of an address is not known: no other one is made of it.
    """
    place, configured = urlsplit(remote_name), urlsplit(url)
    if place.scheme not in ("http", "https") or _NOT_SHOWN in remote_name or "{" in configured.query:
        return None
    return urlunsplit((place.scheme, place.netloc, place.path, configured.query, ""))


def is_gone(client: "Client", place: str, private: Mapping[str, str]) -> bool:
    """Whether the server says that nothing is there: some answer that they have deleted what never was."""
    from appliance_http.transport import Request

    with client.exchange(Request("HEAD", place, private=dict(private)), lambda: None) as answer:
        return answer.status in _GONE


def delete_at(client: "Client", place: str, private: Mapping[str, str], host: str) -> bool:
    """Delete what is at that URL, and look whether it is gone; whether it was there.

    Raises Permanent and Transient.
    """
    from appliance_http.statuses import status_error
    from appliance_http.transport import Request

    there = False
    for method, gone in (("DELETE", (*range(200, 300), *_GONE)), ("HEAD", (*_GONE, *_NEVER))):
        with client.exchange(Request(method, place, private=dict(private)), lambda: None) as answer:
            said = answer.head(_MOST)
        if method == "HEAD" and 200 <= answer.status <= 299:
            raise Transient(f"{host} says that it deletes {shown_url(place)}, and still has it")
        if answer.status in _NEVER and method == "DELETE":
            raise Permanent(f"{host} lets nobody delete ({answer.status}): delete it there by hand")
        if answer.status not in gone:
            raise status_error(answer.status, answer.reason, answer.headers, said, _ANSWERS, host)
        there = there or answer.status not in _GONE + _NEVER
    return there

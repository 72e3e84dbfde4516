"""Addresses and headers as a configuration may name them: nothing is sent in the clear, or shown, by accident."""

import ipaddress
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from appliance.config.options import Secret
from appliance.redact import shown_url

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_LONGEST_LABEL = 63
"""Characters between two dots of a host's name (RFC 1035, 2.3.4)."""

_OURS = {
    "connection",
    "content-length",
    "content-type",
    "expect",
    "host",
    "idempotency-key",
    "te",
    "trailer",
    "transfer-encoding",
}


def check_url(url: str, *, allow_http: bool) -> None:
    """Raise ValueError unless `url` is one to send recordings to or to pull from."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(f"not a valid URL: {url!r} ({error})") from error
    labels = (host or "").removesuffix(".").split(".")
    if (
        parts.scheme not in ("http", "https")
        or not host
        or not all(0 < len(label) <= _LONGEST_LABEL for label in labels)
        or re.search(r"[\s\x00-\x1f\ud800-\udfff]", url)
    ):
        raise ValueError(f"not a valid URL: {url!r}; expected https://HOST/PATH")
    if parts.username is not None or parts.password is not None:
        raise ValueError("a URL is shown in messages and must not hold a password: move it to `auth` or `headers`")
    if parts.scheme == "http" and not allow_http and not is_loopback(host):
        raise ValueError(
            f"{shown_url(url)} is not encrypted: anybody on the way can listen, and change what is sent. Use https, or "
            "add the line `allow_http: true`"
        )


def check_headers(headers: Mapping[str, Secret]) -> None:
    """Raise ValueError where a header cannot be set by configuration (RFC 9110, 5)."""
    for name, value in headers.items():
        if not _TOKEN.fullmatch(name):
            raise ValueError(f"{name!r} is not a header name")
        if name.lower() == "referer":
            raise ValueError("the header Referer is not sent: a box refers from nowhere")
        if name.lower() in _OURS:
            raise ValueError(f"the header {name} cannot be set: it follows from what is sent")
        text = value.reveal()
        if re.search(r"[\x00-\x08\x0a-\x1f\x7f]", text) or text != text.strip() or not _is_latin(text):
            raise ValueError(f"the value of the header {name} holds characters that a header cannot carry")


def is_loopback(host: str) -> bool:
    """Whether the host is this very machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _is_latin(text: str) -> bool:
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True

"""A source of Icecast: one connection over which sound goes (PUT with `Expect: 100-continue`, Icecast 2.4)."""

import base64
import re
import socket
import ssl
import time
from urllib.parse import quote, urlsplit

from appliance.plugin import Permanent, Transient
from appliance_icecast.options import IcecastOptions

TIMEOUT = 4.0
"""Seconds that the server may be silent, or take nothing: less than the sound that waits for a service."""

_MOST_HEAD = 65_536

_MEANINGS = {
    401: "it does not accept the password. Check user and password",
    403: "it takes no stream there: another source uses the mount point, or it takes no more sources",
    404: "it has no such mount point. Check url",
}


class Source:
    """Open from its making to `close`. Raises Transient, and Permanent where a person must act."""

    def __init__(self, options: IcecastOptions, media_type: str, device: str) -> None:
        parts = urlsplit(options.url)
        self._host = parts.hostname or ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            self._socket = socket.create_connection((self._host, port), TIMEOUT)
            try:
                if parts.scheme == "https":
                    context = ssl.create_default_context(cafile=str(options.ca) if options.ca else None)
                    self._socket = context.wrap_socket(self._socket, server_hostname=self._host)
                self._socket.sendall(_head(options, f"{self._host}:{port}", media_type, device))
                self._check(self._answer())
            except BaseException:
                self._socket.close()
                raise
        except OSError as error:
            raise Transient(f"{self._host} cannot be reached: {error.strerror or error}") from error

    def send(self, data: bytes) -> None:
        """Send what comes next."""
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise Transient(f"{self._host} takes no more: {error.strerror or error}") from error

    def close(self) -> None:
        """End the stream."""
        self._socket.close()

    def _answer(self) -> bytes:
        head, until = b"", time.monotonic() + TIMEOUT
        while b"\r\n\r\n" not in head and len(head) < _MOST_HEAD:
            self._socket.settimeout(max(0.01, until - time.monotonic()))  # one that drips would hold us for hours
            received = self._socket.recv(4096)
            if not received:
                raise Transient(f"{self._host} closed the connection without an answer")
            head += received
        self._socket.settimeout(TIMEOUT)
        return head

    def _check(self, head: bytes) -> None:
        found = re.match(rb"HTTP/\S+ (\d{3})(?!\S)([^\r\n]{0,200})", head)
        if not found:
            raise Permanent(f"{self._host} does not speak HTTP. Check url")
        status, reason = int(found[1]), found[2].decode("latin-1").strip()
        if status in (100, 200):
            return
        meaning = _MEANINGS.get(status, "look at its log")
        error = Permanent if status in (400, 401, 404, 405) else Transient
        raise error(f"{self._host} answers {status} {reason}".rstrip() + f": {meaning}")


def _head(options: IcecastOptions, host: str, media_type: str, device: str) -> bytes:
    parts = urlsplit(options.url)
    path = quote(parts.path or "/", safe="/%")
    secret = base64.b64encode(f"{options.user}:{options.password.reveal()}".encode()).decode()
    title = "".join(each if each.isprintable() else " " for each in options.title or device)
    lines = (
        f"PUT {path} HTTP/1.1",
        f"Host: {host}",
        f"Authorization: Basic {secret}",
        "User-Agent: Audio Appliance",
        f"Content-Type: {media_type}",
        f"Ice-Name: {title}",
        f"Ice-Public: {int(options.public)}",
        "Expect: 100-continue",
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode()

"""HTTPS, greeted on the thread of the connection: cheroot would have everybody wait for one who does not answer."""

import contextlib
import os
import ssl
from typing import Any

from cheroot.ssl.builtin import BuiltinSSLAdapter

_PLAIN = "This is HTTPS: write https:// before the address.\n"
_TO_PLAIN = (
    f"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: {len(_PLAIN)}\r\n"
    f"Connection: close\r\n\r\n{_PLAIN}"
)


class Adapter(BuiltinSSLAdapter):
    """What makes lines of TLS."""

    def wrap(self, sock: Any) -> tuple[ssl.SSLSocket, dict[str, str]]:
        """A line that nothing was said on yet."""
        return self.context.wrap_socket(sock, do_handshake_on_connect=False, server_side=True), {}

    def greet(self, line: Any) -> bool:
        """Shake hands on a line; False where that fails."""
        try:
            line.socket.do_handshake()
        except ssl.SSLError as error:
            if error.reason == "HTTP_REQUEST":
                with contextlib.suppress(OSError):
                    os.write(line.socket.fileno(), _TO_PLAIN.encode())
            return False
        except OSError:
            return False
        line.ssl_env = self.get_environ(line.socket)  # type: ignore[no-untyped-call]
        return True

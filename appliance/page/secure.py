"""HTTPS, whose handshake is waited for by the thread that answers, and not by the one that hears of all who come."""

from socket import socket
from ssl import SSLSocket

from cheroot.server import HTTPConnection
from cheroot.ssl.builtin import BuiltinSSLAdapter

_TOLD = {"wsgi.url_scheme": "https", "HTTPS": "on"}


class Adapter(BuiltinSSLAdapter):
    """Takes lines as they come; each is to be a `Connection`."""

    def wrap(self, sock: socket) -> tuple[SSLSocket, dict[str, str]]:
        return self.context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False), _TOLD


class Connection(HTTPConnection):
    """A line that shakes hands before the first request. Who does not speak TLS is hung up on."""

    def communicate(self) -> bool:
        try:
            self.socket.do_handshake()
        except OSError:
            return False
        going_on: bool = super().communicate()  # type: ignore[no-untyped-call]
        return going_on

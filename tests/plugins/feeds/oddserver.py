"""A web server on 127.0.0.1 whose answers are written byte by byte, as odd as they are wanted."""

import contextlib
import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Mapping

BLOCK = 16_384


class Line:
    """One connection, on which one request was asked."""

    def __init__(self, server: "OddServer", connection: socket.socket, headers: Mapping[str, str], body: bytes) -> None:
        self.server = server
        self.headers = headers
        self.body = body
        self._connection = connection

    def send(self, content: bytes) -> None:
        self._connection.sendall(content)

    def head(self, status: str, **headers: object) -> None:
        lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        self.send(f"HTTP/1.1 {status}\r\nConnection: close\r\n{lines}\r\n".encode())

    def reset(self) -> None:
        """Close so that the peer sees ECONNRESET."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._connection.close()

    def wait(self, seconds: float) -> bool:
        """Whether the server ends meanwhile."""
        return self.server.closing.wait(seconds)


Answer = Callable[[Line], None]


class OddServer(socketserver.ThreadingTCPServer):
    """What is at each path: an answer, or the bytes of a file with a tag. `asked` are the paths in order.

    `neighbour` is the port of another service here, and `size` what somebody else says of how long a file is.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.at: dict[str, Answer | bytes] = {}
        self.asked: list[str] = []
        self.neighbour = 0
        self.size = 0
        self.closing = threading.Event()
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def url(self, path: str, port: int = 0) -> str:
        return f"http://127.0.0.1:{port or self.port}{path}"

    def close(self) -> None:
        self.closing.set()
        self.shutdown()
        self.server_close()


class _Handler(socketserver.StreamRequestHandler):
    server: OddServer

    def handle(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            path = self.rfile.readline().decode().split(" ")[1]
            headers = dict[str, str]()
            while line := self.rfile.readline().decode().strip():
                name, _, value = line.partition(": ")
                headers[name.lower()] = value
            body = self.rfile.read(int(headers.get("content-length", "0")))
            self.server.asked.append(path)
            found = self.server.at.get(path, _missing)
            answer = give(found) if isinstance(found, bytes) else found
            answer(Line(self.server, self.connection, headers, body))


def _missing(line: Line) -> None:
    line.head("404 Not Found", Content_Length=0)


def give(content: bytes, kind: str = "audio/x-wav", tag: str = "") -> Answer:
    """A file as it should be: with a tag, and from any byte."""
    tag = tag or f'"{hash(content)}"'

    def answer(line: Line) -> None:
        told = {"Content_Type": kind, "ETag": tag}
        if line.headers.get("if-none-match") == tag:
            line.head("304 Not Modified", **told)
        elif line.headers.get("if-range") == tag:
            start = int(line.headers["range"].removeprefix("bytes=").removesuffix("-"))
            where = f"bytes {start}-{len(content) - 1}/{len(content)}"
            line.head("206 Partial Content", Content_Range=where, Content_Length=len(content) - start, **told)
            line.send(content[start:])
        else:
            line.head("200 OK", Content_Length=len(content), **told)
            line.send(content)

    return answer

"""A receiver for recordings, to begin with: python3 receiver.py FOLDER TOKEN [PORT].

It keeps each file that is PUT, whole or not at all, and answers with the SHA-256 of what lies on its disk: the box then
knows that the recording arrived. Put a web server that speaks HTTPS in front of it.
"""

import hashlib
import hmac
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

BLOCK = 1 << 20


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    folder: Path
    token: str

    def do_PUT(self) -> None:
        name = unquote(self.path).rpartition("/")[2]
        if not hmac.compare_digest(self.headers.get("Authorization", ""), f"Bearer {self.token}"):
            return self.answer(401, "who are you?")
        if not name or name.startswith(".") or "\0" in name or "Content-Length" not in self.headers:
            return self.answer(400, "a file with a name and a length, please")
        partial = self.folder / f".{name}.{os.getpid()}.{id(self)}.part"
        try:
            with partial.open("wb") as file:
                self.take(file, int(self.headers["Content-Length"]))
                file.flush()
                os.fsync(file.fileno())
            with partial.open("rb") as file:
                checksum = hashlib.file_digest(file, "sha256").hexdigest()
            partial.replace(self.folder / name)
        except ConnectionError:
            self.close_connection = True  # the box sends it again
            return None
        finally:
            partial.unlink(missing_ok=True)
        return self.answer(201, "stored\n", checksum)

    def take(self, file, size: int) -> None:
        while size:
            block = self.rfile.read(min(size, BLOCK))
            if not block:
                raise ConnectionError("it broke off")
            file.write(block)
            size -= len(block)

    def answer(self, status: int, words: str, checksum: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(words)))
        if checksum:
            self.send_header("X-Content-SHA256", checksum)
        else:
            self.close_connection = True  # what is left of the request is not read
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(words.encode())


if __name__ == "__main__":
    Receiver.folder, Receiver.token = Path(sys.argv[1]), sys.argv[2]
    port = int(sys.argv[3]) if len(sys.argv) > 3 else 8080
    with ThreadingHTTPServer(("127.0.0.1", port), Receiver) as server:
        print(f"receiving at http://127.0.0.1:{server.server_address[1]}/", flush=True)
        server.serve_forever()

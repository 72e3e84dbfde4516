"""The demo's other ends: an HTTP receiver that takes uploads, and a file that waits to be pulled."""

import hashlib
import json
import threading
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class OtherEnd(ThreadingHTTPServer):
    """Serves `served` at /message.flac, and keeps in `received` what is posted to /upload as multipart/form-data."""

    daemon_threads = True

    def __init__(self, served: Path, received: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.served = served
        self.received = received
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, name="other-end", daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    server: OtherEnd

    def do_GET(self) -> None:
        content = self.server.served.read_bytes()
        self._answer("audio/flac", content)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        message = BytesParser(policy=HTTP).parsebytes(
            b"Content-Type: " + self.headers["Content-Type"].encode() + b"\r\n\r\n" + body
        )
        part = next(part for part in message.iter_parts() if part.get_filename())
        content = bytes(part.get_content())
        (self.server.received / str(part.get_filename())).write_bytes(content)
        self._answer("application/json", json.dumps({"sha256": hashlib.sha256(content).hexdigest()}).encode())

    def _answer(self, content_type: str, content: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: the demo tells what matters."""

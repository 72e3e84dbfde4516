"""The Bot API of Telegram on 127.0.0.1, as https://core.telegram.org/bots/api describes it."""

import json
import re
import threading
from collections.abc import Iterator
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

TOKEN = "123456789:AAF-hush_hush-of-the-bot"


class BotApi(ThreadingHTTPServer):
    """One bot, its chats, and what is said in them. `asked` are the methods; `sent` what the bot said, by message id.

    `answers` are given in the place of what would be, by method: a status and what is said with it.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.chats: dict[str, dict[str, Any]] = {}
        self.updates: list[dict[str, Any]] = []
        self.files: dict[str, bytes] = {}
        self.sent: dict[int, tuple[str, dict[str, str], str, bytes]] = {}
        self.old: set[int] = set()
        """Messages that were sent more than two days ago."""
        self.asked: list[str] = []
        self.answers: dict[str, tuple[int, dict[str, Any]]] = {}
        self.cut: int | None = None
        self._next = 1
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def number(self) -> int:
        self._next += 1
        return self._next

    def say(self, chat: int, kind: str, content: bytes, *, words: str = "", **about: Any) -> int:
        """Somebody says something in a chat; the id of the message."""
        number, name = self.number(), f"file-{self.number()}"
        self.files[name] = content
        file = {"file_id": name, "file_unique_id": name, "file_size": len(content), **about}
        message: dict[str, Any] = {
            "message_id": number,
            "from": {"id": chat, "is_bot": False, "first_name": "Anna"},
            "chat": {"id": chat, "type": "private", "first_name": "Anna", "username": "anna_at_home"},
            "date": 1_800_000_000,
            kind: file,
        }
        if words:
            message["caption"] = words
        self.updates.append({"update_id": self.number(), "message": message})
        return number

    def sound(self, name: str) -> bytes:
        return self.sent[int(name.rpartition("/")[2])][3]


class _Handler(BaseHTTPRequestHandler):
    server: BotApi

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        path = urlsplit(self.path)
        if unquote(path.path).startswith(prefix := f"/file/bot{TOKEN}/"):
            return self._file(unquote(path.path).removeprefix(prefix))
        if not unquote(path.path).startswith(prefix := f"/bot{TOKEN}/"):
            return self._say(401, {"ok": False, "error_code": 401, "description": "Unauthorized"})
        method = path.path.rpartition("/")[2]
        self.server.asked.append(method)
        if method in self.server.answers:
            return self._say(*self.server.answers[method])
        arguments: dict[str, Any] = {name: values[0] for name, values in parse_qs(path.query).items()}
        kind = self.headers.get("Content-Type", "")
        file = ("", "", b"")
        if kind == "application/json":
            arguments |= json.loads(body)
        elif kind.startswith("multipart/form-data"):
            form = message_from_bytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body)
            for part in form.walk():
                name = part.get_param("name", header="content-disposition")
                content = part.get_payload(decode=True)
                if part.get_filename():
                    called = re.search(rb'filename="([^"]*)"', body)
                    assert isinstance(content, bytes) and called
                    file = (str(name), called[1].decode(), content)
                elif name:
                    assert isinstance(content, bytes)
                    arguments[str(name)] = content.decode()
        handle = getattr(self, f"_{method}", None)
        if handle is None and method.startswith("send"):
            return self._sent(method, arguments, file)
        if handle is None:
            return self._say(404, {"ok": False, "error_code": 404, "description": "Not Found"})
        handle(arguments)

    do_POST = do_GET

    def _getMe(self, _: dict[str, Any]) -> None:
        self._result({"id": 123456789, "is_bot": True, "first_name": "Box", "username": "our_box_bot"})

    def _getChat(self, arguments: dict[str, Any]) -> None:
        if chat := self._chat(arguments):
            self._result(chat)

    def _getUpdates(self, arguments: dict[str, Any]) -> None:
        """What is older than `offset` is forgotten for good."""
        offset, limit = int(arguments.get("offset", 0)), int(arguments.get("limit", 100))
        if offset > 0:
            self.server.updates = [each for each in self.server.updates if each["update_id"] >= offset]
        kinds = {"update_id", *arguments["allowed_updates"]}
        self._result([each for each in self.server.updates if each.keys() <= kinds][:limit])

    def _getFile(self, arguments: dict[str, Any]) -> None:
        name = arguments["file_id"]
        content = self.server.files.get(name)
        if content is None:
            return self._refuse(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        if len(content) > 20_000_000:
            return self._refuse(400, "Bad Request: file is too big")
        self._result({"file_id": name, "file_unique_id": name, "file_size": len(content), "file_path": f"voice/{name}"})

    def _deleteMessage(self, arguments: dict[str, Any]) -> None:
        """A bot may delete what it has sent less than two days ago."""
        if self._chat(arguments) is None:
            return
        if arguments["message_id"] not in self.server.sent:
            return self._refuse(400, "Bad Request: message to delete not found")
        if arguments["message_id"] in self.server.old:
            return self._refuse(400, "Bad Request: message can't be deleted for everyone")
        del self.server.sent[arguments["message_id"]]
        self._result(True)

    def _sent(self, method: str, arguments: dict[str, Any], file: tuple[str, str, bytes]) -> None:
        chat = self._chat(arguments)
        if chat is None:
            return
        kind = method.removeprefix("send").lower()
        field, name, content = file
        if field != kind:
            return self._refuse(400, f"Bad Request: there is no {kind} in the request")
        number = self.server.number()
        self.server.sent[number] = method, arguments, name, content
        about = {"file_id": f"file-{number}", "file_unique_id": "x", "file_size": len(content)}
        self._result({"message_id": number, "chat": chat, "date": 1_800_000_000, kind: about})

    def _chat(self, arguments: dict[str, Any]) -> dict[str, Any] | None:
        chat = self.server.chats.get(str(arguments.get("chat_id", "")))
        if chat is None:
            self._refuse(400, "Bad Request: chat not found")
        return chat

    def _file(self, path: str) -> None:
        content = self.server.files.get(path.removeprefix("voice/"))
        if content is None:
            return self._refuse(404, "Not Found")
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: self.server.cut])

    def _result(self, result: object) -> None:
        self._say(200, {"ok": True, "result": result})

    def _refuse(self, status: int, words: str) -> None:
        self._say(status, {"ok": False, "error_code": status, "description": words})

    def _say(self, status: int, words: dict[str, Any]) -> None:
        body = json.dumps(words).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def api() -> Iterator[BotApi]:
    server = BotApi()
    yield server
    server.shutdown()
    server.server_close()

"""Answers of HTTP: errors as problems, bytes of files by ranges, files of our own with their tags."""

import gzip
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit
from zlib import crc32

import bottle
from bottle import HTTPResponse, request

from appliance import errors
from appliance.errors import ApplianceError
from appliance.page import hints, languages, sentences, views
from appliance.page.pieces import Piece
from appliance.page.sending import PIECES
from appliance.values import frozen

FOLDER = Path(__file__).parent
"""Where views and files of our own lie."""

API = "/api/v1"
"""Where programs ask."""

_SAID = r'\bt\("((?:[^"\\\\]|\\\\.)*)"'

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
"""What WSGI calls one (PEP 3333)."""

STATUSES: Mapping[type[ApplianceError], int] = {
    errors.UsageError: 400,
    errors.NotFound: 404,
    errors.ConfigError: 409,
    errors.Refused: 409,
    errors.Unplayable: 422,
    errors.Permanent: 422,
    errors.NotRunning: 503,
    errors.TooSlow: 504,
    errors.StorageError: 507,
}
"""The status code of each of our errors; all others are 500."""

SAFE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; "
        "connect-src 'self'; form-action 'self'; manifest-src 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(self)",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""What goes with every answer."""

_RANGE = re.compile(r"bytes=([0-9]{0,19})-([0-9]{0,19})")
_NUMBER = re.compile("[0-9]{1,18}")
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}


HTTPS_ALONE = {"Strict-Transport-Security": "max-age=15552000"}
"""What goes with every answer where the certificate is one that browsers know: half a year (RFC 6797)."""


def safe(app: Application, more: Mapping[str, str]) -> Application:
    """The application, whose every answer has the headers that keep a browser from harm, and `more`.

    Nobody on the way keeps an answer that does not say how long it may be kept.
    """

    def answered(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        def begin(status: str, headers: list[tuple[str, str]], error: Any = None) -> Any:
            kept = any(name.lower() == "cache-control" for name, _ in headers)
            unkept = [] if kept else [("Cache-Control", "no-store")]
            return start(status, [*headers, *unkept, *SAFE_HEADERS.items(), *more.items()], error)

        return app(_readable(environ), begin)

    return answered


def _readable(environ: dict[str, Any]) -> dict[str, Any]:
    """A request whose headers are UTF-8, as bottle wants them: question marks stand in one that is not."""
    for name, value in environ.items():
        if name.startswith(("HTTP_", "CONTENT_")) and not value.isascii():
            try:
                value.encode("latin-1").decode()
            except UnicodeError:
                environ[name] = value.encode("ascii", "replace").decode()
    return environ


def status_of(error: ApplianceError) -> int:
    """The status code that says what kind of error this is."""
    return next((code for cls, code in STATUSES.items() if isinstance(error, cls)), 500)


def view(name: str, **values: Any) -> str:
    """A page, which nobody keeps: what it shows is of this moment."""
    bottle.response.set_header("Cache-Control", "no-store")
    return rendered(name, **{"seen_at": again(), **values})


def rendered(name: str, **values: Any) -> str:
    """A page of ours with these values."""
    language = languages.current()
    spoken: dict[str, Any] = {
        "_": languages._,
        "several": languages.several,
        "language": language,
        "languages": languages.LANGUAGES,
    }
    spoken |= {"sentence": sentences.sentence, "is_said": sentences.is_said}
    spoken |= {"option": sentences.option, "hint": hints.hint}
    spoken["script_words"] = partial(_script_words, language.code)
    return views.rendered(str(FOLDER / "views"), name, {"quote": quote, **spoken, **values})


@cache
def script_words() -> set[str]:
    """What the scripts say."""
    scripts = (FOLDER / "static").glob("*.js")
    return {text for path in scripts for text in re.findall(_SAID, path.read_text("utf-8"))}


@cache
def _script_words(code: str) -> str:
    """The words of the scripts in a language, as JSON that can stand in markup."""
    known = languages.all_words(code)
    return json.dumps({text: known[text] for text in script_words() if text in known}).replace("<", "\\u003c")


def back() -> str:
    """The page of ours that somebody comes from."""
    asked = request.forms.getunicode("back") or request.query.getunicode("back") or "/"
    try:
        path = urlsplit(asked).path
    except ValueError:
        path = "/"
    return quote(path) if path.startswith("/") and not path.startswith(("//", "/\\")) else "/"


def again() -> str:
    """The page from which what was asked for just now can be asked for again."""
    if request.method in ("GET", "HEAD"):
        return str(request.path)
    if "back" in request.forms:
        return back()
    try:
        came = urlsplit(str(request.get_header("Referer", "/")))
    except ValueError:
        return "/"
    return f"{came.path}?{came.query}".rstrip("?") if came.netloc == request.get_header("Host") else "/"


def problem(code: int, detail: str, **headers: str) -> HTTPResponse:
    """An error as a program reads it (RFC 9457)."""
    body = json.dumps({"status": code, "detail": detail})
    return HTTPResponse(body, code, {"Content-Type": "application/problem+json", **headers})


def as_json(value: object) -> HTTPResponse:
    """An answer that is never kept by anybody on the way."""
    return HTTPResponse(json.dumps(value), 200, {"Content-Type": "application/json", "Cache-Control": "no-store"})


def query() -> dict[str, str]:
    """The query of the address; what is no UTF-8 in it is left out."""
    return {name: text for name in request.query if (text := request.query.getunicode(name))}


def number(text: str) -> int | None:
    """What somebody wrote as a number; None where it is none that a number of ours can be."""
    return int(text) if _NUMBER.fullmatch(text) else None


def ranges() -> tuple[str | None, str | None]:
    """Which part of an answer is asked for: the headers Range and If-Range."""
    return request.get_header("Range"), request.get_header("If-Range")


def wanted(header: str | None, size: int) -> tuple[int, int] | None:
    """First and last byte that a header `Range` asks for (RFC 9110, 14.2); None where it is to be ignored.

    Raises ValueError where there are no such bytes.
    """
    found = _RANGE.fullmatch(header or "")
    if not found or found[0] == "bytes=-":
        return None
    if not found[1]:
        first, last = max(0, size - int(found[2])), size - 1
    else:
        first, last = int(found[1]), min(int(found[2] or size), size - 1)
    if found[1] and found[2] and int(found[2]) < int(found[1]):
        return None
    if first > last:
        raise ValueError(f"there are {size} bytes")
    return first, last


def part(size: int, tag: str, range: str | None, condition: str | None) -> tuple[int, int, int, dict[str, str]]:
    """Status code, first byte, count of bytes and headers of an answer that may be a part of the whole.

    `condition` is the header If-Range: a part is sent only where the whole still has the `tag`.
    """
    headers = {"Accept-Ranges": "bytes", "ETag": f'"{tag}"'}
    try:
        found = wanted(range, size) if condition in (None, f'"{tag}"') else None
    except ValueError:
        return 416, 0, 0, {**headers, "Content-Range": f"bytes */{size}"}
    first, last = found or (0, size - 1)
    count = last - first + 1
    headers["Content-Length"] = str(count)
    if found:
        headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    return (206 if found else 200), first, count, headers


def sent(pieces: Iterator[Piece], code: int, headers: Mapping[str, str]) -> HTTPResponse:
    """An answer of pieces, whose length stands in its headers."""
    if code != 416:
        request.environ[PIECES] = pieces
    return HTTPResponse(status=code, headers=dict(headers))


@frozen
class Static:
    """A file of our own: its bytes, also compressed, and a tag that changes with them."""

    content: bytes
    compressed: bytes
    tag: str
    type: str

    @classmethod
    def read(cls, path: Path) -> "Static":
        """The file at `path`."""
        content = path.read_bytes()
        tag = f"{crc32(content):08x}{len(content):x}"
        return cls(content, gzip.compress(content, mtime=0), tag, _TYPES[path.suffix])

    def answer(self, headers: Mapping[str, Any]) -> HTTPResponse:
        """What whoever asks with these headers gets."""
        told = {"ETag": f'"{self.tag}"', "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
        if f'"{self.tag}"' in (headers.get("If-None-Match") or ""):
            return HTTPResponse(status=304, headers=told)
        told["Content-Type"] = self.type
        if "gzip" in (headers.get("Accept-Encoding") or ""):
            return HTTPResponse(self.compressed, 200, {**told, "Content-Encoding": "gzip"})
        return HTTPResponse(self.content, 200, told)

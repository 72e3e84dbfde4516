"""Pulls what is new at a list of URLs into the inbox."""

import hashlib
import itertools
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, BinaryIO

from appliance.plugin import Cancelled, FeedJob, Permanent, Transient, shown_url
from appliance_download.begun import Begun
from appliance_download.naming import media_type, title_and_suffix
from appliance_download.options import UrlsOptions

if TYPE_CHECKING:
    from appliance_http.transport import Answer

_NO_AUDIO = ("text/", "application/json", "application/xml", "application/rss+xml", "application/atom+xml", "image/")
_MOST_WORDS = 4096
_LONGEST_VALIDATOR = 1000
_VALIDATORS = {"etag": "ETag", "last_modified": "Last-Modified"}
_CONDITIONS = {"etag": "If-None-Match", "last_modified": "If-Modified-Since"}

_WORDS = {
    401: "it does not accept the credentials. Check headers",
    403: "it does not give out the file. Check headers",
    404: "there is no file. Check urls",
    407: "the proxy wants credentials. Put them into HTTPS_PROXY",
    410: "the file is gone for good. Take it out of urls",
    429: "it wants to be asked less often. Set a longer `every`",
    503: "it is busy or down",
}


_PATIENT_TURNS = 10
"""Turns that a URL gets which does not come to its end in one, while all others have had theirs."""


class _Unchanged(Permanent):
    """What was pulled is what was pulled before."""


class _TurnOver(Cancelled):
    """The other URLs of the feed wait."""


class UrlsBackend:
    """Pulls each URL in turn; one that fails, or is slow, does not keep the others.

    A turn is as long as a server may be silent. Whatever takes longer lets the others go first. A file that broke off
    is gone on with where the server can do that (RFC 9110, 14), and is still the same.

    What is at a URL is asked for with the validators (RFC 9110, 8.8) of the last pull, so that an unchanged file costs
    one small exchange. Where the server offers none the file is pulled to find out, and kept only if it is another.
    """

    def __init__(self, options: UrlsOptions, clock_trusted: Callable[[], bool] = lambda: True) -> None:
        self._options = options
        self._clock_trusted = clock_trusted

    def pull(self, job: FeedJob) -> None:
        urls, turn = self._options.urls, self._options.timeouts.read
        left, failures = list(urls), list[Permanent | Transient]()
        for patience in (turn, turn * _PATIENT_TURNS) if len(urls) > 1 else (None,):
            waiting, left = left, []
            for url in waiting:
                try:
                    self._pull_one(url, job, patience)
                except _TurnOver:
                    left.append(url)
                except (Permanent, Transient) as error:
                    failures.append(error)
        failures += [
            Transient(f"{shown_url(url)} is too slow for the others: give it a feed of its own") for url in left
        ]
        if failures:
            raise _together(failures, len(urls))

    def probe(self) -> str:
        """Ask for each file, and take none."""
        for url in self._options.urls:
            with self._exchange(url, lambda: None) as answer:
                self._check(answer, url)
        count = len(self._options.urls)
        return "the file is there" if count == 1 else f"{count} files are there"

    def close(self) -> None:
        pass

    def _pull_one(self, url: str, job: FeedJob, turn: float | None) -> None:
        def stop() -> None:
            if job.cancelled():
                raise Cancelled(f"pulling {shown_url(url)} was stopped")
            if turn is not None and time.monotonic() - began > turn:
                raise _TurnOver(f"pulling {shown_url(url)} takes long")

        began = time.monotonic()
        stop()
        note = job.note(_name(url))
        begun = Begun.of(note, job.begun(url))
        with self._exchange(url, stop, _conditions(note) | begun.conditions()) as answer:
            job.answered(answer.status, answer.headers)
            if answer.status == 304:
                return
            if begun.is_refused_by(answer):
                job.save_note(_name(url), _without_begun(note))
                raise Transient(f"{shown_url(url)} does not go on where it broke off: it begins anew")
            self._check(answer, url)
            self._keep(answer, url, note, job, begun if answer.status == 206 else Begun())

    def _exchange(
        self, url: str, stop: Callable[[], None], conditions: Mapping[str, str] | None = None
    ) -> AbstractContextManager["Answer"]:
        """Ask for the file. `stop` raises Cancelled once this is to end."""
        from appliance_http.transport import ANY, Client, Request

        options = self._options
        private = {name: value.reveal() for name, value in options.headers.items()}
        client = Client(
            options.timeouts, options.tls, options.allow_http, ANY, self._clock_trusted, allow_local=options.allow_local
        )
        return client.exchange(Request("GET", url, headers=conditions or {}, private=private), stop)

    def _check(self, answer: "Answer", url: str) -> None:
        from appliance_http.statuses import status_error

        where = shown_url(url)
        if answer.status not in (200, 206):
            said = answer.head(_MOST_WORDS)
            raise status_error(answer.status, answer.reason, answer.headers, said, _WORDS, where)
        kind = media_type(answer.headers)
        if kind.startswith(_NO_AUDIO):
            portal = ", unless this network has a login page" if kind == "text/html" else ""
            raise Permanent(f"{where} is no sound but {kind}: set urls to the audio file itself{portal}")
        if _is_live(answer):
            raise Permanent(f"{where} is a live stream, which never ends: set urls to files")
        self._check_size(_length(answer), where)

    def _check_size(self, size: int | None, where: str) -> None:
        if size is not None and size > self._options.max_size:
            raise Permanent(
                f"{where} is larger than max_size allows ({self._options.max_size / 1e6:g} MB): set a larger max_size"
            )

    def _keep(self, answer: "Answer", url: str, note: dict[str, object], job: FeedJob, begun: Begun) -> None:
        """Let the body in as a new track, unless it is there already."""
        validators = begun.validators or {
            name: text
            for name, header in _VALIDATORS.items()
            if (text := answer.headers.get(header, "")) and len(text) <= _LONGEST_VALIDATOR
        }
        validator = validators.get("etag") or validators.get("last_modified")
        key = f"{_name(url)} {validator}" if validator else _unused_key(url, job)
        if validator and job.has(key):
            job.save_note(_name(url), {**validators, "sha256": note.get("sha256", "")})
            return
        title, suffix = title_and_suffix(answer.url, answer.headers)
        sha256 = hashlib.sha256()
        name = url if Begun(0, validators).condition and "Content-Encoding" not in answer.headers else ""
        if "begun" in note and not begun.size:
            job.save_note(_name(url), note := _without_begun(note))
        try:
            with job.new_track(key, title, suffix, begun=name, bounded=answer.bounded) as file:
                begun.read(file, sha256.update)
                self._stream(answer, shown_url(url), file, sha256.update, begun.size)
                if sha256.hexdigest() == note.get("sha256"):
                    raise _Unchanged
        except _Unchanged:
            pass
        except Permanent:
            raise
        except Exception:
            if name and (size := job.begun(name)):
                job.save_note(_name(url), note | {"begun": {**validators, "size": size}})
            raise
        job.save_note(_name(url), {**validators, "sha256": sha256.hexdigest()})

    def _stream(self, answer: "Answer", where: str, file: BinaryIO, hashed: Callable[[bytes], None], size: int) -> None:
        """The body into the file, after `size` bytes. Raises Transient where it ends before its announced length."""
        announced = _length(answer, size)
        for block in answer.blocks():
            size += len(block)
            self._check_size(size, where)
            hashed(block)
            try:
                file.write(block)
            except OSError as error:
                raise Transient(f"the inbox takes no more ({error.strerror}): free some space") from error
        if announced is not None and size < announced:  # urllib3 before 2.0 takes a body that broke off for a whole one
            raise Transient(f"{where} broke off after {size} of {announced} bytes")
        if size == 0:
            raise Permanent(f"{where} is an empty file")


def _conditions(note: dict[str, object]) -> dict[str, str]:
    """The headers that ask for the file only if it is another than last time (RFC 9110, 13.1)."""
    return {header: str(note[name]) for name, header in _CONDITIONS.items() if note.get(name)}


def _unused_key(url: str, job: FeedJob) -> str:
    """A key for a file whose server tells nothing that could serve as one."""
    return next(key for key in (f"{_name(url)} #{number}" for number in itertools.count(1)) if not job.has(key))


def _name(url: str) -> str:
    """What a URL is kept as: as it is, unless it holds what is not to be shown."""
    shown = shown_url(url)
    return url if shown == url else f"{shown} {hashlib.sha256(url.encode()).hexdigest()[:16]}"


def _without_begun(note: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in note.items() if name != "begun"}


def _is_live(answer: "Answer") -> bool:
    """Whether this is radio: it has no length, and the headers that Icecast and SHOUTcast give a station."""
    return not answer.bounded and any(name.lower().startswith("icy-") for name in answer.headers)


def _length(answer: "Answer", before: int = 0) -> int | None:
    """The announced length of the file in bytes of which `before` are here already; None where there is none, or it is
    that of an encoding.
    """
    text = answer.headers.get("Content-Length", "")
    encoded = answer.headers.get("Content-Encoding", "identity") != "identity"
    return before + int(text) if text.isascii() and text.isdigit() and len(text) < 20 and not encoded else None


def _together(failures: list[Permanent | Transient], tried: int) -> Permanent | Transient:
    """One error for all: it passes by itself as long as one of them does."""
    first = next((failure for failure in failures if isinstance(failure, Transient)), failures[0])
    more = f" ({len(failures)} of {tried} URLs failed)" if tried > 1 else ""
    if isinstance(first, Permanent):
        return Permanent(f"{first}{more}")
    waits = [failure.retry_after or 0 for failure in failures if isinstance(failure, Transient)]
    return Transient(f"{first}{more}", retry_after=max(waits) or None)

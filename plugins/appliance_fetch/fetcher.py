"""Brings items over HTTP into the inbox: each whole, once, and again only once it has changed."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, BinaryIO

from appliance.plugin import Cancelled, FeedJob, ListeningFeedJob, Permanent, TooLarge, Transient, WrongKind, shown_url
from appliance_fetch.answers import is_live, length_of, told_of
from appliance_fetch.begun import Begun
from appliance_fetch.failures import too_large
from appliance_fetch.item import Item
from appliance_fetch.known import Known
from appliance_fetch.naming import media_type, title_and_suffix
from appliance_fetch.options import FetchOptions
from appliance_fetch.refusals import Refusals
from appliance_fetch.station import hear
from appliance_fetch.summed import Summed

if TYPE_CHECKING:
    from appliance_http.transport import Answer

_LISTS = ("audio/mpegurl", "audio/x-mpegurl", "audio/x-scpls", "application/vnd.apple.mpegurl", "application/x-mpegurl")
_NO_AUDIO = (
    "text/html",
    "text/xml",
    "application/json",
    "application/xhtml+xml",
    "application/xml",
    "application/rss+xml",
    "application/atom+xml",
    "image/",
    *_LISTS,
)
_MOST_WORDS = 4096

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


class _Stop:
    """Raises Cancelled once the appliance stops, or the turn of `turn` seconds is over."""

    def __init__(self, job: FeedJob, url: str, turn: float | None) -> None:
        self.turn = turn
        self._job = job
        self._url = url
        self._began = time.monotonic()

    def __call__(self) -> None:
        if self._job.cancelled():
            raise Cancelled(f"pulling {shown_url(self._url)} was stopped")
        if self.turn is not None and time.monotonic() - self._began > self.turn:
            raise _TurnOver(f"pulling {shown_url(self._url)} takes long")


class Fetcher:
    """Fetches items in turn; one that fails, or is slow, does not keep the others.

    A turn is as long as a server may be silent. Whatever takes longer lets the others go first. A file that broke off
    is gone on with where the server can do that (RFC 9110, 14), and is still the same.

    What may change at a URL is asked for with the validators (RFC 9110, 8.8) of the last pull, so that an unchanged
    file costs one small exchange. Where the server offers none the file is pulled to find out, and kept only if it is
    another; an entry of a list is left as it is then. `home` is that list, where there is one. What was refused is told
    again without being pulled; `refusals` are those of earlier fetchers.
    """

    def __init__(
        self,
        options: FetchOptions,
        clock_trusted: Callable[[], bool],
        home: str | None = None,
        refusals: Refusals | None = None,
    ) -> None:
        from appliance_http.reach import Reach

        self._options = options
        self._clock_trusted = clock_trusted
        self._home = home
        self._reach = Reach() if home else None
        self._refusals = refusals or Refusals()

    def pull(self, items: Sequence[Item], job: FeedJob) -> None:
        """Bring what is new of them. Raises one Transient or Permanent for all that failed."""
        turn = self._options.timeouts.read
        left, failures = list(items), list[Permanent | Transient]()
        for patience in (turn, turn * _PATIENT_TURNS) if len(items) > 1 else (None,):
            waiting, left = left, []
            for item in waiting:
                try:
                    self._pull_one(item, job, patience)
                except _TurnOver:
                    left.append(item)
                except (Permanent, Transient) as error:
                    failures.append(error)
        failures += [
            Transient(f"{shown_url(item.url)} is too slow for the others: give it a feed of its own") for item in left
        ]
        if failures:
            raise _together(failures, len(items))

    def ask(self, item: Item) -> None:
        """Ask for an item, and take nothing."""
        with self.exchange(item.url, lambda: None) as answer:
            self._check(answer, item.url)

    def stopping(self, job: FeedJob, url: str) -> Callable[[], None]:
        """What raises Cancelled once the appliance stops."""
        return _Stop(job, url, None)

    def _pull_one(self, item: Item, job: FeedJob, turn: float | None) -> None:
        url, stop = item.url, _Stop(job, item.url, turn)
        stop()
        known = Known(item, job, self._refusals)
        if known.is_settled():
            return
        begun = Begun.of(known.note, job.begun(url))
        with self.exchange(url, stop, known.conditions() | begun.conditions()) as answer:
            job.answered(answer.status, answer.headers)
            if answer.status == 304 and known.is_same(answer):
                return
            if begun.is_refused_by(answer):
                known.broke_off(0, {})
                raise Transient(f"{shown_url(url)} does not go on where it broke off: it begins anew")
            if answer.status == 200 and is_live(answer) and isinstance(job, ListeningFeedJob):
                stop.turn = None
                self._listen(answer, item, job, stop)
                return
            self._check(answer, url)
            if not known.is_same(answer):
                self._keep(answer, item, known, job, begun if answer.status == 206 else Begun())

    def _listen(self, answer: "Answer", item: Item, job: ListeningFeedJob, stop: _Stop) -> None:
        """Let radio be heard, until nobody listens any more."""
        with job.new_stream(item.title or answer.headers.get("icy-name", "") or shown_url(item.url)) as heard:
            hear(answer, heard, lambda: self.exchange(item.url, stop), stop)
            raise Transient(f"{shown_url(item.url)} has ended its transmission")

    def exchange(
        self, url: str, stop: Callable[[], None], conditions: Mapping[str, str] | None = None
    ) -> AbstractContextManager["Answer"]:
        """Ask for the file. `stop` raises Cancelled once this is to end."""
        from appliance_http.transport import ANY, Client, Request, same_origin

        options, home = self._options, self._home or url
        private = {name: value.reveal() for name, value in options.headers.items() if same_origin(url, home)}
        client = Client(
            options.timeouts,
            options.tls,
            options.allow_http,
            ANY,
            self._clock_trusted,
            allow_local=options.allow_local,
            reach=self._reach,
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
            raise WrongKind(f"{where} is no sound but {kind}: set urls to the audio file itself{portal}")
        if is_live(answer):
            raise Permanent(f"{where} is a live stream, which never ends: set urls to files")
        self._check_size(length_of(answer), where)

    def _check_size(self, size: int | None, where: str) -> None:
        if size is not None and size > self._options.max_size:
            raise too_large(where, self._options.max_size)

    def _keep(self, answer: "Answer", item: Item, known: Known, job: FeedJob, begun: Begun) -> None:
        """Let the body in as a new track, unless it is there already."""
        url = item.url
        told = {**told_of(answer, begun.size), **begun.told}
        title, suffix = title_and_suffix(answer.url, answer.headers)
        digest = ""
        name = url if Begun(0, told).condition and "Content-Encoding" not in answer.headers else ""
        if "begun" in known.note and not begun.size:
            known.broke_off(0, {})
        try:
            with job.new_track(known.key, item.title or title, suffix, begun=name, bounded=answer.bounded) as file:
                summed = Summed(file)
                begun.read(file, summed.update)
                self._stream(answer, shown_url(url), file, summed.update, begun.size)
                digest = summed.sha256()
                self._compare(item, digest)
                if known.has_come(digest):
                    raise _Unchanged
        except _Unchanged:
            pass
        except Permanent as error:
            if digest or isinstance(error, TooLarge):
                known.refused(told, error)
            raise
        except Exception:
            if name and (size := job.begun(name)):
                known.broke_off(size, told)
            raise
        known.brought(told, digest)

    def _compare(self, item: Item, digest: str) -> None:
        """Raise Permanent where other bytes were meant."""
        if item.sha256 and digest != item.sha256.lower():
            raise Permanent(
                f"{shown_url(item.url)} has other bytes than its SHA-256 says: the list or the file is wrong"
            )

    def _stream(self, answer: "Answer", where: str, file: BinaryIO, hashed: Callable[[bytes], None], size: int) -> None:
        """The body into the file, after `size` bytes. Raises Transient where it ends before its announced length."""
        announced = length_of(answer, size)
        for block in answer.blocks():
            size += len(block)
            self._check_size(size, where)
            hashed(block)
            file.write(block)
        if announced is not None and size < announced:  # urllib3 before 2.0 takes a body that broke off for a whole one
            raise Transient(f"{where} broke off after {size} of {announced} bytes")
        if size == 0:
            raise Permanent(f"{where} is an empty file")


def _together(failures: list[Permanent | Transient], tried: int) -> Permanent | Transient:
    """One error for all: it passes by itself as long as one of them does."""
    if tried == 1:
        return failures[0]
    first = next((failure for failure in failures if isinstance(failure, Transient)), failures[0])
    more = f" ({len(failures)} of {tried} URLs failed)"
    if isinstance(first, Permanent):
        return Permanent(f"{first}{more}")
    waits = [failure.retry_after or 0 for failure in failures if isinstance(failure, Transient)]
    return Transient(f"{first}{more}", retry_after=max(waits) or None)

"""One request and its answer: streamed, watched, redirected only where nothing gets lost, errors translated."""

import contextlib
import ssl
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
import urllib3.exceptions
from attrs import field, frozen
from requests.auth import AuthBase

from appliance.plugin import Permanent, check_url, is_loopback, shown_url
from appliance_http.adapter import watched_adapter
from appliance_http.errors import translate
from appliance_http.options import Timeouts, Tls
from appliance_http.reach import Reach
from appliance_http.watch import Watch

KEEP_METHOD = frozenset({307, 308})
"""Redirects that send the same request again (RFC 9110, 15.4.8 and 15.4.9)."""

ANY = frozenset({301, 302, 303, 307, 308})
"""Every redirect; for GET they all mean the same."""

_MOST_REDIRECTS = 20
"""As many as browsers follow: podcasts go through a chain of services that count."""

_SMALL, _LARGE = 1 << 14, 1 << 18
"""Bytes of the body that are waited for at once."""

_SOON = 0.02
"""Seconds in which a block comes where the next may be larger."""

_AHEAD = 1 << 22
"""Bytes that came before blocks may grow: whoever listens while it comes is well ahead of a stall by then."""


@frozen
class Request:
    """What to send. `private` headers go to the host of `url` only, `headers` to where redirects lead as well.

    `body` is an iterable of buffers that can be iterated anew, with its length in bytes as `len`.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(factory=dict)
    private: Mapping[str, str] = field(factory=dict)
    body: Iterable[Any] | None = None


@frozen
class Answer:
    """What the server said; `head` and `blocks` read the body while the exchange lasts."""

    status: int
    reason: str
    url: str
    """Where it came from, after redirects."""
    headers: Mapping[str, str]
    _response: requests.Response
    _watch: Watch
    _patience: float

    @property
    def bounded(self) -> bool:
        """Whether the end of the body can be told from a broken connection."""
        return "Content-Length" in self.headers or "Transfer-Encoding" in self.headers

    def head(self, limit: int) -> bytes:
        """The first `limit` bytes of the body at most."""
        kept = bytearray()
        for block in self.blocks():
            kept += block
            if len(kept) >= limit:
                break
        return bytes(kept[:limit])

    def blocks(self, *, hurried: bool = True) -> Iterator[bytes]:
        """The body. Ends only where the body really ended, not where the connection was taken back; `hurried`, it may
        not take for ever either.
        """
        host = urlsplit(self.url).hostname or self.url
        with self._watch.paced(host, self._patience) if hurried else contextlib.nullcontext():
            for block in _blocks(self._response):
                self._watch.check()
                yield block
            self._watch.check()


def _blocks(response: requests.Response) -> Iterator[bytes]:
    """The body, in larger blocks where it comes so fast that nobody waits for them.

    One that comes in chunks is left at small ones: whoever reads them in part ends their connection.
    """
    if "Transfer-Encoding" in response.headers:
        try:
            yield from response.iter_content(_SMALL)
        except ValueError as error:  # a length below zero, which urllib3 does not look for
            raise requests.exceptions.ChunkedEncodingError(error) from error
        return
    size, begun, came = _SMALL, time.monotonic(), 0
    while block := next(response.iter_content(size), b""):
        came += len(block)
        is_fast = came >= _AHEAD and time.monotonic() - begun < _SOON
        size = min(2 * size, _LARGE) if is_fast else _SMALL
        yield block
        begun = time.monotonic()


@frozen
class Client:
    """Sends requests with these timeouts and certificates, following redirects of the statuses in `follow`."""

    timeouts: Timeouts
    tls: Tls
    allow_http: bool
    follow: frozenset[int]
    clock_trusted: Callable[[], bool]
    answer: float | None = None
    """Seconds that the server may think about a request that it has whole; None for `timeouts.read`."""
    allow_local: bool = True
    """Whether redirects may lead to this box itself."""
    reach: Reach | None = None
    """Where else they may lead: what other exchanges were allowed, where it is shared with them."""

    @contextlib.contextmanager
    def exchange(self, request: Request, stop: Callable[[], None]) -> Iterator[Answer]:
        """Send the request and read the answer. `stop` raises Cancelled once this is to end.

        Raises Permanent, Transient or Cancelled; errors of requests inside the block are translated as well.
        """
        host = urlsplit(request.url).hostname or request.url
        _check_files(self.tls)
        with Watch(stop, self.timeouts.total) as watch, self._session(watch) as session:
            try:
                with self._send(session, request, watch) as response:
                    yield Answer(
                        response.status_code,
                        response.reason or "",
                        response.url,
                        response.headers,
                        response,
                        watch,
                        self.timeouts.read,
                    )
            except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
                watch.check()
                raise translate(error, host, clock_trusted=self.clock_trusted()) from error

    def _session(self, watch: Watch) -> requests.Session:
        session = _Session()
        reach = None if self.allow_local else self.reach or Reach()
        adapter = watched_adapter(watch, self.timeouts.read, self.tls.ca is not None, reach)
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        return session

    def _send(self, session: requests.Session, request: Request, watch: Watch) -> requests.Response:
        url = request.url
        for _ in range(_MOST_REDIRECTS + 1):
            host = urlsplit(url).hostname or url
            with watch.paced(host, self.timeouts.read) if request.body is None else contextlib.nullcontext():
                response = self._send_once(session, request, url, trusted=same_origin(url, request.url))
            location = response.headers.get("Location")
            if response.status_code not in self.follow or location is None:
                return response
            response.close()
            session.close()  # its connection may have been told off in the middle of the body
            url = self.follows(url, location)
        raise requests.TooManyRedirects(f"more than {_MOST_REDIRECTS} redirects")

    def _send_once(self, session: requests.Session, request: Request, url: str, *, trusted: bool) -> requests.Response:
        own = [str(path) for path in (self.tls.certificate, self.tls.key) if path is not None]
        private = request.private if trusted else {}
        try:
            return session.request(
                request.method,
                url,
                headers={"User-Agent": "audio-appliance", "Accept-Encoding": "identity", **request.headers, **private},
                data=request.body,
                auth=_NoAuth(),
                timeout=(self.timeouts.connect, self.answer or self.timeouts.read),
                allow_redirects=False,
                stream=True,
                verify=str(self.tls.ca) if self.tls.ca is not None else True,
                cert=(own[0], own[-1]) if own and trusted else None,
            )
        except requests.RequestException:
            raise
        except OSError as error:  # requests looks for the files of REQUESTS_CA_BUNDLE in its own way
            raise Permanent(f"the certificates that the environment names cannot be used: {error}") from error

    def follows(self, url: str, location: str) -> str:
        """Where a redirect leads. Raises Permanent where it leads to less safety than there was."""
        try:
            target = _quoted(urljoin(url, _decoded(location)))
            check_url(target, allow_http=True)
        except ValueError as error:
            raise Permanent(f"{shown_url(url)} redirects to a place that cannot be used: {error}") from error
        if not self._is_safe(url, target):
            raise Permanent(
                f"{shown_url(url)} redirects to {shown_url(target)}, which is not encrypted: that may be the login "
                "page of this network. If it is meant, set the URL to that place, with https where it can"
            )
        return target

    def _is_safe(self, url: str, target: str) -> bool:
        """Whether a redirect leaves no encryption, and goes nowhere without it that is not allowed."""
        ours, theirs = urlsplit(url), urlsplit(target)
        if theirs.scheme == "https":
            return True
        return ours.scheme == "http" and (self.allow_http or is_loopback(theirs.hostname or ""))


def _decoded(location: str) -> str:
    """What http.client took for Latin-1, as the UTF-8 that it mostly is."""
    try:
        return location.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return location


def _quoted(url: str) -> str:
    """The URL in the characters of RFC 3986, which many a Location is not: a space, an umlaut."""
    prepared = requests.PreparedRequest()
    prepared.prepare_url(url, None)
    return str(prepared.url)


class _Session(requests.Session):
    """Leaves redirects to its client: requests looks at them in any case, and fails over bytes that are no UTF-8."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        return None


class _NoAuth(AuthBase):
    """Keeps requests from taking credentials out of a .netrc file: they would displace those configured."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


def _check_files(tls: Tls) -> None:
    """Raise Permanent unless the files can be used: OpenSSL's own words for it, deep in a request, help nobody."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        if tls.ca is not None:
            context.load_verify_locations(tls.ca)
        if tls.certificate is not None:
            context.load_cert_chain(tls.certificate, tls.key, password="")
    except ssl.SSLError as error:
        raise Permanent(
            f"the files in the section tls are no plain PEM files, or do not belong together ({error})"
        ) from error
    except OSError as error:
        raise Permanent(f"a file in the section tls cannot be read by the service: {error.strerror}") from error


def same_origin(one: str, other: str) -> bool:
    """Whether two URLs name the same server, so that it may get the same secrets. A change to https is fine."""
    ours, theirs = urlsplit(one), urlsplit(other)
    default = {"http": 80, "https": 443}
    ports = [parts.port or default[parts.scheme] for parts in (ours, theirs)]
    return ours.hostname == theirs.hostname and (
        (ours.scheme, ports[0]) == (theirs.scheme, ports[1]) or (ours.scheme == "https" and ports == [443, 80])
    )

"""Sends and fetches files in a script: the daemon's own backends, with their proofs, retries and limits."""

import mimetypes
import random
import threading
from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar
from uuid import uuid4

from appliance.api.fetching import Fetch
from appliance.api.given import aborting, callback, number, place, text, whole_number
from appliance.api.recording import Recording
from appliance.clock import Clock, SystemClock
from appliance.config.convert import Structurer
from appliance.config.document import Kind, Word
from appliance.config.feeds import FeedSettings
from appliance.config.settings import DestinationSettings
from appliance.config.withheld import Withheld
from appliance.errors import Cancelled, NotFound, TooLarge, Transient, UsageError
from appliance.feeds.safefile import measured
from appliance.limits import Errand
from appliance.models import Clip, Receipt, Rendition
from appliance.plugin import UploadJob
from appliance.plugin_host import PluginHost
from appliance.recipes import ORIGINAL, Recipe
from appliance.redact import shown_url
from appliance.retry import backoff
from appliance.values import frozen

MOST_BYTES = 200_000_000
"""The longest file that is fetched, unless another limit is given."""

_FIRST_WAIT, _LONGEST_WAIT = 1.0, 60.0
_MOST_CONNECT, _MOST_SILENCE = 10.0, 60.0
_LOOK = 0.1
"""How often a wait looks whether it was aborted, in seconds."""

_GRACE = 0.5
"""Seconds that an attempt has to end in good order."""

T = TypeVar("T")


@frozen
class Downloaded:
    """A sound that was fetched whole: where it is, its size in bytes, its SHA-256 in hex, and what the server said."""

    path: Path
    size: int
    sha256: str
    status: int
    headers: Mapping[str, str]

    @property
    def content_type(self) -> str:
        """The media type that the server tells; empty where it tells none."""
        return next((text for name, text in self.headers.items() if name.lower() == "content-type"), "")


def upload_file(
    source: Recording | Path | str,
    url: str,
    *,
    name: str = "file",
    fields: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    timeout: float | None = None,
    attempts: int = 5,
    on_progress: Callable[[int, int], None] | None = None,
    on_headers: Callable[[int, Mapping[str, str]], None] | None = None,
    abort: threading.Event | None = None,
    clock: Clock | None = None,
    **options: Any,
) -> Receipt:
    """Send a file to a web server as a form (RFC 7578), whose field `name` holds it; what proves that it arrived.

    What may pass by itself is tried again, up to `attempts` times, with growing waits, under the same idempotency key;
    each attempt takes at most `timeout` seconds. `on_progress` gets the bytes sent and the size of the file,
    `on_headers` the status and the headers of an answer as soon as they are here, both on another thread; `abort` ends
    it once it is set, and is set where the script is interrupted. Further `options` are those of the backend `http`, in
    the words of the configuration, such as `method="PUT"`, `proof={"header": "X-SHA256"}` and `allow_http=True`.

    Of a recording the words in braces of the options tell everything, of a file those that go with any. Raises
    NotFound, Transient where it did not arrive in time, Permanent where trying again is of no use, Cancelled, and
    UsageError where an option does not fit.
    """
    on_progress, on_headers = callback("on_progress", on_progress), callback("on_headers", on_headers)
    aborted, key = aborting(abort), str(uuid4())
    path = source.path if isinstance(source, Recording) else place("source", source)
    clip = source.clip if isinstance(source, Recording) else None
    rendition = _rendition(path, clip)
    own = {
        "url": text("url", url),
        "field": text("name", name),
        "fields": fields or {},
        "headers": headers or {},
        **_patience(timeout),
    }
    settings = _settings(DestinationSettings, {"backend": "http"}, own, options)
    backend = _plugins().build_upload("upload", settings, "", path.parent)

    def progress(sent: int) -> None:
        if on_progress:
            on_progress(sent, rendition.size)

    def deliver(attempt: int) -> Receipt:
        answered = on_headers or (lambda *_: None)
        return backend.deliver(
            UploadJob(rendition, clip, key, attempt, progress=progress, cancelled=aborted.is_set, answered=answered)
        )

    try:
        return _persistently(deliver, attempts, aborted, clock or SystemClock())
    finally:
        backend.close()


def download_file(
    url: str,
    to: Path | str = ".",
    *,
    headers: Mapping[str, str] | None = None,
    timeout: float | None = None,
    attempts: int = 5,
    limit: int = MOST_BYTES,
    on_progress: Callable[[int, int | None], None] | None = None,
    on_headers: Callable[[int, Mapping[str, str]], None] | None = None,
    abort: threading.Event | None = None,
    clock: Clock | None = None,
    **options: Any,
) -> Downloaded:
    """Fetch a sound at a URL into the new file `to`, or into that folder under a name of its own.

    The file is there whole, synced and playable, or not at all. What may pass by itself is tried again, as with
    `upload_file`, and goes on where it broke off if the server can do that. `on_progress` gets the bytes that are here
    and how many there will be, None where that is not known; `on_headers`, `timeout` and `abort` are as there. Further
    `options` are those of the feed backend `urls`.

    Raises Refused where `to` is there already, Transient, Permanent (also for more than `limit` bytes, and for what is
    no sound), Cancelled, NotFound, and UsageError where an option does not fit.
    """
    most = f"{whole_number('limit', limit)}B"
    on_progress, on_headers = callback("on_progress", on_progress), callback("on_headers", on_headers)
    own = {
        "urls": [text("url", url)],
        "allow_http": True,
        "headers": headers or {},
        "max_size": most,
        **_patience(timeout),
    }
    settings = _settings(FeedSettings, {"backend": "urls"}, own, options)
    aborted, target = aborting(abort), place("to", to)
    with TemporaryDirectory() as state:
        backend = _plugins().build_feed("download", settings, "", Path(state))
        fetch = Fetch(target, on_progress, on_headers, aborted.is_set)
        try:
            _persistently(lambda _: backend.pull(fetch), attempts, aborted, clock or SystemClock())
        except TooLarge as error:
            raise TooLarge(
                f"{shown_url(url)} is larger than limit allows ({limit / 1e6:g} MB): set a larger limit"
            ) from error
        finally:
            backend.close()
            fetch.close()
    if fetch.file is None:
        raise NotFound(f"there is nothing to fetch at {url}")
    return Downloaded(fetch.file.path, fetch.file.size, fetch.file.sha256, fetch.status, fetch.headers)


def _persistently(call: Callable[[int], T], attempts: int, aborted: threading.Event, clock: Clock) -> T:
    """What `call` gives at last: what may pass by itself is tried again. Raises Cancelled once it is aborted."""
    attempt, attempts = 1, whole_number("attempts", attempts)
    while True:
        try:
            return _attended(partial(call, attempt), aborted)
        except Transient as error:
            if attempt >= attempts:
                raise
            asked = error.retry_after
            wait = backoff(attempt, _FIRST_WAIT, _LONGEST_WAIT, random.random) if asked is None else asked
        _pause(min(wait, _LONGEST_WAIT), aborted, clock)
        attempt += 1


def _attended(work: Callable[[], T], aborted: threading.Event) -> T:
    """What an attempt gives. Once it is aborted it is not waited for long: while it connects it hears of nothing."""
    errand = Errand(work, "transfer")
    try:
        while not errand.is_over(_LOOK):
            if aborted.is_set() and not errand.is_over(_GRACE):
                raise Cancelled("the transfer was aborted")
    except BaseException:
        aborted.set()
        raise
    return errand.result()


def _pause(seconds: float, aborted: threading.Event, clock: Clock) -> None:
    waiting, until = threading.Condition(), clock.monotonic() + seconds
    with waiting:
        while not aborted.is_set() and (left := until - clock.monotonic()) > 0:
            clock.wait(waiting, min(left, _LOOK))
    if aborted.is_set():
        raise Cancelled("the transfer was aborted")


def _patience(timeout: float | None) -> dict[str, Any]:
    if timeout is None:
        return {}
    if (timeout := number("timeout", timeout)) <= 0:
        raise UsageError(f"timeout is {timeout:g}, expected seconds above 0")
    waits = {"total": timeout, "read": min(timeout, _MOST_SILENCE), "connect": min(timeout, _MOST_CONNECT)}
    return {"timeouts": {name: f"{seconds:.3f}s" for name, seconds in waits.items()}}


def _rendition(path: Path, clip: Clip | None) -> Rendition:
    try:
        size, sha256 = measured(path)
    except OSError as error:
        raise NotFound(f"{path} cannot be read: {error.strerror}") from error
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    recipe = ORIGINAL if clip else Recipe("file", path.suffix, kind)
    return Rendition(clip.id if clip else "", recipe, path, size, sha256)


@cache
def _plugins() -> PluginHost:
    plugins = PluginHost.installed()
    plugins.discover()
    return plugins


def _settings(cls: type[T], chosen: Mapping[str, str], own: Mapping[str, Any], options: Mapping[str, Any]) -> T:
    """The options as the configuration would have them. Raises UsageError with everything that does not fit."""
    values = _worded({**chosen, **own, **options})
    settings, problems = Structurer(_plugins().extensions, Withheld()).structure(values, cls)
    if problems:
        said = "; ".join(f"{'.'.join(map(str, place))}: {words}" for place, words in problems)
        raise UsageError(f"the options of the transfer do not fit: {said}")
    assert isinstance(settings, cls)
    return settings


def _worded(value: Any) -> Any:
    """A value as if it stood in a configuration."""
    match value:
        case Mapping():
            return {str(name): _worded(item) for name, item in value.items()}
        case list() | tuple():
            return [_worded(item) for item in value]
        case bool():
            return Word(str(value).lower(), Kind.NAME)
        case None:
            return None
        case _:
            return Word(str(value), Kind.NAME)

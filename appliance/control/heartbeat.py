"""Posts how the box is to a web server, again and again: nobody can walk past forty closed boxes."""

import json
import logging
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from appliance.clock import Clock
from appliance.codec import to_plain
from appliance.config.heartbeat import HeartbeatSettings
from appliance.config.web import shown_url
from appliance.errors import ApplianceError, Transient
from appliance.events import Event
from appliance.faults import HEARTBEAT

if TYPE_CHECKING:
    import requests

MISSES = 3
"""So many beats in a row that did not arrive are a fault: a network may be away for a moment."""

_CONNECT_SECONDS, _ANSWER_SECONDS = 10.0, 30.0

log = logging.getLogger(__name__)


class Heartbeat:
    """Posts what `status` says every so often, on a thread of its own; without a URL, never.

    A beat that does not arrive is not made up for: the next one says more.
    """

    def __init__(
        self,
        settings: HeartbeatSettings,
        status: Callable[[], Mapping[str, Any]],
        clock: Clock,
        post: Callable[[Event], None],
    ) -> None:
        self._settings = settings
        self._status = status
        self._clock = clock
        self._post = post
        self._misses = 0
        self._complaint = ""
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Begin to beat."""
        if self._settings.url:
            self._thread.start()

    def close(self, timeout: float = 2.0) -> None:
        """Stop. A server that keeps a beat waiting is left behind."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join(timeout)
            if self._thread.is_alive():
                log.info("the heartbeat waits for its server: the appliance stops without it")

    def _run(self) -> None:
        while not self._stopping:
            try:
                self._beat()
            except ApplianceError as error:
                self._missed(str(error))
            else:
                self._arrived()
            with self._changed:
                if not self._stopping:
                    self._clock.wait(self._changed, self._settings.every)

    def _beat(self) -> None:
        import requests

        body = json.dumps(to_plain(self._status()), ensure_ascii=False).encode()
        headers = {name: value.reveal() for name, value in self._settings.headers.items()}
        try:
            with requests.Session() as session:
                answer = session.post(
                    self._settings.url,
                    data=body,
                    headers={"User-Agent": "audio-appliance", **headers, "Content-Type": "application/json"},
                    auth=_as_it_is,
                    timeout=(_CONNECT_SECONDS, _ANSWER_SECONDS),
                    allow_redirects=False,
                    stream=True,
                )
                answer.close()
        except (requests.RequestException, OSError) as error:  # OSError: files that the environment names
            raise Transient(_words(error)) from error
        if not 200 <= answer.status_code <= 299:
            moved = ". Redirects are not followed: set heartbeat.url to where it leads" if answer.is_redirect else ""
            raise Transient(f"it answers {answer.status_code} {answer.reason}".rstrip() + moved)

    def _arrived(self) -> None:
        if self._complaint:
            self._post(HEARTBEAT.cleared())
        self._misses, self._complaint = 0, ""

    def _missed(self, why: str) -> None:
        self._misses += 1
        message = f"the heartbeat does not reach {shown_url(self._settings.url)}: {why}"
        if self._misses == 1:
            log.info("%s", message)
        if self._misses >= MISSES and message != self._complaint:
            self._complaint = message
            self._post(HEARTBEAT.raised(message))


def _as_it_is(request: "requests.PreparedRequest") -> "requests.PreparedRequest":
    """Keeps requests from taking credentials out of a .netrc file: they would displace those configured."""
    return request


def _words(error: Exception) -> str:
    """What happened, without what requests says itself: that holds the whole URL, and it may hold a key."""
    import requests

    kinds: tuple[tuple[type[Exception], str], ...] = (
        (requests.Timeout, "it does not answer"),
        (requests.exceptions.SSLError, "its certificate is not trusted, or the clock of this box is wrong"),
        (requests.exceptions.ProxyError, "the proxy that the environment names cannot be used"),
        (requests.ConnectionError, "it cannot be reached"),
    )
    return next((words for kind, words in kinds if isinstance(error, kind)), type(error).__name__)

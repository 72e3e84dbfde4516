"""Serves the page: what it listens on, and why it does not."""

import socket
from pathlib import Path

from appliance.clock import SystemClock
from appliance.config.page import WebSettings
from appliance.errors import ApplianceError, ConfigError
from appliance.page import sparing  # noqa: F401  # before whatever loads bottle
from appliance.page.ahead import Ahead
from appliance.page.answers import HTTPS_ALONE
from appliance.page.door import Door
from appliance.page.downloads import Downloads
from appliance.page.fair import Server, stand_aside
from appliance.page.guard import Names, Proxies, Throttle, is_loopback, split_address
from appliance.page.keys import Keys
from appliance.page.levels import Levels, others
from appliance.page.media import Media
from appliance.page.news import News
from appliance.page.peaks import Peaks
from appliance.page.recorder import Recorder
from appliance.page.selfmade import Certificate, self_made
from appliance.page.sending import Gateway
from appliance.page.settings import Settings
from appliance.page.site import Site
from appliance.page.sums import SUMS, Sums
from appliance.page.turns import Turns
from appliance.values import frozen

_THREADS = 16
"""That are there at once; more come where all are busy, as with those who listen to events, and go with them."""

_COMING = 128
"""Connections that may come at once."""

_PATIENCE = 60
"""Seconds for which a connection may say nothing."""

_MOST_BYTES = 1 << 20
"""The longest request."""

_MOST_HEADERS = 1 << 16
"""Bytes that its headers may have: they are read before anybody is asked who he is."""


@frozen
class Serving:
    """The page of one recorder."""

    settings: WebSettings
    socket: Path
    keys: Keys
    helper: Path

    @property
    def certificate(self) -> Certificate | None:
        """What HTTPS is served with; None for HTTP. Raises ConfigError, StorageError."""
        settings = self.settings
        if settings.certificate and settings.key:
            return Certificate(settings.certificate, settings.key)
        return self_made(self.keys.folder, settings.names) if settings.self_made else None

    def ahead(self) -> Ahead:
        """What computes checksums before they are needed; it is not begun."""
        recorder = Recorder(self.socket)
        return Ahead(lambda: list(recorder.clips(limit=1)), Sums(self.keys.folder / SUMS), SystemClock())

    def server(self) -> Server:
        """A server that is bound and not started. Raises ConfigError where it must not or cannot listen there."""
        host, port = split_address(self.settings.listen)
        if not is_loopback(host) and not self.keys.locked:
            raise ConfigError(
                f"the page would be open to everybody who reaches {self.settings.listen}: "
                "set a password first with `appliance web password`, or listen on 127.0.0.1"
            )
        own = socket.gethostname().split(".")[0]
        names = Names(
            [own, f"{own}.local", socket.getfqdn(), *([host] if host[0].isalpha() else []), *self.settings.names]
        )
        clock = SystemClock()
        recorder = Recorder(self.socket)
        levels = Levels(lambda: dict(recorder.call("status")), clock)
        news = News(lambda: recorder.stream("subscribe", events=others()), clock, stand_aside, levels)
        certificate = self.certificate
        folder = self.keys.folder
        proxies = Proxies(self.settings.proxies)
        door = Door(self.keys, names, Throttle(clock), Throttle(clock), Turns(clock), certificate is not None, proxies)
        site = Site(
            recorder, door, news, Media(recorder, Peaks(folder / "peaks"), Downloads(folder)), Settings(self.helper)
        )
        # a certificate of the box's own may be made anew, and would lock everybody out who was told so before
        more = HTTPS_ALONE if self.settings.certificate else {}
        server = Server(
            (host, port),
            site.app(more),
            numthreads=_THREADS,
            server_name="appliance",
            timeout=_PATIENCE,
            request_queue_size=_COMING,
            proxies=proxies,
        )
        server.gateway = Gateway
        server.max_request_body_size = _MOST_BYTES
        server.max_request_header_size = _MOST_HEADERS
        server.shutdown_timeout = 1
        if certificate is not None:
            from appliance.page.https import Adapter

            try:
                server.ssl_adapter = Adapter(str(certificate.certificate), str(certificate.key))
            except OSError as error:
                raise ConfigError(f"web.certificate and web.key cannot be used: {error}") from error
        try:
            server.prepare()
        except OSError as error:
            raise ApplianceError(
                f"the page cannot be served at {self.settings.listen}: {error.strerror or error}. "
                "Choose another address or port for `web.listen`"
            ) from error
        return server

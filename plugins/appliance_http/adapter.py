"""Connections for requests that are watched, and patient as long as bytes move at all."""

import ssl
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util.ssl_ import create_urllib3_context

from appliance_http.head import WholeHead
from appliance_http.line import Line
from appliance_http.reach import Reach
from appliance_http.watch import Watch


def watched_adapter(watch: Watch, patience: float, own_authority: bool, reach: Reach | None) -> HTTPAdapter:
    """An adapter whose connections `watch` can end, and which give up once no byte has moved for `patience` seconds.

    By itself urllib3 gives a block the time that it gave connecting, and `sendall` counts it for the whole block. A
    connection carries one request. `reach` may refuse a connection before anything is asked for.

    With an `own_authority` certificates are verified, but not held to the letter of RFC 5280: from Python 3.13 on that
    refuses what many a small authority issues (`ssl.VERIFY_X509_STRICT`), and whoever named its file vouches for it.
    """
    kept: dict[str, Any] = {"ssl_context": _lenient()} if own_authority else {}

    def watched(connection: type[Any]) -> Any:
        class Watched(connection):  # type: ignore[misc]
            response_class = WholeHead
            line: Line | None = None

            def connect(self) -> None:
                super().connect()
                if reach is not None:
                    reach.check(self.sock, proxied=self.proxy is not None)
                self.line = Line(self.sock, watch, patience)

            def send(self, data: Any) -> None:
                if self.line is None:
                    super().send(data)
                else:
                    self.line.send(data)

            def getresponse(self) -> Any:
                if self.line is not None:
                    self.sock = self.line.reader()
                return super().getresponse()

        return Watched

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = watched(HTTPConnection)

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = watched(HTTPSConnection)

    pools = {"http": PlainPool, "https": SecurePool}

    class Adapter(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
            super().init_poolmanager(*args, **(kwargs | kept))
            self.poolmanager.pool_classes_by_scheme = pools

        def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
            manager = super().proxy_manager_for(*args, **(kwargs | kept))
            manager.pool_classes_by_scheme = pools
            return manager

    return Adapter()


def _lenient() -> ssl.SSLContext:
    context = create_urllib3_context()
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context

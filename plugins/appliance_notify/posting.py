"""One request to a web server, with errors in words."""

from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import urlsplit

from appliance_http.options import Timeouts, Tls
from appliance_http.statuses import status_error
from appliance_http.transport import ANY, Client, Request

from appliance.plugin import Cancelled, House, Permanent, Seconds, shown_url

TIMEOUTS = Timeouts(connect=Seconds(10), read=Seconds(30), total=Seconds(300))
_MOST_OF_AN_ANSWER = 64 * 1024

_WORDS = {
    401: "it does not know us. Check the token or the password",
    403: "it does not allow that. Check the token, and what it may do",
    404: "there is no such place. Check the address",
    413: "that is too large for it",
}


class Poster:
    """Posts for one service, until the house is stopping."""

    def __init__(self, house: House, tls: Tls, *, allow_http: bool) -> None:
        self._house = house
        self._client = Client(TIMEOUTS, tls, allow_http, frozenset(), house.clock_trusted)

    def post(
        self,
        url: str,
        body: bytes,
        content_type: str,
        *,
        method: str = "POST",
        private: Mapping[str, str] | None = None,
    ) -> bytes:
        """Send it; the answer, up to 64 KiB. `private` headers are shown nowhere. Raises Transient, Permanent, and
        Cancelled once the house stops.
        """
        request = Request(method, url, {"Content-Type": content_type}, dict(private or {}), body)
        with self._client.exchange(request, self._check_stopping) as answer:
            status, reason, headers = answer.status, answer.reason, dict(answer.headers)
            said = answer.head(_MOST_OF_AN_ANSWER)
        if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            return said
        host = urlsplit(url).hostname or url
        if status in ANY:
            raise Permanent(f"{_shown_host(url)} leads elsewhere, where nothing is sent. Set the address to that place")
        raise status_error(status, reason, headers, said, _WORDS, host)

    def _check_stopping(self) -> None:
        if self._house.stopping:
            raise Cancelled("the box stops")


def _shown_host(url: str) -> str:
    """The server of a URL, for messages."""
    parts = urlsplit(shown_url(url))
    return f"{parts.scheme}://{parts.netloc}"

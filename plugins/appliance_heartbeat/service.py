"""Posts how the box is to a web server, again and again: nobody can walk past forty closed boxes."""

import json
import logging
from http import HTTPStatus

from appliance_http.options import Timeouts, Tls
from appliance_http.transport import ANY, Client, Request

from appliance.plugin import ApplianceError, Cancelled, House, Permanent, Seconds, Transient, shown_url
from appliance_heartbeat.options import HeartbeatOptions

MISSES = 3
"""So many beats in a row that did not arrive are a fault: a network may be away for a moment."""

_TIMEOUTS = Timeouts(connect=Seconds(10), read=Seconds(30), total=Seconds(60))

log = logging.getLogger(__name__)


class Heartbeat:
    """Posts the report of the box every so often; without a URL, never.

    A beat that does not arrive is not made up for: the next one says more.
    """

    def __init__(self, options: HeartbeatOptions, house: House) -> None:
        self._options = options
        self._house = house
        self._client = Client(_TIMEOUTS, Tls(), options.allow_http, frozenset(), house.clock_trusted)
        self._misses = 0

    def run(self) -> None:
        while self._options.url:
            try:
                self._beat()
            except Cancelled:
                return
            except ApplianceError as error:
                self._missed(str(error))
            else:
                self._misses = 0
                self._house.clear_fault()
            if not self._house.wait(self._options.every):
                return

    def _beat(self) -> None:
        url = self._options.url
        body = json.dumps(self._house.report().plain()).encode()
        private = {name: value.reveal() for name, value in self._options.headers.items()}
        request = Request("POST", url, {"Content-Type": "application/json"}, private, body)
        try:
            with self._client.exchange(request, self._check_stopping) as answer:
                status, reason = answer.status, answer.reason
        except (Permanent, Transient) as error:
            raise Transient(f"{shown_url(url)} cannot be reached: {error}") from error
        if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            moved = ". Redirects are not followed: set `url` to where it leads" if status in ANY else ""
            raise Transient(f"{shown_url(url)} answers {status} {reason}".rstrip() + moved)

    def _check_stopping(self) -> None:
        if self._house.stopping:
            raise Cancelled("the box stops")

    def _missed(self, why: str) -> None:
        self._misses += 1
        message = f"the heartbeat does not arrive: {why}"
        if self._misses == 1:
            log.info("%s", message)
        if self._misses >= MISSES:
            self._house.raise_fault(message)

"""Fetches by a person's word: on a thread of their own, while the person is told how far it is and may give up."""

import threading
from collections.abc import Generator
from typing import Any

from appliance.clock import Clock, wait_for
from appliance.errors import ApplianceError, Cancelled
from appliance.events import Play
from appliance.feeds.feeds import Feeds
from appliance.redact import shown_url

_EVERY = 0.5


def fetching(feeds: Feeds, url: str, clock: Clock) -> Generator[dict[str, Any] | None, None, Play]:
    """Fetch the URL; yields how many bytes are there twice a second, None where there are no more, and returns what can
    be played, as soon as it can: then the rest comes meanwhile. Closing it before ends the fetch. Raises what
    `Feeds.fetch` raises.
    """
    given_up, changed = threading.Event(), threading.Condition()
    received, outcome = [0], list[Play | ApplianceError]()  # bytes so far; what came of it, once something has

    def count(size: int) -> None:
        received[0] += size

    broken = Cancelled(f"fetching {shown_url(url)} ended in the middle")

    def tell(result: Play | ApplianceError) -> None:
        with changed:
            outcome.append(result)
            changed.notify()

    def fetch() -> None:
        result: Play | ApplianceError = broken
        try:
            track = feeds.fetch(url, given_up.is_set, count, lambda path, title: tell(Play(path, title)))
            result = Play(track.path, track.title, track.id)
        except ApplianceError as error:
            result = error
        finally:
            tell(result)

    def is_over() -> bool:
        with changed:
            return bool(wait_for(clock, changed, lambda: outcome, _EVERY))

    threading.Thread(target=fetch, name="fetch", daemon=True).start()
    try:
        told = 0
        while not is_over():
            yield {"received": received[0]} if received[0] > told else None
            told = received[0]
    finally:
        if not outcome:
            given_up.set()
    if isinstance(outcome[0], ApplianceError):
        raise outcome[0]
    return outcome[0]

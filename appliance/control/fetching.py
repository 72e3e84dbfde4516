"""Fetches by a person's word: on a thread of their own, while the person is told how far it is and may give up."""

import threading
from collections.abc import Generator
from typing import Any

from appliance.errors import ApplianceError, Cancelled
from appliance.feeds.feeds import Feeds
from appliance.models import Track

_EVERY = 0.5


def fetching(feeds: Feeds, url: str) -> Generator[dict[str, Any] | None, None, Track]:
    """Fetch the URL; yields how many bytes are there twice a second, None where there are no more, and returns the
    track. Closing it ends the fetch. Raises what `Feeds.fetch` raises.
    """
    given_up, over = threading.Event(), threading.Event()
    received, outcome = [0], list[Track | ApplianceError]()

    def count(size: int) -> None:
        received[0] += size

    def fetch() -> None:
        try:
            outcome.append(feeds.fetch(url, given_up.is_set, count))
        except ApplianceError as error:
            outcome.append(error)
        finally:
            over.set()

    threading.Thread(target=fetch, name="fetch", daemon=True).start()
    try:
        told = 0
        while not over.wait(_EVERY):
            yield {"received": received[0]} if received[0] > told else None
            told = received[0]
    finally:
        given_up.set()
    result = outcome[0] if outcome else Cancelled(f"fetching {url} ended in the middle")
    if isinstance(result, ApplianceError):
        raise result
    return result

"""Pulls what is new at a list of URLs into the inbox."""

from collections.abc import Callable

from appliance_fetch.fetcher import Fetcher
from appliance_fetch.item import Item

from appliance.plugin import FeedJob
from appliance_download.options import UrlsOptions


class UrlsBackend:
    """Pulls each URL in turn, and what is there again once it has changed."""

    def __init__(self, options: UrlsOptions, clock_trusted: Callable[[], bool] = lambda: True) -> None:
        self._items = [Item(url) for url in options.urls]
        self._fetcher = Fetcher(options, clock_trusted)

    def pull(self, job: FeedJob) -> None:
        self._fetcher.pull(self._items, job)

    def probe(self) -> str:
        """Ask for each file, and take none."""
        for item in self._items:
            self._fetcher.ask(item)
        count = len(self._items)
        return "the file is there" if count == 1 else f"{count} files are there"

    def close(self) -> None:
        pass

"""Pulls what a playlist names; what turns out to be radio in HLS is heard by whoever listens."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from appliance_fetch.fetcher import Fetcher
from appliance_fetch.item import Item
from appliance_fetch.listing import ListingBackend

from appliance.plugin import BackendContext, FeedJob, ListeningFeedJob
from appliance_feed_m3u.options import M3uOptions
from appliance_feed_m3u.playlist import Hls, entries


class M3uBackend(ListingBackend):
    """See `ListingBackend`."""

    def __init__(self, options: M3uOptions, context: BackendContext) -> None:
        super().__init__(options, context, entries, in_order=True)

    def pull(self, job: FeedJob) -> None:
        try:
            super().pull(job)
        except Hls:
            if not isinstance(job, ListeningFeedJob):
                raise
            url = self._options.url
            self._listen(url, job, Fetcher(self._options, self._trusted, home=url))

    def _bring(self, items: Sequence[Item], job: FeedJob, fetcher: Fetcher) -> None:
        """Stations offer their HLS in playlists of one entry, too."""
        if isinstance(job, ListeningFeedJob) and items and urlsplit(items[0].url).path.lower().endswith(".m3u8"):
            self._listen(items[0].url, job, fetcher)
        else:
            super()._bring(items, job, fetcher)

    def _listen(self, url: str, job: ListeningFeedJob, fetcher: Fetcher) -> None:
        from appliance_feed_m3u.radio import HlsRadio

        options = self._options
        HlsRadio(fetcher, job, url, allow_http=options.allow_http, largest=int(options.max_size)).listen()

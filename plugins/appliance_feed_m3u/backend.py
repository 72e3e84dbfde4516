"""Pulls what a playlist names; what turns out to be radio in HLS is heard by whoever listens."""

from appliance_fetch.fetcher import Fetcher
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
            from appliance_feed_m3u.radio import HlsRadio

            options, url = self._options, self._options.url
            fetcher = Fetcher(options, self._trusted, home=url)
            HlsRadio(fetcher, job, url, allow_http=options.allow_http, largest=int(options.max_size)).listen()

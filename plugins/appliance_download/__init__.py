"""Feed backend `urls`: pulls audio files from a list of URLs, each again only once it has changed."""

from collections.abc import Sequence

from appliance.plugin import BackendContext, FeedBackend, FeedBackendType, hookimpl
from appliance_download.options import UrlsOptions, options_for_url


def _create(options: UrlsOptions, context: BackendContext) -> FeedBackend:
    from appliance_download.backend import UrlsBackend

    return UrlsBackend(options, context.clock_trusted)


@hookimpl
def appliance_feed_backends() -> Sequence[FeedBackendType]:
    return [FeedBackendType("urls", UrlsOptions, _create, options_for_url)]

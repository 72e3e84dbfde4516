"""Feed backend `urls`: pulls audio files from a list of URLs, each again only once it has changed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from appliance.plugin import BackendContext, FeedBackend, FeedBackendType, hookimpl

if TYPE_CHECKING:
    from appliance_download.options import UrlsOptions


def _options() -> type:
    from appliance_download.options import UrlsOptions

    return UrlsOptions


def _for_url(url: str) -> "UrlsOptions | None":
    from appliance_download.options import options_for_url

    return options_for_url(url)


def _create(options: "UrlsOptions", context: BackendContext) -> FeedBackend:
    from appliance_download.backend import UrlsBackend

    return UrlsBackend(options, context.clock_trusted)


@hookimpl
def appliance_feed_backends() -> Sequence[FeedBackendType]:
    return [FeedBackendType("urls", _options, _create, _for_url)]

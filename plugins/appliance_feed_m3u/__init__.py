"""Feed backend `m3u`: pulls what a playlist (M3U or PLS) names."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from appliance.plugin import BackendContext, FeedBackend, FeedBackendType, hookimpl

if TYPE_CHECKING:
    from appliance_fetch.options import ListingOptions

    from appliance_feed_m3u.options import M3uOptions


def _options() -> type:
    from appliance_feed_m3u.options import M3uOptions

    return M3uOptions


def _for_url(url: str) -> "ListingOptions | None":
    from appliance_fetch.options import listing_at

    return listing_at(url, _options(), newest=10)


def _create(options: "M3uOptions", context: BackendContext) -> FeedBackend:
    from appliance_feed_m3u.backend import M3uBackend

    return M3uBackend(options, context)


@hookimpl
def appliance_feed_backends() -> Sequence[FeedBackendType]:
    return [FeedBackendType("m3u", _options, _create, _for_url, suffixes=(".m3u", ".m3u8", ".pls"))]

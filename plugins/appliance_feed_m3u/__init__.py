"""Feed backend `m3u`: pulls what a playlist (M3U or PLS) names."""

from collections.abc import Sequence

from appliance_fetch.options import ListingOptions, listing_for_url, own_first
from attrs import frozen

from appliance.plugin import BackendContext, FeedBackend, FeedBackendType, hookimpl


@frozen(field_transformer=own_first)
class M3uOptions(ListingOptions):
    """A playlist in M3U or PLS, whose entries are pulled."""


def _create(options: M3uOptions, context: BackendContext) -> FeedBackend:
    from appliance_fetch.listing import ListingBackend

    from appliance_feed_m3u.playlist import entries

    return ListingBackend(options, context, entries, in_order=True)


@hookimpl
def appliance_feed_backends() -> Sequence[FeedBackendType]:
    return [
        FeedBackendType(
            "m3u", M3uOptions, _create, listing_for_url(M3uOptions, newest=10), suffixes=(".m3u", ".m3u8", ".pls")
        )
    ]

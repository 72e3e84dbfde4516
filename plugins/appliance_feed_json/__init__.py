"""Feed backend `json`: pulls what a list in JSON names."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from appliance.plugin import BackendContext, FeedBackend, FeedBackendType, hookimpl

if TYPE_CHECKING:
    from appliance_fetch.options import ListingOptions

    from appliance_feed_json.options import JsonOptions


def _options() -> type:
    from appliance_feed_json.options import JsonOptions

    return JsonOptions


def _for_url(url: str) -> "ListingOptions | None":
    from appliance_fetch.options import listing_at

    return listing_at(url, _options(), newest=10)


def _create(options: "JsonOptions", context: BackendContext) -> FeedBackend:
    from appliance_fetch.listing import ListingBackend

    from appliance_feed_json.tracks import entries

    return ListingBackend(options, context, entries)


@hookimpl
def appliance_feed_backends() -> Sequence[FeedBackendType]:
    return [FeedBackendType("json", _options, _create, _for_url, suffixes=(".json",))]

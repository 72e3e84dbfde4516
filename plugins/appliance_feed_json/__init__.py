"""Feed backend `json`: pulls what a list in JSON names."""

from collections.abc import Sequence

from appliance_fetch.options import ListingOptions, listing_for_url, own_first
from attrs import frozen

from appliance.plugin import BackendContext, FeedBackend, FeedBackendType, hookimpl


@frozen(field_transformer=own_first)
class JsonOptions(ListingOptions):
    """A list in JSON, whose entries are pulled: `{"tracks": [{"url", "title", "id", "sha256"}]}`."""


def _create(options: JsonOptions, context: BackendContext) -> FeedBackend:
    from appliance_fetch.listing import ListingBackend

    from appliance_feed_json.tracks import entries

    return ListingBackend(options, context, entries)


@hookimpl
def appliance_feed_backends() -> Sequence[FeedBackendType]:
    return [FeedBackendType("json", JsonOptions, _create, listing_for_url(JsonOptions, newest=10), suffixes=(".json",))]

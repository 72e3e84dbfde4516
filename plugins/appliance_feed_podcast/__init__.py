"""Feed backend `podcast`: pulls the newest episodes of a podcast (RSS or Atom)."""

from collections.abc import Sequence

from appliance_fetch.options import ListingOptions, listing_for_url, own_first
from attrs import frozen

from appliance.plugin import BackendContext, FeedBackend, FeedBackendType, hookimpl


@frozen(field_transformer=own_first)
class PodcastOptions(ListingOptions):
    """A podcast (RSS or Atom), whose newest episodes are pulled."""


def _create(options: PodcastOptions, context: BackendContext) -> FeedBackend:
    from appliance_fetch.listing import ListingBackend

    from appliance_feed_podcast.episodes import entries

    return ListingBackend(options, context, entries)


@hookimpl
def appliance_feed_backends() -> Sequence[FeedBackendType]:
    return [
        FeedBackendType(
            "podcast",
            PodcastOptions,
            _create,
            listing_for_url(PodcastOptions, newest=1),
            suffixes=(".rss", ".atom", ".xml"),
            extra="podcast",
        )
    ]

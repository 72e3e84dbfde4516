"""Feed backend `podcast`: pulls the newest episodes of a podcast (RSS or Atom)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from appliance.plugin import BackendContext, FeedBackend, FeedBackendType, hookimpl

if TYPE_CHECKING:
    from appliance_fetch.options import ListingOptions

    from appliance_feed_podcast.options import PodcastOptions


def _options() -> type:
    from appliance_feed_podcast.options import PodcastOptions

    return PodcastOptions


def _for_url(url: str) -> "ListingOptions | None":
    from appliance_fetch.options import listing_at

    return listing_at(url, _options(), newest=1)


def _create(options: "PodcastOptions", context: BackendContext) -> FeedBackend:
    from appliance_fetch.listing import ListingBackend

    from appliance_feed_podcast.episodes import LARGEST, entries

    return ListingBackend(options, context, entries, largest=LARGEST)


@hookimpl
def appliance_feed_backends() -> Sequence[FeedBackendType]:
    return [
        FeedBackendType(
            "podcast",
            _options,
            _create,
            _for_url,
            suffixes=(".rss", ".atom", ".xml"),
            extra="podcast",
        )
    ]

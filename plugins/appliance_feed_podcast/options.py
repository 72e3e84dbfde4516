"""The options of the feed backend `podcast`."""

from appliance_fetch.options import ListingOptions, own_first
from attrs import frozen


@frozen(field_transformer=own_first)
class PodcastOptions(ListingOptions):
    """A podcast (RSS or Atom), whose newest episodes are pulled."""

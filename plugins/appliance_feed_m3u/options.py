"""The options of the feed backend `m3u`."""

from appliance_fetch.options import ListingOptions, own_first
from attrs import frozen


@frozen(field_transformer=own_first)
class M3uOptions(ListingOptions):
    """A playlist in M3U or PLS, whose entries are pulled."""

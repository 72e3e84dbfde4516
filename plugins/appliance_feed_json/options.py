"""The options of the feed backend `json`."""

from appliance_fetch.options import ListingOptions, own_first
from attrs import frozen


@frozen(field_transformer=own_first)
class JsonOptions(ListingOptions):
    """A list in JSON, whose entries are pulled: `{"tracks": [{"url", "title", "id", "sha256"}]}`."""

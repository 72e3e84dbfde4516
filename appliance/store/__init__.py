"""Where clips, deliveries and tracks are kept: files that are finished by rename, and a catalogue of them."""

from appliance.store.messages import Message
from appliance.store.retention import Arrived, Footprint, Recorded
from appliance.store.search import Search
from appliance.store.store import Store
from appliance.store.trash import Trashed

__all__ = ["Arrived", "Footprint", "Message", "Recorded", "Search", "Store", "Trashed"]

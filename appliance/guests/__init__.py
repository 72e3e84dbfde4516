"""What guests record on their own phones, on its way to a clip."""

from appliance.guests.arrivals import Guests

__all__ = ["Guests"]

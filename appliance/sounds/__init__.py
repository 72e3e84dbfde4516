"""The box's own sounds, as a person gave them to it: sent in pieces, made WAV, kept beside the recordings."""

from appliance.sounds.arrivals import Arriving
from appliance.sounds.kept import KeptSounds, Sound

__all__ = ["Arriving", "KeptSounds", "Sound"]

"""Prompts: short sounds by which the box says what has happened, for whoever cannot see its lights."""

from appliance.prompts.machine import Prompts
from appliance.prompts.sounds import DIGITS, digits_of, sounds_of

__all__ = ["DIGITS", "Prompts", "digits_of", "sounds_of"]

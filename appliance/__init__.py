"""Audio Appliance: a recorder that never loses what was spoken and always says how it is."""

__version__ = "0.1.0"

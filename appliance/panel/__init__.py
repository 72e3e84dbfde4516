"""Buttons, switches and LEDs."""

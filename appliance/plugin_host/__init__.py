"""Finds plugins, keeps each one's status, and calls them so that a broken one is a named, disabled plugin."""

from appliance.plugin_host.host import PluginHost
from appliance.plugin_host.record import PluginState, PluginStatus

__all__ = ["PluginHost", "PluginState", "PluginStatus"]

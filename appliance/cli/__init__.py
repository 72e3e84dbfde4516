"""The `appliance` command: thin commands over the control socket, and `run`, which is the daemon itself."""

from appliance.cli.main import main

__all__ = ["main"]

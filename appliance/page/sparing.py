"""Brings the web server in without what it loads at once and the page needs later or never.

cheroot asks for TLS to learn its version, the HTTP client that bottle brings along for addresses that nobody asks for,
and cheroot for the metadata of packages to tell its own version.
"""

from types import ModuleType

from appliance.sparing import spared

with spared({"ssl": None, "importlib.metadata": ModuleType("importlib.metadata")}):
    import bottle  # noqa: F401
    from cheroot.server import HTTPConnection as Connection
    from cheroot.wsgi import Gateway_10 as Gateway
    from cheroot.wsgi import Server

__all__ = ["Connection", "Gateway", "Server"]

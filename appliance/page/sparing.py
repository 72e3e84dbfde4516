"""Brings the web server in without what it loads at once and the page needs later or never.

cheroot asks for TLS to learn its version, the HTTP client that bottle brings along for the names of the codes, and
cheroot for the metadata of packages to tell its own version.
"""

from http import HTTPStatus
from types import ModuleType

from appliance.sparing import later, spared

_CODES = ModuleType("http.client")
_CODES.responses = {code.value: code.phrase for code in HTTPStatus}  # type: ignore[attr-defined]
_VERSIONS = ModuleType("importlib.metadata")
_SELDOM = later("calendar", "configparser", "hashlib", "hmac", "more_itertools", "pickle", "tempfile")

with spared({"ssl": None, "http.client": _CODES, "importlib.metadata": _VERSIONS, **_SELDOM}):
    import bottle  # noqa: F401
    from cheroot.server import HeaderReader as Headers
    from cheroot.server import HTTPConnection as Connection
    from cheroot.server import HTTPRequest as Request
    from cheroot.wsgi import Gateway_10 as Gateway
    from cheroot.wsgi import Server

__all__ = ["Connection", "Gateway", "Headers", "Request", "Server"]

"""Brings the web server in without what it loads at once and the page needs later or never.

cheroot asks for TLS to learn its version, the HTTP client that bottle brings along for addresses that nobody asks for,
and cheroot for the metadata of packages to tell its own version: megabytes, and time until the page is there.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType


@contextmanager
def spared() -> Iterator[None]:
    """While it lasts there is no TLS, and nothing is known of packages, unless somebody has loaded that before."""
    instead: dict[str, ModuleType | None] = {"ssl": None, "importlib.metadata": ModuleType("importlib.metadata")}
    absent = {name: module for name, module in instead.items() if name not in sys.modules}
    sys.modules.update(absent)  # type: ignore[arg-type]  # None is what says that there is no such module
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


with spared():
    import bottle  # noqa: F401
    from cheroot.wsgi import Gateway_10 as Gateway
    from cheroot.wsgi import Server

__all__ = ["Gateway", "Server"]

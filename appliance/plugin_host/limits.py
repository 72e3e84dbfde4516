"""Foreign code gets a limit: it runs on a thread of its own, which is left behind where it does not come back."""

import logging
import threading
from collections.abc import Callable
from typing import TypeVar

from appliance.errors import PluginError
from appliance.foreign import words

T = TypeVar("T")

_CLOSE = 1.0
"""Seconds that a backend has to close."""

log = logging.getLogger(__name__)


def within(seconds: float, work: Callable[[], T], name: str) -> T:
    """What `work` gives, run on a thread called `name`.

    Raises the errors of `work`, PluginError in the place of those that end threads and programs (SystemExit and its
    like), and where it takes longer.
    """
    done: list[T] = []
    failed: list[Exception] = []

    def run() -> None:
        try:
            done.append(work())
        except Exception as error:
            failed.append(error)
        except BaseException as error:  # a plugin may do anything
            failed.append(PluginError(words(error)))

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    thread.join(seconds)
    if failed:
        raise failed[0]
    if not done:
        raise PluginError(f"it hangs: it had {seconds:g} s")
    return done[0]


def leave(close: Callable[[], object], whose: str) -> None:
    """Close a backend. What it does wrong is a word in the log: nobody needs it any more."""
    try:
        within(_CLOSE, close, f"close:{whose}")
    except Exception as error:  # a plugin may do anything
        log.error("the backend of %s cannot be closed: %s", whose, words(error))
        log.debug("closing", exc_info=True)

"""Foreign code on threads and in processes of its own, which keep nobody from going on."""

import logging
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Generic, TypeVar

from appliance.errors import PluginError
from appliance.foreign import words

T = TypeVar("T")

PATIENCE = 8.0
"""Seconds that a plugin has to be imported, to read its options, and to build or describe a backend."""

LOOK = 2.0
"""Seconds after which it is first looked what foreign code does that may take its time."""

_TURN = 0.5
"""Seconds after which the next piece of foreign code is begun beside one that is not over."""

_STRETCHES = 3
"""So many times the seconds that it has are given to foreign code that works all the time: it is slow, no more."""

_IDLE = 0.01
"""Share of a processor that foreign code which hangs does not use."""

_CLOSE = 1.0
"""Seconds that a backend has to close."""

_OOM_SCORE = 500

_hanging: "dict[str, Errand[Any]]" = {}
"""Calls that took too long, by name: while one is not over, no other of its name is begun."""

log = logging.getLogger(__name__)


class Errand(threading.Thread, Generic[T]):
    """One call of foreign code, which begins at once. Where it does not come back it is left behind."""

    def __init__(self, work: Callable[[], T], name: str) -> None:
        super().__init__(name=name, daemon=True)
        self._work = work
        self._done: list[T] = []
        self._error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self._done.append(self._work())
        except BaseException as error:  # a plugin may do anything
            self._error = error

    def is_over(self, seconds: float) -> bool:
        """Wait for its end for so long; whether it has come."""
        self.join(seconds)
        return not self.is_alive()

    def hangs(self, seconds: float) -> bool:
        """Wait for its end for so long; whether it has not come, and nothing was done for it lately."""
        if self.is_over(seconds / 2):
            return False
        before = self._spent()
        return not self.is_over(seconds / 2) and self._spent() - before <= seconds / 2 * _IDLE

    def _spent(self) -> float:
        """Seconds of a processor that it has used, as the kernel says (proc_pid_schedstat); 0 where it does not."""
        try:
            return int(Path(f"/proc/self/task/{self.native_id}/schedstat").read_text().split()[0]) / 1e9
        except (OSError, ValueError, IndexError):
            return 0.0

    def result(self) -> T:
        """What the call gave, once it is over. Raises what it raised, whatever that is."""
        if self._error is not None:
            raise self._error
        return self._done[0]

    def watched(self, look: Callable[[], None]) -> T:
        """The result, however long it takes; `look` is called now and then meanwhile."""
        while not self.is_over(LOOK):
            look()
        return self.result()


def begun(seconds: float, work: Callable[[], T], name: str) -> Callable[[], T]:
    """Begin `work` on a thread called `name`; what is returned waits for it, and gives or raises what `within` does.

    Whoever begins several has them run one after the other, and only beside those that take long. So of several that
    hang each has its seconds, and all together little more than one. One whose last call still hangs is not begun.
    """
    before = _hanging.get(name)
    errand = None if before is not None and before.is_alive() else Errand(work, name)
    until = time.monotonic() + seconds

    def outcome() -> T:
        if errand is None:
            raise PluginError("it still hangs, as it did before")
        left = max(min(seconds, _TURN), until - time.monotonic())
        for _ in range(_STRETCHES):
            if errand.is_over(0) or errand.hangs(left):
                break
            left = seconds
        if not errand.is_over(0):
            _hanging[name] = errand
            raise PluginError(f"it hangs: it had {seconds:g} s")
        try:
            return errand.result()
        except Exception:
            raise
        except BaseException as error:
            raise PluginError(words(error)) from error

    if errand is not None:
        errand.is_over(min(seconds / 2, _TURN))
    return outcome


def within(seconds: float, work: Callable[[], T], name: str) -> T:
    """What `work` gives, run on a thread called `name`.

    Raises the errors of `work`, PluginError in the place of those that end threads and programs (SystemExit and its
    like), and where it takes longer; at once, where the last call of that name still hangs.
    """
    return begun(seconds, work, name)()


def leave(close: Callable[[], object], whose: str) -> None:
    """Close a backend. What it does wrong is a word in the log: nobody needs it any more."""
    try:
        within(_CLOSE, close, f"close:{whose}")
    except Exception as error:  # a plugin may do anything
        log.error("the backend of %s cannot be closed: %s", whose, words(error))
        log.debug("closing", exc_info=True)


def give_way(niceness: int = 15) -> None:
    """Let this thread run only where no other wants to, as a take in progress does."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), niceness)


def stand_back(child: int, niceness: int) -> None:
    """Let a process come after the recorder for processor and memory; what it starts from now on inherits both."""
    with suppress(OSError):  # it has ended, or the system does not let us
        os.setpriority(os.PRIO_PROCESS, child, niceness)
        Path(f"/proc/{child}/oom_score_adj").write_text(f"{_OOM_SCORE}\n")

"""The threads that answer: some more whenever nearly all are taken, one fewer where nobody needs it any more.

Whoever reads slowly, or nothing, holds the thread that answers him, and so do those who listen to events. Each thread
costs memory that it has used once.
"""

from typing import Any

from cheroot.workers.threadpool import ThreadPool

_SPARE = 4
"""Threads that wait for the next: a busy one may not have said yet that it is."""

_MORE = 8
"""Threads that begin together: the server looks only ten times a second whether they have."""


class Pool(ThreadPool):
    """As many as `min` at first, never more than `max`."""

    def put(self, obj: Any) -> None:
        """Have a connection answered. Called by the one thread that hears of them."""
        waiting = self.idle - self.qsize
        if waiting < _SPARE:
            self.grow(_MORE)
        elif waiting > self.min + _MORE:
            self.shrink(1)
        super().put(obj)

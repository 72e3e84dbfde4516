"""The stop list of a run: everything that was started is stopped, the last first, whatever becomes of the others."""

import logging
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from appliance.errors import Stuck
from appliance.events import FaultRaised
from appliance.faults import STOPPING

log = logging.getLogger(__name__)


class StopList:
    """A context whose end stops what was entered into it.

    A stop that fails is told, and the others follow. Where a thread does not end, Stuck is raised after the last of
    them: what it holds is of no use to anybody in this process.
    """

    def __init__(self, post: Callable[[FaultRaised], None]) -> None:
        self._post = post
        self._stack = ExitStack()
        self._stuck: Stuck | None = None

    def callback(self, stop: Callable[[], None]) -> None:
        """Call `stop` at the end, before everything that was entered earlier."""
        self._stack.callback(self._guarded, stop)

    def _guarded(self, stop: Callable[[], None]) -> None:
        try:
            stop()
        except Stuck as error:
            log.error("%s", error)
            self._stuck = error
        except BaseException as error:  # a library or a plugin may do anything
            log.exception("stopping: %r failed", stop)
            words = f"a part of the appliance could not be stopped: {type(error).__name__}: {error}"
            self._post(STOPPING.raised(f"{words}. The log says which; report it"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._stack.close()
        if self._stuck:
            raise self._stuck

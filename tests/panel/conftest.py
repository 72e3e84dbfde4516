import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from gpiozero.pins.mock import MockFactory, MockPin
from gpiozero.pins.pi import PiPin

from appliance.events import Command
from appliance.testing.clock import ManualClock


class ClockedPin(MockPin):  # type: ignore[misc]
    """A mock pin whose edges carry the time of the manual clock, `late` seconds before they are told."""

    def _call_when_changed(self) -> None:
        PiPin._call_when_changed(self, self.factory.ticks() - self.factory.late, self._state)

    def _set_function(self, value: str) -> None:
        self.factory.claim()
        super()._set_function(value)

    def close(self) -> None:
        self.factory.claim()
        super().close()


class ClockedFactory(MockFactory):  # type: ignore[misc]
    def __init__(self, clock: ManualClock) -> None:
        super().__init__(pin_class=ClockedPin)
        self.ticks = clock.monotonic
        self.late = 0.0
        self.busy = 0
        """How often a pin is still busy, as one of lgpio is for a moment after it was let go."""

    def claim(self) -> None:
        if self.busy:
            self.busy -= 1
            raise OSError("GPIO busy")


class Posted(list[Command]):
    """What a panel has posted."""

    def wait(self, count: int, timeout: float = 5.0) -> "Posted":
        limit = time.monotonic() + timeout
        while len(self) < count:
            assert time.monotonic() < limit, f"only {list(self)}"
            time.sleep(0.001)
        return self


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def factory(clock: ManualClock) -> Any:
    return ClockedFactory(clock)


@pytest.fixture
def posted() -> Posted:
    return Posted()


@pytest.fixture
def eventually() -> Callable[[Callable[[], object]], None]:
    def wait(condition: Callable[[], object], timeout: float = 5.0) -> None:
        limit = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < limit, "it never came"
            time.sleep(0.001)

    return wait


@pytest.fixture
def passing(clock: ManualClock) -> Callable[[Callable[[], object]], None]:
    """Let time pass until the condition holds."""

    def wait(condition: Callable[[], object], timeout: float = 5.0) -> None:
        limit = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < limit, "it never came"
            clock.advance(0.01)
            time.sleep(0.0005)

    return wait


@pytest.fixture(autouse=True)
def no_thread_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert not [one.name for one in set(threading.enumerate()) - before]

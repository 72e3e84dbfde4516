"""What happens in a script, as its callbacks tell, and a server on 127.0.0.1."""

import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest

from appliance.events import Event
from tests.plugins.receiver import Receiver

E = TypeVar("E", bound=Event)


class Heard:
    """A callback for events that can be waited for."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._changed = threading.Condition()

    def __call__(self, event: Event) -> None:
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    def until(self, kind: type[E], fits: Callable[[E], object] = lambda _: True) -> E:
        """The first event of that kind that fits, as soon as it was told."""
        with self._changed:
            found = self._changed.wait_for(lambda: [event for event in self.of(kind) if fits(event)], 20)
        assert found, f"no {kind.__name__} among {self.events}"
        return found[0]


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()

"""The fault of a destination stands for as long as something calls for a person, whatever its threads do at once."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from appliance.delivery.trouble import Trouble
from appliance.events import Event, FaultCleared, FaultRaised
from appliance.faults import DELIVERY
from appliance.models import DeliveryState


class Counting:
    """A store that lets something happen while it counts."""

    def __init__(self) -> None:
        self.meanwhile: Callable[[], None] = lambda: None
        self.outbox = self

    def counts(self) -> Mapping[str, Mapping[DeliveryState, int]]:
        self.meanwhile()
        return {}


@pytest.mark.parametrize("second", ["too large", "refused"], ids=["the same again", "another"])
def test_what_another_thread_parks_meanwhile_keeps_the_fault(second: str) -> None:
    told: list[Any] = []
    store: Any = Counting()
    trouble = Trouble(store, "cloud", 3600.0, told.append)
    trouble.complain("too large")
    store.meanwhile = lambda: trouble.complain(second)
    trouble.look(0.0)
    assert not [event for event in told if isinstance(event, FaultCleared)]
    store.meanwhile = lambda: None
    trouble.look(0.0)
    last: Event = told[-1]
    assert last == DELIVERY.cleared("cloud") and isinstance(told[0], FaultRaised)

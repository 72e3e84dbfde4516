"""Any sequence of claims, failures, receipts, cancels and crashes: no delivery is lost, none is claimed twice."""

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from appliance.models import DeliveryState, Receipt, Verdict

DESTINATIONS = {"cloud": "original", "stick": "flac"}
PROOF = Receipt("x", 1, True)
names = st.sampled_from(sorted(DESTINATIONS))


class OutboxMachine(RuleBasedStateMachine):
    """The store against a dict of what every delivery must be."""

    claims = Bundle("claims")
    clips = Bundle("clips")

    def __init__(self, box_type: type[Any]) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.box = box_type(Path(self.folder.name), DESTINATIONS)
        self.states: dict[tuple[str, str], DeliveryState] = {}

    @initialize()
    def begin(self) -> None:
        self.box.start()

    def teardown(self) -> None:
        self.box.close()
        self.folder.cleanup()

    def expect(self, clip_id: str, state: DeliveryState, *only: DeliveryState, destination: str | None = None) -> None:
        for key, before in self.states.items():
            if key[0] == clip_id and destination in (None, key[1]) and (not only or before in only):
                self.states[key] = state

    @rule(target=clips, verdict=st.sampled_from([Verdict.OK, Verdict.OK, Verdict.TOO_SHORT]))
    def adopt(self, verdict: Verdict) -> str:
        clip = self.box.clip(verdict)
        if verdict is Verdict.OK:
            self.states |= {(clip.id, name): DeliveryState.PENDING for name in DESTINATIONS}
        return str(clip.id)

    @rule(target=clips)
    def adopt_at_start(self) -> str:
        """The crash came right after the seal."""
        take = self.box.take()
        self.crash()
        self.states |= {(take, name): DeliveryState.PENDING for name in DESTINATIONS}
        return str(take)

    @rule(target=claims, destination=names, order=st.sampled_from(["oldest", "newest"]))
    def claim(self, destination: str, order: str) -> Any:
        now = self.box.clock.monotonic()
        due = self.box.store.outbox.next_due(destination)
        delivery = self.box.store.outbox.take_next(destination, order, now=now)
        assert (delivery is not None) == (due is not None and due <= now)
        if delivery is None:
            assert due is None or due > now
            return multiple()
        key = delivery.clip_id, destination
        assert self.states[key] is DeliveryState.PENDING
        assert delivery.state is DeliveryState.SENDING
        self.states[key] = DeliveryState.SENDING
        return delivery

    @rule(delivery=consumes(claims))
    def deliver(self, delivery: Any) -> None:
        self.box.store.outbox.delivered(delivery.id, PROOF)
        only = (DeliveryState.SENDING, DeliveryState.CANCELLED)
        self.expect(delivery.clip_id, DeliveryState.DELIVERED, *only, destination=delivery.destination)

    @rule(delivery=consumes(claims), wait=st.floats(0, 100))
    def postpone(self, delivery: Any, wait: float) -> None:
        self.box.store.outbox.postponed(delivery.id, "later", self.box.clock.monotonic() + wait)
        self.end(delivery, DeliveryState.PENDING)

    @rule(delivery=consumes(claims))
    def park(self, delivery: Any) -> None:
        self.box.store.outbox.parked(delivery.id, "no")
        self.end(delivery, DeliveryState.PARKED)

    @rule(delivery=consumes(claims))
    def release(self, delivery: Any) -> None:
        self.box.store.outbox.released(delivery.id)
        self.end(delivery, DeliveryState.PENDING)

    def end(self, delivery: Any, state: DeliveryState) -> None:
        self.expect(delivery.clip_id, state, DeliveryState.SENDING, destination=delivery.destination)

    @rule(destination=st.none() | names)
    def retry(self, destination: str | None) -> None:
        self.box.store.outbox.retry(destination)
        for clip_id, name in self.states:
            if destination in (None, name):
                self.expect(clip_id, DeliveryState.PENDING, DeliveryState.PARKED, destination=name)

    @rule()
    def hurry(self) -> None:
        self.box.store.outbox.hurry()
        for clip_id, _ in self.states:
            self.expect(clip_id, DeliveryState.PENDING, DeliveryState.PARKED)

    @rule(clip_id=clips)
    def go_again(self, clip_id: str) -> None:
        self.box.store.outbox.go_again([each.id for each in self.box.store.outbox.find(clip_id)])
        self.expect(clip_id, DeliveryState.PENDING, DeliveryState.PARKED)

    @rule(clip_id=clips, destination=st.none() | names)
    def cancel(self, clip_id: str, destination: str | None) -> None:
        self.box.store.outbox.cancel(clip_id, destination)
        self.take_back(clip_id, destination)

    @rule(clip_id=consumes(clips))
    def delete(self, clip_id: str) -> None:
        self.box.store.clips.delete(clip_id, "by hand")
        self.take_back(clip_id, None)

    def take_back(self, clip_id: str, destination: str | None) -> None:
        open_states = (DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.PARKED)
        self.expect(clip_id, DeliveryState.CANCELLED, *open_states, destination=destination)

    @rule(clip_id=clips, destination=names)
    def back_fill(self, clip_id: str, destination: str) -> None:
        added = self.box.store.outbox.enqueue([clip_id], destination, DESTINATIONS[destination])
        assert added == ((clip_id, destination) not in self.states)
        self.states.setdefault((clip_id, destination), DeliveryState.PENDING)

    @rule(seconds=st.floats(0, 200))
    def pass_time(self, seconds: float) -> None:
        self.box.clock.advance(seconds)

    @rule(clean=st.booleans())
    def restart(self, clean: bool) -> None:
        """Claims of the last run stay in the bundle: what comes of them later must not do harm."""
        if clean:
            self.box.restart()
        else:
            self.box.crash()
        self.forget_claims()

    def crash(self) -> None:
        self.box.crash()
        self.forget_claims()

    def forget_claims(self) -> None:
        for clip_id, name in self.states:
            self.expect(clip_id, DeliveryState.PENDING, DeliveryState.SENDING, destination=name)

    @invariant()
    def every_delivery_is_what_it_must_be(self) -> None:
        found = self.box.store.outbox.find()
        assert len({delivery.id for delivery in found}) == len(found)
        assert {(delivery.clip_id, delivery.destination): delivery.state for delivery in found} == self.states

    @invariant()
    def counts_agree(self) -> None:
        counts: dict[str, dict[DeliveryState, int]] = {}
        for (_, name), state in self.states.items():
            of_one = counts.setdefault(name, {})
            of_one[state] = of_one.get(state, 0) + 1
        assert self.box.store.outbox.counts() == counts


@pytest.mark.slow
def test_no_delivery_is_ever_lost(box_type: type[Any]) -> None:
    run_state_machine_as_test(
        lambda: OutboxMachine(box_type),  # type: ignore[arg-type]
        settings=settings(max_examples=15, stateful_step_count=25, deadline=None),
    )

"""Who follows what happens gets the events asked for, in order, to the last one, and is told what was lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from appliance.backlog import LIMIT
from appliance.control.client import Client
from appliance.errors import NotRunning, UsageError
from appliance.events import FaultCleared, QueueChanged, TakeProgress

if TYPE_CHECKING:
    from tests.control.conftest import House


class Follower:
    """A client that follows, and what it has heard."""

    def __init__(self, house: House, method: str = "events", **params: object) -> None:
        self._client = Client(house.socket)
        self._stream = self._client.stream(method, **params)
        self.heard: list[dict[str, Any]] = []
        self._begin(house)

    def _begin(self, house: House) -> None:
        """Until the first thing is heard nobody knows whether the stream has begun."""
        begun = threading.Event()

        def tell() -> None:
            while not begun.wait(0.01):
                house.controller.post(FaultCleared("begin"))

        teller = threading.Thread(target=tell)
        teller.start()
        next(self._stream)
        begun.set()
        teller.join()

    def until(self, wanted: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
        for event in self._stream:
            if event.get("name") != "begin":
                self.heard.append(event)
            if wanted(event):
                break
        return self.heard

    def to_the_end(self) -> list[dict[str, Any]]:
        return self.until(lambda _: False)

    def close(self) -> None:
        self._client.__exit__()


@pytest.fixture
def follow(house: House) -> Iterator[Callable[..., Follower]]:
    followers: list[Follower] = []

    def begin(method: str = "events", **params: object) -> Follower:
        followers.append(Follower(house, method, **params))
        return followers[-1]

    yield begin
    for follower in followers:
        follower.close()


Follow = Callable[..., Follower]


def test_the_last_event_is_told_before_the_stream_ends(house: House, follow: Follow) -> None:
    """As when a reload waits for the end of a take: the turn ends with the very event that everybody waits for."""
    follower = follow()
    with Client(house.socket) as client:
        client.call("record.start")
        client.call("record.stop")
    house.server.deafen()
    house.controller.post(QueueChanged(7))
    house.controller.stop()
    closer = threading.Thread(target=house.streams.close)
    heard: list[dict[str, Any]] = []
    reader = threading.Thread(target=lambda: heard.extend(follower.to_the_end()))
    house.thread.join(10)
    house.controller.drain()
    closer.start()
    reader.start()
    reader.join(10)
    closer.join(10)
    assert [event["event"] for event in heard] == ["TakeStarted", "ClipFinished", "QueueChanged"]


def test_a_stream_that_has_nothing_to_tell_ends_as_well(house: House, follow: Follow) -> None:
    follower = follow("subscribe", events=["QueueChanged", "FaultCleared"])
    house.controller.post(QueueChanged(1))
    follower.until(lambda event: event["event"] == "QueueChanged")
    house.server.deafen()
    house.streams.close()
    assert follower.to_the_end() == [{"event": "QueueChanged", "waiting": 1}]


def test_no_call_is_taken_while_streams_tell_the_last(house: House, follow: Follow) -> None:
    follow()
    with Client(house.socket) as client:
        client.call("record.start")
        house.server.deafen()
        with pytest.raises(NotRunning):
            client.call("record.stop")
        with pytest.raises(NotRunning):
            Client(house.socket)


def test_some_events_may_be_chosen(house: House, follow: Follow) -> None:
    follower = follow("subscribe", events=["QueueChanged", "FaultCleared"])
    for waiting in range(3):
        house.controller.post(TakeProgress("t", 1, 0.1, -1.0, -2.0))
        house.controller.post(QueueChanged(waiting))
    heard = follower.until(lambda event: event == {"event": "QueueChanged", "waiting": 2})
    assert [event["event"] for event in heard] == ["QueueChanged"] * 3


def test_only_who_wants_progress_makes_it_come_more_often(house: House, follow: Follow) -> None:
    follow("subscribe", events=["FaultCleared"])
    assert not house.controller.watched()
    follow("subscribe", events=["TakeProgress", "FaultCleared"])
    assert house.controller.watched()


def test_an_event_that_nobody_knows_is_refused(house: House) -> None:
    with Client(house.socket) as client, pytest.raises(UsageError, match="subscribe: events: found a list of 1"):
        next(client.stream("subscribe", events=["Nothing"]))


@pytest.mark.slow
def test_a_slow_reader_gets_the_newest_and_is_told_how_many_are_lost(house: House, follow: Follow) -> None:
    """It does not read while more happens than the socket and the backlog hold."""
    follower = follow()
    count = 20 * LIMIT
    for number in range(count):
        house.controller.post(QueueChanged(number))
    heard = follower.until(lambda event: event.get("waiting") == count - 1)
    assert any(event["event"] == "EventsLost" for event in heard)
    place = 0
    for event in heard:
        if event["event"] == "EventsLost":
            place += event["count"]
        else:
            assert event["waiting"] == place
            place += 1
    assert place == count

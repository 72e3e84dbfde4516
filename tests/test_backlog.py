"""Whoever listens slowly gets the newest events, and is told how many are missing."""

import threading

from hypothesis import given
from hypothesis import strategies as st

from appliance.backlog import Backlog
from appliance.clock import SystemClock
from appliance.describe import describe
from appliance.events import Event, EventsLost, QueueChanged
from appliance.testing.clock import ManualClock


def test_a_slow_one_keeps_the_newest_and_is_told_how_many_are_lost() -> None:
    backlog = Backlog(ManualClock(), limit=3)
    for number in range(5):
        backlog.put(QueueChanged(number))
    assert [backlog.get(0) for _ in range(5)] == [
        EventsLost(2),
        QueueChanged(2),
        QueueChanged(3),
        QueueChanged(4),
        None,
    ]


def test_a_loss_is_told_in_words() -> None:
    assert describe(EventsLost(1)) == "1 event lost here: whoever listens is too slow"
    assert describe(EventsLost(2)) == "2 events lost here: whoever listens is too slow"


@given(st.lists(st.sampled_from(["put", "get"]), max_size=60), st.integers(1, 5))
def test_every_event_is_had_in_its_place_or_counted(moves: list[str], limit: int) -> None:
    backlog = Backlog(ManualClock(), limit)
    had: list[Event] = []
    put = 0
    for move in moves:
        if move == "put":
            backlog.put(QueueChanged(put))
            put += 1
        else:
            had += filter(None, [backlog.get(0)])
    while (event := backlog.get(0)) is not None:
        had.append(event)
    position = 0
    for event in had:
        if isinstance(event, EventsLost):
            position += event.count
        else:
            assert event == QueueChanged(position)
            position += 1
    assert position == put


def test_one_who_waits_is_woken() -> None:
    backlog = Backlog(SystemClock())
    had: list[Event | None] = []
    thread = threading.Thread(target=lambda: had.append(backlog.get()))
    thread.start()
    backlog.put(QueueChanged(1))
    thread.join(5)
    assert had == [QueueChanged(1)]


def test_a_wait_ends_by_the_clock() -> None:
    clock = ManualClock()
    backlog = Backlog(clock)
    had: list[Event | None] = []
    thread = threading.Thread(target=lambda: had.append(backlog.get(5.0)))
    thread.start()
    clock.waiters()
    clock.advance(5.0)
    thread.join(5)
    assert had == [None] and not backlog.over


def test_what_waits_at_the_end_can_still_be_had() -> None:
    backlog = Backlog(ManualClock())
    backlog.put(QueueChanged(1))
    backlog.close()
    assert not backlog.over
    assert backlog.get() == QueueChanged(1)
    assert backlog.over and backlog.get() is None


def test_the_end_wakes_one_who_waits() -> None:
    backlog = Backlog(SystemClock())
    thread = threading.Thread(target=backlog.get)
    thread.start()
    backlog.close()
    thread.join(5)
    assert not thread.is_alive()

"""Events for everybody who looks on: numbered, kept for those who come back, and the losses told."""

import errno
import queue
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from appliance.clock import SystemClock
from appliance.errors import NotRunning, Refused
from appliance.page.news import KEPT, LISTENERS, Item, News
from appliance.testing.clock import ManualClock


class Daemon:
    """A daemon that tells what it is given; None is its end."""

    def __init__(self) -> None:
        self.told: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self.streams = 0

    def stream(self) -> Iterator[dict[str, Any]]:
        self.streams += 1
        with suppress(queue.Empty):
            while (event := self.told.get(timeout=10)) is not None:
                yield event
        raise NotRunning("it is stopping")


def item(items: Iterator[Item | None]) -> Item:
    return next(each for each in items if each is not None)


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    daemon = Daemon()
    yield daemon
    for _ in range(10):
        daemon.told.put(None)


def test_all_hear_the_same_by_one_stream(daemon: Daemon) -> None:
    news = News(daemon.stream, SystemClock())
    ears = [news.listen() for _ in range(3)]
    for ear in ears:
        assert next(ear) is None
    daemon.told.put({"event": "A"})
    assert [item(ear).event for ear in ears] == [{"event": "A"}] * 3
    assert daemon.streams == 1


def test_who_comes_back_hears_what_he_missed(daemon: Daemon) -> None:
    news = News(daemon.stream, SystemClock())
    ear, other = news.listen(), news.listen()
    next(ear), next(other)
    daemon.told.put({"event": "A"})
    had = item(ear)
    ear.close()  # type: ignore[attr-defined]
    daemon.told.put({"event": "B"})
    item(other), item(other)
    assert item(news.listen(had.number)).event == {"event": "B"}


def test_what_was_lost_is_told(daemon: Daemon) -> None:
    news = News(daemon.stream, SystemClock())
    ear, other = news.listen(), news.listen()
    next(ear), next(other)
    daemon.told.put({"event": "A"})
    had = item(ear)
    for number in range(KEPT + 5):
        daemon.told.put({"event": "B", "number": number})
    while item(other).event.get("number") != KEPT + 4:
        pass
    back = news.listen(had.number)
    assert item(back).event == {"event": "EventsLost", "count": 5}
    assert item(back).event == {"event": "B", "number": 5}


def test_one_too_many_is_refused_in_words(daemon: Daemon) -> None:
    news = News(daemon.stream, SystemClock())
    ears = [news.listen() for _ in range(LISTENERS)]
    with pytest.raises(Refused, match="look on already"):
        news.listen()
    next(ears[0])
    ears[0].close()  # type: ignore[attr-defined]
    news.listen()


@pytest.mark.slow
def test_a_recorder_that_went_away_is_told_and_comes_back(daemon: Daemon) -> None:
    news = News(daemon.stream, SystemClock())
    ear = news.listen()
    next(ear)
    daemon.told.put(None)
    assert item(ear).event["event"] == "RecorderAway"
    daemon.told.put({"event": "A"})
    assert item(ear).event == {"event": "A"}


def test_an_error_that_nobody_has_foreseen_is_not_the_end_of_news(daemon: Daemon) -> None:
    clock = ManualClock()
    failed = threading.Event()

    def stream() -> Iterator[dict[str, Any]]:
        if not failed.is_set():
            failed.set()
            raise OSError(errno.EMFILE, "Too many open files")
        return daemon.stream()

    news = News(stream, clock)
    ear = news.listen()
    daemon.told.put({"event": "A"})
    heard: list[Item] = []
    ears = threading.Thread(target=lambda: heard.extend((item(ear), item(ear))), daemon=True)
    ears.start()
    assert failed.wait(10)
    for _ in range(1000):
        clock.advance(1.0)
        ears.join(0.01)
        if not ears.is_alive():
            break
    assert [each.event["event"] for each in heard] == ["RecorderAway", "A"]

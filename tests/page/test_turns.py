"""Whose password is looked at next, however many guess."""

import threading

from appliance.clock import SystemClock
from appliance.page.turns import MOST_WAITING, Turns

OWNER = "192.0.2.1"


class Told(SystemClock):
    """A clock that tells of each who waits by it."""

    def __init__(self) -> None:
        super().__init__()
        self.waits = threading.Semaphore(0)

    def wait(self, condition: threading.Condition, timeout: float | None) -> bool:
        self.waits.release()
        return super().wait(condition, timeout)


class Line:
    """People who come one after the other while somebody has his turn."""

    def __init__(self) -> None:
        self.clock = Told()
        self.turns = Turns(self.clock)
        self.had: list[str] = []
        self._threads: list[threading.Thread] = []

    def joined_by(self, *addresses: str) -> None:
        for address in addresses:
            self._threads.append(threading.Thread(target=self._come, args=(address,)))
            self._threads[-1].start()
            assert self.clock.waits.acquire(timeout=20)

    def _come(self, address: str) -> None:
        with self.turns.turn(address) as came:
            assert came
            self.had.append(address)

    def ends(self) -> list[str]:
        for each in self._threads:
            each.join(20)
        return self.had


def test_the_first_comes_first_and_who_was_let_in_before_comes_before_strangers() -> None:
    line = Line()
    line.turns.know(OWNER)
    with line.turns.turn("198.51.100.9") as came:
        assert came
        line.joined_by("198.51.100.1", "198.51.100.2", OWNER, "198.51.100.3")
        assert line.had == []
    assert line.ends() == [OWNER, "198.51.100.1", "198.51.100.2", "198.51.100.3"]


def test_so_many_strangers_wait_and_no_more_and_none_of_them_takes_the_place_of_who_is_known() -> None:
    line = Line()
    line.turns.know("2001:db8::1")
    strangers = [f"198.51.100.{number}" for number in range(MOST_WAITING)]
    with line.turns.turn("203.0.113.1"):
        line.joined_by(*strangers)
        with line.turns.turn("203.0.113.2") as came:
            assert not came
        line.joined_by("2001:db8::ff")
    assert line.ends() == ["2001:db8::ff", *strangers]
    with line.turns.turn("203.0.113.2") as came:
        assert came


def test_a_turn_that_ends_badly_ends() -> None:
    turns = Turns(SystemClock())
    for _ in range(2):
        try:
            with turns.turn(OWNER) as came:
                assert came
                raise OSError
        except OSError:
            pass

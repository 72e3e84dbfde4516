"""Signals are heard as long as the process lives."""

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from appliance.signals import Signals


@pytest.fixture
def numbers() -> Iterator[tuple[signal.Signals, signal.Signals]]:
    """Two that nobody else uses, as they were before afterwards."""
    both = signal.SIGUSR1, signal.SIGUSR2
    before = [signal.getsignal(number) for number in both]
    yield both
    for number, handler in zip(both, before, strict=True):
        signal.signal(number, handler)


def test_one_that_ends_in_an_error_is_not_the_last(numbers: tuple[signal.Signals, signal.Signals]) -> None:
    first, second = numbers
    tried, heard = threading.Event(), threading.Event()

    def fail() -> None:
        tried.set()
        raise RuntimeError("can't start new thread")

    with Signals() as signals:
        signals.on(first, fail)
        signals.on(second, heard.set)
        os.kill(os.getpid(), first)
        assert tried.wait(10)
        os.kill(os.getpid(), second)
        assert heard.wait(10)

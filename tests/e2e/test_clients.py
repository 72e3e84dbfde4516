"""Programs on the control socket: they hear the last word, and however many they are, the box records."""

from __future__ import annotations

import os
import signal
import socket
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from appliance.control.client import Client
from appliance.errors import ApplianceError

if TYPE_CHECKING:
    from tests.e2e.conftest import Box


class Follower:
    """Hears events on a thread of its own, to the end of the stream."""

    def __init__(self, box: Box) -> None:
        self.heard: list[dict[str, Any]] = []
        self.error: ApplianceError | None = None
        self._client = Client(box.socket)
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def _follow(self) -> None:
        try:
            with self._client:
                for event in self._client.stream("events"):
                    self.heard.append(event)
        except ApplianceError as error:
            self.error = error

    def join(self) -> list[str]:
        self._thread.join(20)
        assert not self._thread.is_alive()
        return [event["event"] for event in self.heard]


@pytest.mark.slow
def test_whoever_follows_hears_of_the_clip_that_a_reload_waited_for(box: Box) -> None:
    box.start()
    follower = Follower(box)
    box.call("record.start")
    box.until(lambda: "TakeProgress" in [event["event"] for event in follower.heard])
    assert box.call("config.reload") is False
    box.call("record.stop")
    assert "ClipFinished" in follower.join()
    assert follower.error is None, "the stream ends, it does not break off"


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_whoever_follows_hears_of_the_clip_that_the_end_made(box: Box, number: signal.Signals) -> None:
    box.start()
    follower = Follower(box)
    box.call("record.start")
    box.until(lambda: "TakeProgress" in [event["event"] for event in follower.heard])
    assert box.signal(number) == 0
    assert "ClipFinished" in follower.join()
    assert follower.error is None


@pytest.mark.slow
def test_whoever_asks_hears_how_long_the_take_is_though_nobody_follows_it(box: Box) -> None:
    box.start()
    box.call("record.start")
    told: list[float] = []

    def grown() -> bool:
        told.append((box.status()["take"] or {"seconds": 0.0})["seconds"])
        return told[-1] > 2.4

    box.until(grown)
    assert told[-1] < 10, "of itself it tells that no sooner"
    box.call("record.stop")


@pytest.mark.slow
def test_hundreds_of_open_connections_cost_no_take_and_no_time(box: Box) -> None:
    box.start()
    assert box.process
    with ExitStack() as held:
        for _ in range(300):
            caller = held.enter_context(socket.socket(socket.AF_UNIX))
            caller.connect(str(box.socket))
        before = _cpu(box)
        box.press("1")
        box.until(lambda: len(list((box.state / "takes").glob("*/*.wav"))) == 1)
        threading.Event().wait(2)
        box.press("1")
        box.until(lambda: len(list((box.state / "clips").glob("*.wav"))) == 1)
        assert _cpu(box) - before < 2.0, "it records, and does not spin"
        assert len(list(Path(f"/proc/{box.process.pid}/fd").iterdir())) < 150
    box.until(lambda: box.status()["recorder"] == "idle")


def _cpu(box: Box) -> float:
    """Seconds of CPU that the daemon has used."""
    assert box.process
    fields = Path(f"/proc/{box.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

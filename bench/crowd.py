"""Two hundred that look on at once: what they cost in memory, and what the next one is told."""

import json
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any

from appliance.errors import Refused
from appliance.page.news import LISTENERS, QUIET, News
from appliance.testing.clock import ManualClock
from bench.box import memory_mb, running
from bench.page import page_of
from bench.results import Result, at_most
from bench.send import memory

_HOUR = 3600


class _Daemon:
    """Tells an event whenever it is asked for one."""

    def __init__(self) -> None:
        self._wanted = threading.Semaphore(0)

    def happen(self) -> None:
        """Something happens."""
        self._wanted.release()

    def stream(self) -> Iterator[dict[str, Any]]:
        """What happens, without end."""
        while True:
            self._wanted.acquire()
            yield {"event": "LevelMeasured", "peak_dbfs": -12.5, "rms_dbfs": -23.25}


def look(seconds: int) -> dict[str, float]:
    """An event for each of so many seconds of a clock turned by hand, told to all: MB of growth after the first."""
    clock, daemon = ManualClock(), _Daemon()
    news = News(daemon.stream, clock)
    crowd = [news.listen() for _ in range(LISTENERS)]
    try:
        news.listen()
    except Refused as error:
        refused = str(error)
    deque((next(each) for each in crowd), maxlen=0)
    before = 0.0
    for second in range(seconds):
        daemon.happen()
        for each in crowd:
            json.dumps(next(each).event)  # type: ignore[union-attr]  # there always is one
        clock.advance(QUIET if second % 60 == 59 else 1.0)
        if second == seconds // 20:
            before = memory("VmRSS")
    return {"grown": memory("VmRSS") - before, "told": float("look on already" in refused)}


def _next(address: str) -> tuple[int, str]:
    """Status and words of what one more is told."""
    try:
        with urllib.request.urlopen(address, timeout=20) as answer:
            return answer.status, ""
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())["detail"]


def crowd(rounds: int, scale: float) -> Sequence[Result]:
    """An hour of events for all of them, and a page that has as many connections."""
    seconds = round(_HOUR * scale)
    command = [sys.executable, "-m", "bench.crowd", str(seconds)]
    found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    with running() as box, page_of(box.root) as (address, pid), ExitStack() as lines:
        events = f"{address}/api/v1/events"
        before = memory_mb(pid)[0]
        for _ in range(LISTENERS):
            lines.enter_context(urllib.request.urlopen(events, timeout=20)).readline()
        grown = memory_mb(pid)[0] - before
        status, words = _next(events)
    assert (status, found["told"]) == (409, 1.0), "one more is refused"
    against, told = f"an hour of a clock turned by hand, {seconds} events", f"the next one is told: {words}"
    return [
        at_most(f"{LISTENERS} that look on, growth of RSS within an hour", [found["grown"]], 2, " MB", against),
        at_most(f"{LISTENERS} that look on, RSS of the page for each", [grown * 1e3 / LISTENERS], 150, " kB", told),
    ]


if __name__ == "__main__":
    print(json.dumps(look(int(sys.argv[1]))))

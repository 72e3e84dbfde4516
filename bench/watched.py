"""Recording while people look on: five open pages, and a download of everything."""

import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from bench.box import cpu_seconds, running
from bench.page import page_of
from bench.record import frames_lost
from bench.results import Result, at_most
from bench.together import make_clip

_SIZE = 500_000_000
_PAGES = 5
_SETTLE = 2.0
_BLOCK = 1 << 20


def _read(address: str, over: threading.Event) -> None:
    """Read what is at an address, to its end or until it is over."""
    with urllib.request.urlopen(address, timeout=60) as answer:
        while answer.read1(_BLOCK) and not over.is_set():
            pass


@contextmanager
def _onlookers(address: str) -> Iterator[None]:
    """Pages that show the level, and a download."""
    over = threading.Event()
    asked = ["clips.zip", *["events"] * _PAGES]
    readers = [threading.Thread(target=_read, args=(f"{address}/api/v1/{each}", over)) for each in asked]
    for reader in readers:
        reader.start()
    try:
        yield
    finally:
        over.set()
        for reader in readers:
            reader.join()


def _record(seconds: float, size: int, *, watched: bool) -> tuple[float, int]:
    """CPU seconds of the recorder in a second of recording, and the frames that were lost."""
    with running(before=lambda state: make_clip(state, size)) as box, ExitStack() as looking:
        address, _ = looking.enter_context(page_of(box.root))
        box.call("record.start")
        if watched:
            looking.enter_context(_onlookers(address))
        time.sleep(_SETTLE)
        before = cpu_seconds(box.process.pid)
        time.sleep(seconds)
        spent = cpu_seconds(box.process.pid) - before
        box.call("record.stop")
        looking.close()
        return spent / seconds, frames_lost(box.clips()[-1])


def watched(rounds: int, scale: float) -> Sequence[Result]:
    """CPU of the recorder with onlookers over that without, and frames lost meanwhile."""
    seconds, size = 60 * scale, round(_SIZE * scale)
    ratios, lost = [], 0
    for _ in range(rounds):
        alone, _ = _record(seconds, size, watched=False)
        beside, missed = _record(seconds, size, watched=True)
        ratios.append(beside / alone)
        lost = max(lost, missed)
    against = f"{_PAGES} pages with the level, and a download of {size / 1e6:.0f} MB"
    return [
        at_most("CPU of the recorder while people look on", ratios, 1.15, " x", f"alone; {against}"),
        at_most("frames lost while people look on", [lost], 0, "", against),
    ]

"""Recording while people look on: five open pages, and a download of 5 GB."""

import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from bench.box import Box, cpu_seconds, running
from bench.page import page_of
from bench.phone import make_clips
from bench.record import frames_lost
from bench.results import Result, at_most

_SIZE = 100_000_000
_BYTES = 5_000_000_000
_PAGES = 5
_SETTLE = 2.0
_BLOCK = 1 << 20


def _look_on(address: str, over: threading.Event) -> None:
    """Read what a page is told, until it is over."""
    with urllib.request.urlopen(f"{address}/api/v1/events", timeout=60) as answer:
        while answer.read1(_BLOCK) and not over.is_set():
            pass


def _download(address: str, over: threading.Event, rate: float) -> None:
    """Read everything as a ZIP, so many bytes in each second, until it is over."""
    begun, got = time.monotonic(), 0
    with urllib.request.urlopen(f"{address}/api/v1/clips.zip", timeout=60) as answer:
        while (block := answer.read1(_BLOCK)) and not over.wait(max(0.0, begun + got / rate - time.monotonic())):
            got += len(block)


@contextmanager
def _onlookers(address: str, rate: float) -> Iterator[None]:
    """Pages that show the level, and a download."""
    over = threading.Event()
    readers = [threading.Thread(target=_look_on, args=(address, over)) for _ in range(_PAGES)]
    readers.append(threading.Thread(target=_download, args=(address, over, rate)))
    for reader in readers:
        reader.start()
    try:
        yield
    finally:
        over.set()
        for reader in readers:
            reader.join()


def _spent(box: Box, seconds: float) -> float:
    """CPU seconds of the recorder in so many of recording."""
    time.sleep(_SETTLE)
    before = cpu_seconds(box.process.pid)
    time.sleep(seconds)
    return cpu_seconds(box.process.pid) - before


def watched(rounds: int, scale: float) -> Sequence[Result]:
    """CPU of the recorder with onlookers over that without, in turns within one take, and what that lost meanwhile."""
    seconds, ratios, count = 20 * scale, [], round(_BYTES / _SIZE * scale)
    with running(before=lambda state: make_clips(state, count, _SIZE)) as box, page_of(box.root) as (address, _):
        box.call("record.start")
        for _ in range(rounds):
            alone = _spent(box, seconds)
            with _onlookers(address, count * _SIZE / (_SETTLE + seconds)):
                ratios.append(_spent(box, seconds) / alone)
        box.call("record.stop")
        lost = frames_lost(box.clips()[-1])
    against = f"{_PAGES} pages with the level, and a download of {count * _SIZE / 1e9:g} GB in {_SETTLE + seconds:g} s"
    return [
        at_most("CPU of the recorder while people look on", ratios, 1.15, " x", f"alone; {against}"),
        at_most("frames lost while people look on", [lost], 0, "", against),
    ]

"""Nobody reads the log: journald waits for a slow card, a terminal was stopped. The box records all the same."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

Box = Any  # tests/e2e/conftest.py is not importable


@pytest.fixture
def unread() -> Iterator[tuple[int, int]]:
    """Both ends of a pipe that holds little."""
    source, sink = os.pipe()
    fcntl.fcntl(sink, fcntl.F_SETPIPE_SZ, 4096)
    yield source, sink
    os.close(source)
    os.close(sink)


def fill(sink: int) -> None:
    os.set_blocking(sink, False)
    try:
        while True:
            os.write(sink, b"x" * 64)
    except BlockingIOError:
        os.set_blocking(sink, True)


def start(box: Box, sink: int) -> None:
    """With both standard output and error into the pipe."""
    command = [sys.executable, "-m", "appliance", "run", "--config", str(box.config), "--simulate", "all"]
    box.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=sink, stderr=sink, text=True)
    box.log.touch()
    box.until(box._answers)


@pytest.mark.slow
def test_presses_are_followed_and_the_process_ends_where_nobody_reads_the_log(
    box: Box, unread: tuple[int, int]
) -> None:
    _, sink = unread
    start(box, sink)
    fill(sink)
    box.press("1")
    box.until(lambda: (box.status()["take"] or {"seconds": 0})["seconds"] >= 0.5)
    box.press("1")
    box.until(lambda: len(box.clips()) == 1)
    assert box.status()["recorder"] == "idle"
    assert box.signal(15) == 0


@pytest.mark.slow
def test_once_it_is_read_again_what_was_said_is_there(box: Box, unread: tuple[int, int]) -> None:
    source, sink = unread
    start(box, sink)
    fill(sink)
    clip = box.record(0.5)
    os.set_blocking(source, False)
    read = bytearray()

    def heard() -> bool:
        with suppress(BlockingIOError):
            read.extend(os.read(source, 65536))
        return clip["name"].encode() in read

    box.until(heard)

"""Whoever says something hands it over: nobody waits for a reader, and what was lost is told where it was lost."""

import fcntl
import logging
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from appliance.outlet import CAPACITY, Outlet

SOON = 10.0


class Reader:
    """A pipe that is read when the test says so; `descriptor` is where the others write."""

    def __init__(self) -> None:
        self._source, self.descriptor = os.pipe()
        fcntl.fcntl(self.descriptor, fcntl.F_SETPIPE_SZ, 4096)
        self._read = bytearray()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        while data := os.read(self._source, 65536):
            self._read += data

    def start(self) -> None:
        self._thread.start()

    def wait_for(self, size: int) -> None:
        """Until so many bytes were read."""
        limit = time.monotonic() + SOON
        while len(self._read) < size:
            assert time.monotonic() < limit
            time.sleep(0.001)

    def lines(self) -> list[str]:
        """Everything that was written, once nobody can write any more."""
        os.close(self.descriptor)
        self._thread.join(SOON)
        assert not self._thread.is_alive()
        return self._read.decode().splitlines()


@pytest.fixture
def reader() -> Iterator[Reader]:
    yield Reader()


def at_once(work: Callable[[], object]) -> None:
    """Do it on a thread of its own, and insist on its end."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(SOON)
    assert not thread.is_alive(), "somebody waits for the reader"


def test_every_line_arrives_in_order(reader: Reader) -> None:
    reader.start()
    with Outlet(reader.descriptor) as outlet:
        for number in range(1000):
            outlet.write(f"line {number}\n")
    outlet_closed_descriptor_works = os.write(reader.descriptor, b"after\n")
    assert outlet_closed_descriptor_works == 6
    os.close(outlet.real)
    assert reader.lines() == [*(f"line {number}" for number in range(1000)), "after"]


def test_nobody_waits_where_nobody_reads_and_what_was_lost_is_told_in_its_place(reader: Reader) -> None:
    outlet = Outlet(reader.descriptor)
    said = 3 * CAPACITY // 100

    def say() -> None:
        for number in range(said):
            outlet.write(f"line {number:<94}\n")

    at_once(say)
    reader.start()
    outlet.close(SOON)
    os.close(outlet.real)
    lines = reader.lines()
    told, arrived = 0, 0
    for line in lines:
        if match := re.fullmatch(r"line (\d+) *", line):
            assert int(match[1]) == told
            told, arrived = told + 1, arrived + 1
        else:
            told += int(line.removesuffix(" lines of the log were lost: nobody read it"))
    assert told == said and CAPACITY // 200 < arrived < said


def test_after_a_stall_the_next_line_tells_what_went_before_it(reader: Reader) -> None:
    outlet = Outlet(reader.descriptor)
    at_once(lambda: [outlet.write("x" * 9999 + "\n") for _ in range(CAPACITY // 1000)])
    reader.start()
    reader.wait_for(CAPACITY // 2)
    outlet.write("it was read again\n")
    outlet.close(SOON)
    os.close(outlet.real)
    *before, again = reader.lines()
    told = [int(match[1]) for line in before if (match := re.match(r"(\d+) lines of the log were lost", line))]
    whole = sum(line == "x" * 9999 for line in before)
    assert told and sum(told) == CAPACITY // 1000 - whole
    assert again == "it was read again"
    assert all(set(line) == {"x"} for line in before if "lost" not in line)


@pytest.mark.parametrize("taken", [0, 1, 10, 54, 55, 60])
def test_a_count_of_what_was_lost_that_is_cut_off_itself_is_told_again_whole(
    monkeypatch: pytest.MonkeyPatch, taken: int
) -> None:
    """The kernel takes as much of a long write as there is room for, which may end anywhere."""
    source, sink = os.pipe()
    outlet = Outlet(sink)
    said = bytearray()
    room = [0, 0, taken, 10_000]

    def write(descriptor: int, data: bytes) -> int:
        if not (size := min(room.pop(0), len(data))):
            raise BlockingIOError
        said.extend(data[:size])
        return size

    with monkeypatch.context() as patch:
        patch.setattr("appliance.outlet.os.write", write)
        for word in ("one", "two", "three", "four"):
            outlet.write(f"{word}\n")
    outlet.close(SOON)
    lines = said.decode().splitlines()
    whole = [
        match for line in lines if (match := re.fullmatch(r"(\d+) lines of the log were lost: nobody read it", line))
    ]
    assert sum(int(match[1]) for match in whole) + ("three" in lines) == 3 and lines[-1] == "four"
    for descriptor in (source, sink, outlet.real):
        os.close(descriptor)


def test_what_a_library_writes_to_the_descriptor_by_itself_waits_as_little(reader: Reader) -> None:
    outlet = Outlet(reader.descriptor)

    def scream() -> None:
        for _ in range(CAPACITY // 500):
            try:
                os.write(reader.descriptor, b"ALSA lib pcm.c:2660: Unknown PCM" * 30 + b"\n")
            except BlockingIOError:
                return

    at_once(scream)
    reader.start()
    outlet.close(SOON)
    os.close(outlet.real)
    assert reader.lines()[0].startswith("ALSA lib")


def test_at_the_end_nobody_who_does_not_read_is_waited_for_in_vain(reader: Reader) -> None:
    outlet = Outlet(reader.descriptor)
    outlet.write("x" * 9999 + "\n")
    at_once(lambda: outlet.close(0.05))
    at_once(lambda: os.write(reader.descriptor, bytes(1_000_000)))
    outlet.write("too late\n")


def test_a_reader_who_has_gone_is_no_harm() -> None:
    source, sink = os.pipe()
    with Outlet(sink) as outlet:
        os.close(source)
        for _ in range(100):
            outlet.write("is anybody there?\n")
    os.close(outlet.real)
    os.close(sink)


def test_it_is_a_stream_for_logging(reader: Reader) -> None:
    reader.start()
    with Outlet(reader.descriptor) as outlet:
        handler = logging.StreamHandler(outlet)
        handler.handle(logging.LogRecord("name", logging.INFO, __file__, 1, "a %s \udcff", ("word",), None))
    os.close(outlet.real)
    assert reader.lines() == ["a word \\udcff"]


@pytest.mark.slow
def test_a_descriptor_that_is_closed_is_one_that_nobody_reads() -> None:
    code = """
import os
from appliance.outlet import Outlet
os.close(2)
with Outlet(2) as outlet:
    outlet.write("hello\\n")
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)

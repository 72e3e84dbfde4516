"""What 100,000 clips that wait to be delivered cost: at start, at each step, and in memory."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from attrs import evolve

from appliance.audio.journal import Begin
from appliance.audio.take import clip_name, new_take_id
from appliance.audio.takefile import TakeFile
from appliance.clock import SystemClock
from appliance.codec import to_json
from appliance.models import AudioFormat, Clip, Levels, Receipt, Verdict
from appliance.store import Store
from appliance.store.schema import connect
from appliance.vitals import Vitals
from bench.results import Result, at_most
from bench.send import memory

_ROWS = 100_000
_STEPS = 200
_FORMAT = AudioFormat(8000, 1)


def open_store(directory: Path) -> Store:
    """A store with one destination, not started."""
    clock = SystemClock()
    store = Store(directory, clock, lambda _: None, Vitals(clock))
    store.set_destinations({"cloud": "original"})
    return store


def record(store: Store, size: int = 1000) -> Clip:
    """A clip of about so many bytes, with its delivery."""
    clock = SystemClock()
    take_id, started = new_take_id(), clock.stamp()
    begin = Begin(take_id, clip_name("bench", started, take_id), "bench", _FORMAT, started, 0.0)
    take = TakeFile.create(store.places.takes, begin)
    take.append(bytes(size))
    take.seal(Levels(), Verdict.OK)
    take.close()
    return store.clips.adopt(take_id)


def fill(directory: Path, rows: int) -> None:
    """Enter copies of a clip, all pending; their files are there, and empty."""
    store = open_store(directory)
    store.start()
    clip = record(store)
    store.close()
    copies = (evolve(clip, id=f"{number:010d}", name=f"{clip.name[:-10]}{number:010d}") for number in range(rows))
    connection = connect(directory / "catalogue.db")
    connection.execute("BEGIN")
    for copy in copies:
        (store.places.clips / f"{copy.name}.wav").touch()
        (store.places.clips / f"{copy.name}.json").touch()
        began = copy.started.wall_ns
        connection.execute(
            "INSERT INTO clips (id, name, start_ns, body, bytes, clock) VALUES (?, ?, ?, ?, ?, 'ntp')",
            (copy.id, copy.name, began, to_json(copy), copy.size),
        )
    connection.execute(
        "INSERT INTO deliveries (clip, destination, kind) SELECT seq, 'cloud', 'original' FROM clips WHERE bytes > 0"
        " ON CONFLICT DO NOTHING"
    )
    connection.execute("COMMIT")
    connection.close()
    os.utime(store.places.clips, (0, 0))  # as if the last clip was not a moment ago
    store = open_store(directory)
    store.start()
    store.close()


def look(directory: Path) -> dict[str, float]:
    """Start the store; milliseconds of start, of one adoption and of one delivery, and MB of growth."""
    store = open_store(directory)
    before = memory("VmRSS")
    begun = time.perf_counter()
    store.start()
    start = time.perf_counter() - begun
    begun = time.perf_counter()
    for _ in range(_STEPS):
        record(store)
    adopt = time.perf_counter() - begun
    begun = time.perf_counter()
    for _ in range(_STEPS):
        delivery = store.outbox.take_next("cloud", "newest", now=0.0)
        assert delivery is not None
        store.outbox.delivered(delivery.id, Receipt("there", 1, True, "sha256", "0" * 64))
    pick = time.perf_counter() - begun
    grown = memory("VmHWM") - before
    store.close()
    return {"start": start * 1e3, "adopt": adopt * 1e3 / _STEPS, "pick": pick * 1e3 / _STEPS, "grown": grown}


def _look(directory: Path) -> dict[str, float]:
    """`look` in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.outbox", str(directory)], check=True, stdout=subprocess.PIPE, text=True
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def outbox(rounds: int, scale: float) -> Sequence[Result]:
    """A store with many pending deliveries, beside one with none."""
    rows = round(_ROWS * scale)
    found = []
    with tempfile.TemporaryDirectory(prefix="appliance-bench-", dir=Path.cwd()) as folder:
        root = Path(folder)
        for name, count in (("full", rows), ("empty", 0)):
            fill(root / name, count)
        for _ in range(rounds):
            pair = []
            for name in ("full", "empty"):
                shutil.copytree(root / name, root / "copy")
                pair.append(_look(root / "copy"))
                shutil.rmtree(root / "copy")
            found.append(pair)

    def differences(key: str) -> list[float]:
        return [full[key] - empty[key] for full, empty in found]

    def ratios(key: str) -> list[float]:
        return [full[key] / empty[key] for full, empty in found]

    against = f"an empty one; {rows:,} deliveries pending"
    return [
        at_most("store with a full outbox: start, longer by", differences("start"), 100, " ms", against),
        at_most("store with a full outbox: a clip enters", ratios("adopt"), 1.5, " x", against),
        at_most("store with a full outbox: the next goes and arrives", ratios("pick"), 1.5, " x", against),
        at_most("store with a full outbox: growth of RSS, more by", differences("grown"), 5, " MB", against),
    ]


if __name__ == "__main__":
    print(json.dumps(look(Path(sys.argv[1]))))

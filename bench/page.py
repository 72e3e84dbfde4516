"""What the page costs beside a recorder with 50,000 clips: how long it takes to make one, its weight, its memory."""

import gzip
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from attrs import evolve

from appliance.page.answers import FOLDER
from appliance.store.schema import connect, transaction
from appliance.store.search import SearchRows
from bench.box import environment, memory_mb, running
from bench.outbox import fill, open_store
from bench.results import Result, at_most

_CLIPS = 50_000
_VIEWS = {
    "Now": "/",
    "Clips": "/clips",
    "a search for a word that all have": "/clips?text=message",
    "a search for a word, a label and what waits": "/clips?text=message&label=family&state=pending",
    "a search for what is nowhere": "/clips?text=message&state=parked",
}


def _name_all(directory: Path) -> None:
    """Give every clip a title, and every third a label."""
    store = open_store(directory)
    store.start()
    clips = store.clips.newest_first()
    store.close()
    connection = connect(directory / "catalogue.db")
    with transaction(connection):
        rows = SearchRows(connection)
        for number, clip in enumerate(clips):
            rows.enter(evolve(clip, title=f"Message {number}", labels=("family",) if number % 3 == 0 else ()))
    connection.close()


@contextmanager
def _page(root: Path) -> Iterator[tuple[str, int]]:
    """The page of the box in a folder: its address and its process."""
    (root / "web.yaml").write_text("web: {listen: 127.0.0.1:0}\n")
    options = ["--socket", str(root / "control.sock"), "web", "--config", str(root / "web.yaml")]
    command = [sys.executable, "-m", "appliance", *options, "--keys", str(root / "web" / "keys.json")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment()) as process:
        assert process.stdout
        found = re.search(r"http://\S+:\d+", process.stdout.readline())
        assert found
        yield found[0], process.pid
        process.terminate()


def _bytes(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=60) as answer:
        return bytes(answer.read())


def _milliseconds(address: str) -> float:
    begun = time.perf_counter()
    _bytes(address)
    return (time.perf_counter() - begun) * 1e3


def page(rounds: int, scale: float) -> Sequence[Result]:
    """Every view as a browser gets it, from the request to its last byte."""
    count = round(_CLIPS * scale)

    def prepare(directory: Path) -> None:
        fill(directory, count)
        _name_all(directory)

    with running(before=prepare) as box, _page(box.root) as (address, pid):
        for path in _VIEWS.values():
            _bytes(address + path)
        results = [
            at_most(
                f"page: {name}",
                [median(_milliseconds(address + path) for _ in range(20)) for _ in range(rounds)],
                30,
                " ms",
                f"{count} clips",
            )
            for name, path in _VIEWS.items()
        ]
        statics = sum(len(gzip.compress(path.read_bytes())) for path in (FOLDER / "static").iterdir())
        weight = (statics + len(gzip.compress(_bytes(f"{address}/clips")))) / 1e3
        pss = memory_mb(pid)[1]
    results.append(at_most("page: all that a browser loads, gzipped", [weight], 120, " kB", "the list of clips"))
    return [*results, at_most("page: memory (PSS)", [pss], 33, " MB", "after every view")]

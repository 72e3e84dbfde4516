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
_CHROMIUM = "/usr/bin/chromium"
_PAINTED = """new Promise(done => new PerformanceObserver(list => done(list.getEntries()[0].startTime))
.observe({type: "paint", buffered: true}))"""
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
def page_of(root: Path) -> Iterator[tuple[str, int]]:
    """The page of the box in a folder: its address and its process."""
    (root / "web.yaml").write_text("web: {listen: 127.0.0.1:0}\n")
    told = environment(
        APPLIANCE_CONFIG=str(root / "web.yaml"),
        APPLIANCE_SOCKET=str(root / "control.sock"),
        APPLIANCE_WEB_KEYS=str(root / "web" / "keys.json"),
    )
    command = [sys.executable, "-m", "appliance.page"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=told) as process:
        assert process.stdout
        try:
            found = re.search(r"http://\S+:\d+", process.stdout.readline())
            assert found
            yield found[0], process.pid
        finally:
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

    with running(before=prepare) as box, page_of(box.root) as (address, pid):
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
    results.append(at_most("page: memory (PSS)", [pss], 30, " MB", "after every view"))
    against = "Python that imports nothing, in turns"
    return [*results, at_most("page: imports, longer by", _imports(rounds * 4 + 1), 150, " ms", against)]


def _imports(times: int) -> list[float]:
    """Milliseconds that all takes which `python -m appliance.page` imports."""
    loading = "import gc; gc.disable(); import appliance.page.__main__, appliance.page.server, appliance.config.section"

    def milliseconds(code: str) -> float:
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, env=environment())
        return (time.perf_counter() - begun) * 1e3

    milliseconds(loading)
    return [milliseconds(loading) - milliseconds("pass") for _ in range(times)]


def paint(rounds: int, scale: float) -> Sequence[Result]:
    """How soon a slow phone shows something: Chromium, six times slower than this machine."""
    from playwright.sync_api import sync_playwright

    count = round(_CLIPS * scale)

    def prepare(directory: Path) -> None:
        fill(directory, count)
        _name_all(directory)

    results = []
    with running(before=prepare) as box, page_of(box.root) as (address, _), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=["--no-sandbox"])
        for name in ("Now", "Clips"):
            times, asked = [], 0
            for _ in range(rounds + 1):
                context = browser.new_context(viewport={"width": 390, "height": 780})
                shown = context.new_page()
                shown.context.new_cdp_session(shown).send("Emulation.setCPUThrottlingRate", {"rate": 6})
                shown.goto(address + _VIEWS[name], wait_until="load")
                times.append(float(shown.evaluate(_PAINTED)))
                asked = int(shown.evaluate("performance.getEntriesByType('resource').length")) + 1
                context.close()
            against = f"Chromium at a sixth of its speed, nothing kept, {asked} requests, {count} clips"
            results.append(at_most(f"page: first paint of {name}", times[1:], 1500, " ms", against))
        browser.close()
    return results

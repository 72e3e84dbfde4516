"""What 10,000 messages in the inbox cost, and what it takes to bring a large one: against few, and curl."""

import subprocess
import tempfile
import time
import wave
from collections.abc import Callable, Sequence
from pathlib import Path

from attrs import evolve

from appliance.codec import to_json
from appliance.store.schema import connect
from bench.box import Box, memory_mb, running, until
from bench.outbox import open_store
from bench.results import Result, at_least, at_most
from tests.plugins.nginx import Nginx

_TRACKS = 10_000
_FEW = 100
_PAGE = 50
_TURNS = 200
_SIZE = 500_000_000
_FIRST = 5_000_000
_BLOCK = 1 << 20
_FEEDS = """\
feeds:
  first: {{backend: urls, urls: ["{first}"], pulled: on_button}}
  large: {{backend: urls, urls: ["{large}"], pulled: on_button}}
"""


def _fill(directory: Path, count: int) -> None:
    """An inbox of so many messages, with their notes; the older half of them was heard. Their files are empty."""
    store = open_store(directory)
    store.start()
    places = store.places
    path = places.inbox / "00000.mp3"
    path.touch()
    first = store.inbox.add("news", "0", "Message", path, 0, "0" * 64)
    store.close()
    connection = connect(directory / "catalogue.db")
    connection.execute("BEGIN")
    for number in range(1, count):
        name = f"{number:05d}.mp3"
        (places.inbox / name).touch()
        note = evolve(first, id=first.id + number, key=str(number), path=Path(name))
        (places.tracks / f"{name}.json").write_text(to_json(note))
        connection.execute(
            "INSERT INTO tracks (feed, key, title, path, size, sha256, fetched_at, played)"
            " VALUES (?, ?, ?, ?, 0, ?, ?, ?)",
            (
                first.feed,
                note.key,
                first.title,
                places.relative(places.inbox / name),
                first.sha256,
                first.fetched_at,
                int(number < count // 2),
            ),
        )
    connection.execute("COMMIT")
    connection.close()


def _milliseconds(work: Callable[[], object]) -> float:
    """Of processor time, the mean of some turns."""
    begun = time.process_time()
    for _ in range(_TURNS):
        work()
    return (time.process_time() - begun) * 1e3 / _TURNS


def _look(directory: Path) -> tuple[float, float, float]:
    """Milliseconds of processor time of a start, of a page, and of finding the next message."""
    store = open_store(directory)
    begun = time.process_time()
    store.start()
    start = (time.process_time() - begun) * 1e3
    page = _milliseconds(lambda: store.inbox.page(_PAGE))
    following = _milliseconds(store.inbox.next_message)
    store.close()
    return start, page, following


def inbox(rounds: int, scale: float) -> Sequence[Result]:
    """An inbox with many messages, beside one with few."""
    count = round(_TRACKS * scale)
    with tempfile.TemporaryDirectory(prefix="appliance-bench-", dir=Path.cwd()) as folder:
        many, few = Path(folder) / "many", Path(folder) / "few"
        _fill(many, count)
        _fill(few, _FEW)
        found = [(_look(many), _look(few)) for _ in range(2 * rounds + 1)]
    what, against = f"inbox of {count:,} messages", f"one of {_FEW}; processor time"
    start, page, following = ([(one[part], other[part]) for one, other in found] for part in range(3))
    return [
        at_most(f"{what}: start, longer by", [one - other for one, other in start], 100, " ms", against),
        at_most(f"{what}: a page of {_PAGE}", [one / other for one, other in page], 1.5, " x", against),
        at_most(f"{what}: the next", [one / other for one, other in following], 1.5, " x", against),
    ]


def _silence(path: Path, size: int) -> None:
    """A WAVE file of about so many bytes."""
    with wave.open(str(path), "wb") as audio:
        audio.setparams((2, 2, 48_000, 0, "NONE", ""))
        for _ in range(size // _BLOCK):
            audio.writeframesraw(bytes(_BLOCK))


def _pulled(box: Box, feed: str) -> tuple[float, float]:
    """Seconds from the word until it is a message, and the most RSS in MB meanwhile."""
    most, begun = [0.0], time.perf_counter()

    def is_there() -> bool:
        most.append(memory_mb(box.process.pid)[0])
        return any(each["feed"] == feed for each in box.call("feeds.list"))

    box.call("feeds.pull", feed=feed)
    until(is_there)
    return time.perf_counter() - begun, max(most)


def pull(rounds: int, scale: float) -> Sequence[Result]:
    """A feed that brings 500 MB from nginx, in turns with curl that writes them to the same disk."""
    ratios, growth, size = [], [], round(_SIZE * scale)
    with tempfile.TemporaryDirectory(prefix="appliance-bench-", dir=Path.cwd()) as folder:
        root = Path(folder)
        root.chmod(0o755)
        server = Nginx(root / "nginx", 9)
        try:
            for name, length in (("first", _FIRST), ("large", size)):
                _silence(root / "nginx" / "static" / f"{name}.wav", length)
            first, large = (server.url(f"/static/{name}.wav") for name in ("first", "large"))
            for _ in range(rounds):
                with running(_FEEDS.format(first=first, large=large), disk=root) as box:
                    _, before = _pulled(box, "first")
                    ours, most = _pulled(box, "large")
                growth.append(most - before)
                begun = time.perf_counter()
                subprocess.run(["curl", "-sS", "--fail", "-o", str(root / "copy"), large], check=True)
                ratios.append((time.perf_counter() - begun) / ours)
        finally:
            server.close()
    what = f"feed's download of {size / 1e6:.0f} MB from nginx"
    return [
        at_least(f"{what}, speed", ratios, 0.9, " x", "`curl -o` to the same disk, in turns"),
        at_most(f"{what}, growth of RSS", growth, 4, " MB", f"after one of {_FIRST / 1e6:.0f} MB"),
    ]

"""`python -m bench.soak [--quick]`: weeks of use in minutes, and what grows meanwhile.

The whole appliance runs in this process, on a clock that is turned by hand, a simulated microphone and a destination in
memory that forgets what it has proved to hold. Every clip is recorded, sealed, catalogued and delivered, a minute and a
quarter after the one before. Now and then memory, files and threads are counted, and the real daemon is started on a
copy of the state directory: once as after a kill, once as after a good end. The plot goes to docs/images/soak.png.
"""

import argparse
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from attrs import frozen

from appliance.errors import NotRunning
from bench.box import cpu_seconds, memory_mb
from bench.results import Result, at_most, table
from bench.within import CONFIG, Appliance

PLOT = Path(__file__).parents[1] / "docs" / "images" / "soak.png"
CLIPS = 20_000

_PATIENCE = 20.0
_STARTS = 4
_COUNTS = 10
_NOT_SHARED = ("catalogue.db*", "appliance.lock", "ballast")


@frozen
class Sample:
    """How the appliance was after so many clips: RSS in MB, open files, threads, and ms from one clip to the next.

    `left` is how many files there are but those of clips, `catalogue` how many bytes it has.
    """

    clips: int
    rss: float
    files: int
    threads: int
    took: float
    left: int
    catalogue: int


@frozen
class Start:
    """Seconds of processor time that the daemon takes to READY with so many clips, after a kill and after a good end.

    The best of some. Processor time, as the time on the wall depends on what else the machine does.
    """

    clips: int
    after_kill: float
    after_end: float


def _sample(clips: int, took: float, state: Path) -> Sample:
    rss, _ = memory_mb(os.getpid())
    left = sum(path.is_file() and path.parent != state / "clips" for path in state.rglob("*"))
    catalogue = (state / "catalogue.db").stat().st_size
    return Sample(clips, rss, _open_files(), threading.active_count(), took, left, catalogue)


def _open_files() -> int:
    """The least of some counts: one that is in use for a moment is none that was left open."""
    counts = []
    for _ in range(_COUNTS):
        counts.append(len(list(Path("/proc/self/fd").iterdir())))
        time.sleep(0.01)
    return min(counts)


def _start(root: Path) -> float:
    """Seconds of processor time from the start of the process to READY=1; it is stopped again."""
    command = [sys.executable, "-m", "appliance", "run", "--simulate", "all", "--config", str(root / "config.yaml")]
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as systemd:
        (root / "notify").unlink(missing_ok=True)
        systemd.bind(str(root / "notify"))
        systemd.settimeout(_PATIENCE)
        environment = {**os.environ, "NOTIFY_SOCKET": str(root / "notify")}
        silent = subprocess.DEVNULL
        with subprocess.Popen(command, stdin=silent, stdout=silent, stderr=silent, env=environment) as process:
            while not systemd.recv(1000).startswith(b"READY=1"):
                pass
            took = cpu_seconds(process.pid)
            process.send_signal(signal.SIGTERM)
            if process.wait(_PATIENCE):
                raise NotRunning("the daemon did not end well")
    return took


def _starts(state: Path, clips: int) -> Start:
    """Start the daemon on copies of the state directory. Files of clips never change: a copy shares them."""
    kills, ends = [], []
    for _ in range(_STARTS):
        with tempfile.TemporaryDirectory(prefix="appliance-soak-", dir=state.parent.parent) as folder:
            root = Path(folder)
            (root / "config.yaml").write_text(CONFIG.format(root=root, backend=f"folder, path: {root}/shelf"))
            copies = root / "state"
            subprocess.run(["cp", "-rl", state, copies], check=True)  # here it would take memory
            for pattern in _NOT_SHARED:
                for path in copies.glob(pattern):
                    path.unlink()
            for path in state.glob("catalogue.db*"):
                shutil.copy2(path, copies)
            time.sleep(3)  # else the folder was changed too recently to be known at the next start
            kills.append(_start(root))
            ends.append(_start(root))
            subprocess.run(["rm", "-r", copies], check=True)
    return Start(clips, min(kills), min(ends))


def run(clips: int, every: int, starts_every: int | None) -> tuple[list[Sample], list[Start]]:
    """Record and deliver so many clips, and look at everything every so often; at no starts where that is None."""
    samples: list[Sample] = []
    starts: list[Start] = []
    with tempfile.TemporaryDirectory(prefix="appliance-soak-", dir=Path.cwd()) as folder:
        root = Path(folder) / "box"
        root.mkdir()
        appliance = Appliance(root)
        with appliance.running():
            begun = time.perf_counter()
            for number in range(1, clips + 1):
                appliance.record()
                if number % every == 0 or number == 1:
                    took = (time.perf_counter() - begun) / (every if samples else 1) * 1000
                    samples.append(_sample(number, took, root / "state"))
                    print(samples[-1], file=sys.stderr, flush=True)
                    if starts_every and (number % starts_every == 0 or number == 1):
                        starts.append(_starts(root / "state", number))
                        print(starts[-1], file=sys.stderr, flush=True)
                    begun = time.perf_counter()
    return samples, starts


def judge(samples: Sequence[Sample], starts: Sequence[Start]) -> Sequence[Result]:
    """Compare the end with the first tenth, by when SQLite has filled its cache of 2 MB."""
    warm, last = samples[len(samples) // 10], samples[-1]
    after, then = f"after {last.clips} clips", f"after {warm.clips} clips ({{}})"
    results = [
        at_most(f"RSS {after}", [last.rss - warm.rss], 5, " MB more", then.format(f"{warm.rss:.1f} MB")),
        at_most(f"open files {after}", [last.files - warm.files], 0, " more", then.format(warm.files)),
        at_most(f"threads {after}", [last.threads - warm.threads], 0, " more", then.format(warm.threads)),
        at_most(f"files beside clips {after}", [last.left - warm.left], 0, " more", then.format(warm.left)),
        at_most(f"catalogue {after}", [last.catalogue / last.clips / 1000], 3, " kB a clip", "what is known of each"),
    ]
    if starts:
        (first, *_, end), what = starts, f"start of the daemon with {starts[-1].clips} clips"
        for how, before, now, limit in (
            ("after a kill", first.after_kill, end.after_kill, 1.5),
            ("after a good end", first.after_end, end.after_end, 1.2),
        ):
            against = f"with {first.clips} clip ({before:.2f} s)"
            results.append(at_most(f"{what}, {how}", [now / before], limit, " x", against))
    return results


def plot(samples: Sequence[Sample], starts: Sequence[Start], path: Path) -> None:
    """Draw everything over the number of clips."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 7), layout="constrained")
    FigureCanvasAgg(figure)
    memory, counts, speed, start = figure.subplots(2, 2, sharex=True).flat
    clips = [sample.clips for sample in samples]
    memory.plot(clips, [sample.rss for sample in samples])
    memory.set(title="memory", ylabel="RSS, MB")
    counts.plot(clips, [sample.files for sample in samples], label="open files")
    counts.plot(clips, [sample.threads for sample in samples], label="threads")
    counts.set(title="open files and threads")
    speed.plot(clips[1:], [sample.took for sample in samples[1:]])
    speed.set(title="press to arrival", ylabel="ms a clip", xlabel="clips recorded and delivered")
    start.plot([each.clips for each in starts], [each.after_kill for each in starts], "o-", label="after a kill")
    start.plot([each.clips for each in starts], [each.after_end for each in starts], "o-", label="after a good end")
    start.set(title="start of the daemon", ylabel="s of processor time to READY", xlabel="clips in the catalogue")
    for axes in (memory, counts, speed, start):
        axes.set_ylim(0, axes.get_ylim()[1] * 1.1)
        axes.locator_params(axis="x", nbins=5)
        axes.grid(alpha=0.3)
    for axes in (counts, start):
        axes.legend()
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=100)


def main() -> int:
    """Soak; the exit code says whether everything stayed flat."""
    parser = argparse.ArgumentParser(prog="bench.soak", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer clips, no starts, and leave the plot alone")
    quick = parser.parse_args().quick
    logging.disable()  # a clock that leaps makes whatever works at that moment look as if it hung
    samples, starts = run(400, 10, None) if quick else run(CLIPS, CLIPS // 80, CLIPS // 10)
    results = judge(samples, starts)
    print(table(results))
    if not quick:
        plot(samples, starts, PLOT)
    return 0 if all(result.holds for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())

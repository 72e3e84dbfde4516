"""The cost of recording, against arecord on the same card at the same time; and losses under load."""

import subprocess
import tempfile
import time
import wave
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from appliance.config.audio import CaptureSettings
from appliance.models import AudioFormat
from appliance.simulation.sound import missing
from bench.box import Box, cpu_seconds, environment, memory_mb, running, sd_card
from bench.results import Result, at_most

STEREO = AudioFormat(48_000, 2)
_SETTLE = 2.0
STRESS = ["stress-ng", "--cpu", "4", "--hdd", "2", "--io", "2", "--quiet"]


@contextmanager
def _arecord(root: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """arecord with its own defaults, on a test card of its own."""
    card = root / "peer"
    card.mkdir()
    arguments = ["-q", "-D", f"testcard:{card}", "-f", "S16_LE", "-r", "48000", "-c", "2"]
    command = ["arecord", *arguments, str(root / "peer.wav")]
    process = subprocess.Popen(command, env=environment(), stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(10)


def frames_lost(path: Path) -> int:
    """How many frames of the test card a recording lacks."""
    with wave.open(str(path)) as audio:
        return missing(audio.readframes(audio.getnframes()), STEREO)


def _record(seconds: float) -> tuple[float, float, float]:
    """CPU seconds of the daemon over those of arecord, and the daemon's RSS and PSS in MB, while both record."""
    with running() as box, tempfile.TemporaryDirectory() as folder, _arecord(Path(folder)) as peer:
        box.call("record.start")
        time.sleep(_SETTLE)
        before = cpu_seconds(box.process.pid), cpu_seconds(peer.pid)
        time.sleep(seconds)
        after = cpu_seconds(box.process.pid), cpu_seconds(peer.pid)
        rss, pss = memory_mb(box.process.pid)
        box.call("record.stop")
    return (after[0] - before[0]) / (after[1] - before[1]), rss, pss


def cost(rounds: int, scale: float) -> Sequence[Result]:
    """CPU and memory of the whole daemon while it records 48 kHz stereo for a minute."""
    measured = [_record(60 * scale) for _ in range(rounds)]
    ratios, rss, pss = zip(*measured, strict=True)
    return [
        at_most("CPU while recording 48 kHz S16 stereo", ratios, 2, " x", "arecord, same time, same kind of card"),
        at_most("RSS while recording, folder and HTTP destinations", rss, 60, " MB", "limit"),
        at_most("PSS while recording, folder and HTTP destinations", pss, 48, " MB", "limit"),
    ]


def _idle(seconds: float, more: str) -> float:
    """CPU seconds of a daemon that keeps its microphone open, over those of arecord, which records meanwhile."""
    with running(more) as box, tempfile.TemporaryDirectory() as folder, _arecord(Path(folder)) as peer:
        time.sleep(_SETTLE)
        before = cpu_seconds(box.process.pid), cpu_seconds(peer.pid)
        time.sleep(seconds)
        after = cpu_seconds(box.process.pid), cpu_seconds(peer.pid)
    return (after[0] - before[0]) / (after[1] - before[1])


def listening(rounds: int, scale: float) -> Sequence[Result]:
    """CPU of the whole daemon while triggers listen to 48 kHz stereo, and nothing is recorded."""
    seconds = 30 * scale
    against = "arecord recording the same, same time, same kind of card"
    level = [_idle(seconds, "triggers: {all: {level: 0}}") for _ in range(rounds)]
    band = [_idle(seconds, "triggers: {band: {level: 0, low: 2000, high: 10000, rise: 12}}") for _ in range(rounds)]
    return [
        at_most("CPU while a trigger listens, all frequencies", level, 4, " x", against),
        at_most("CPU while a trigger listens, in a band and above the noise", band, 6, " x", against),
    ]


def armed(rounds: int, scale: float) -> Sequence[Result]:
    """CPU of the whole daemon while a pre-roll is armed and nothing is recorded."""
    ratios = [_idle(60 * scale, "recording: {preroll: 10s}") for _ in range(rounds)]
    against = "arecord, same time, same kind of card"
    return [at_most("CPU with a pre-roll armed and idle", ratios, 1.2, " x", against)]


def _care(seconds: float, disk: Path | None) -> float:
    """CPU seconds of the daemon over those of one that takes no care of the take, while two of each record.

    They share processors and caches, so whoever wakes right after another, or was started first, is cheaper: they take
    turns within a period, and in an order that favours neither.
    """
    modules = ("appliance", "bench.careless", "bench.careless", "appliance")
    with ExitStack() as stack:
        boxes = [stack.enter_context(running(module=module, disk=disk)) for module in modules]
        for box in boxes:
            box.call("record.start")
            time.sleep(CaptureSettings().period / len(boxes))
        time.sleep(_SETTLE)
        before = [cpu_seconds(box.process.pid) for box in boxes]
        time.sleep(seconds)
        spent = [cpu_seconds(box.process.pid) - start for box, start in zip(boxes, before, strict=True)]
    return (spent[0] + spent[3]) / (spent[1] + spent[2])


def care(rounds: int, scale: float) -> Sequence[Result]:
    """What it costs to keep a take safe: its syncs, its drift and its verdict."""
    with sd_card() as disk:
        ratios = [_care(60 * scale, disk) for _ in range(rounds)]
    where = "ext4 with a journal" if disk else "the filesystem of temporary files"
    against = f"the same daemon without syncs, drift and verdict, same time, on {where}"
    return [at_most("CPU while recording, for all that keeps a take safe", ratios, 1.2, " x", against)]


def stress(rounds: int, scale: float) -> Sequence[Result]:
    """Frames lost while stress-ng keeps processors and disk busy."""
    seconds = 60 * scale
    ours, peers = [], []
    for _ in range(rounds):
        with running() as box, tempfile.TemporaryDirectory() as folder:
            with _arecord(Path(folder)):
                ours.append(float(_stressed(box, seconds, Path(folder))))
            peers.append(frames_lost(Path(folder) / "peer.wav"))
    against = f"arecord lost {', '.join(str(lost) for lost in peers)}"
    return [at_most(f"frames lost under `{' '.join(STRESS[:-1])}`", [max(ours)], 0, "", against)]


def _stressed(box: Box, seconds: float, folder: Path) -> int:
    box.call("record.start")
    subprocess.run([*STRESS, "--temp-path", str(folder), "--timeout", f"{seconds:.0f}"], check=True)
    box.call("record.stop")
    return frames_lost(box.clips()[-1])

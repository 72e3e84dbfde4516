"""Files that are made of clips, against the programs that people use for that."""

import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from appliance.audio import wav
from appliance.models import AudioFormat, Clip, ClockSource, ClockStamp
from appliance.recipes import FLAC, Treatment
from appliance.renditions.encode import encode
from appliance.renditions.proof import differs
from appliance.renditions.treat import Treated
from appliance.simulation.sound import speech
from bench.box import running
from bench.record import frames_lost
from bench.results import Result, at_least, at_most

T = TypeVar("T")

_HOUR = 3600
_BLOCK_SECONDS = 10


def _clip(folder: Path, seconds: float) -> tuple[Path, Clip]:
    """Speech in stereo, as a clip."""
    format = AudioFormat(48_000, 2)
    frames = format.frames(seconds)
    path, step = folder / "clip.wav", format.frames(_BLOCK_SECONDS)
    with path.open("wb") as file:
        file.write(wav.build(format, frames * format.frame_bytes))
        for first in range(0, frames, step):
            file.write(speech(first, min(step, frames - first), format))
    stamp = ClockStamp(0, 0, "", ClockSource.NONE)
    return path, Clip("id", "clip", "bench", format, frames, path.stat().st_size, stamp)


def _timed(work: Callable[[], T]) -> tuple[float, T]:
    begin = time.perf_counter()
    result = work()
    return time.perf_counter() - begin, result


def loudness(rounds: int, scale: float) -> Sequence[Result]:
    """How long it takes to measure the loudness of an hour, with its range and true peak."""
    ratios, off = [], []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            path, _clip_there = _clip(Path(folder), _HOUR * scale)
            ours, found = _timed(Treated(path, Treatment(), lambda: None).loudness)
            command = ["ffmpeg", "-hide_banner", "-nostats", "-i", str(path), "-af", "ebur128=peak=true"]
            command += ["-f", "null", "-"]
            theirs, done = _timed(partial(subprocess.run, command, check=True, capture_output=True, text=True))
            told = done.stderr.rpartition("Integrated loudness:")[2].split("I:")[1].split()[0]
            ratios.append(ours / theirs)
            off.append(abs(found.integrated - float(told)))
    against = "`ffmpeg -af ebur128=peak=true`, time of the whole"
    return [
        at_most("loudness of an hour, with range and true peak", ratios, 2, " x", against),
        at_most("difference of the integrated loudness", off, 0.1, " LU", "the same"),
    ]


def flac(rounds: int, scale: float) -> Sequence[Result]:
    """FLAC of an hour while a take is recorded: with its tags, and with the proof that it decodes to the same."""
    alone, proved, lost = [], [], []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder, running() as box:
            path, clip = _clip(Path(folder), _HOUR * scale)
            box.call("record.start")
            target = Path(folder) / "clip.flac"
            command = ["flac", "-5", "--silent", "--force", "-o", str(target), str(path)]
            run = partial(subprocess.run, check=True, stderr=subprocess.DEVNULL)
            theirs, _ = _timed(partial(run, command))
            theirs_proved, _ = _timed(partial(run, [*command, "--verify"]))
            ours_proved, _ = _timed(partial(encode, path, target, FLAC, clip, lambda: None))
            proof, wrong = _timed(partial(differs, path, target, True, lambda: None))
            assert not wrong
            box.call("record.stop")
            lost.append(float(frames_lost(box.clips()[-1])))
            alone.append(theirs / (ours_proved - proof))
            proved.append(theirs_proved / ours_proved)
    return [
        at_least("speed of FLAC of an hour, with its tags", alone, 0.9, " x", "`flac -5`"),
        at_least("the same, decoded again and compared", proved, 0.75, " x", "`flac -5 --verify`"),
        at_most("frames lost of a take beside it", [max(lost)], 0, "", "limit"),
    ]

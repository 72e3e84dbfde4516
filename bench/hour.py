"""What playing for hours leaves behind: the whole appliance in this process, on a clock that is turned by hand."""

import gc
import logging
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile

from appliance.events import Play
from bench.box import memory_mb
from bench.results import Result, at_most
from bench.within import Appliance

_RATE = 48_000
_MINUTE = 60.0
_STEP = 0.25
_REST = 0.001
"""Real seconds in which the player does what a step asks for."""
_PATIENCE = 60.0
_WARM = 20
_HOUR = 60
_FORMATS = ("wav", "flac", "ogg", "mp3")


def _sounds(folder: Path) -> list[Path]:
    """A minute of sound in each format."""
    noise = np.random.default_rng(1).uniform(-0.3, 0.3, (round(_MINUTE * _RATE), 2))
    paths = [folder / f"minute.{format}" for format in _FORMATS]
    for path in paths:
        with soundfile.SoundFile(path, "w", _RATE, 2) as file:
            for at in range(0, len(noise), _RATE):
                file.write(noise[at : at + _RATE])
    return paths


def _play(appliance: Appliance, sound: Path) -> None:
    """A minute, from the word to its end."""
    controller = appliance.controller
    controller.request(Play(sound, sound.name)).result(20)
    ends = time.monotonic() + _PATIENCE
    while controller.status.player != "stopped" and time.monotonic() < ends:
        appliance.clock.advance(_STEP)
        time.sleep(_REST)


def _rss() -> float:
    gc.collect()
    return memory_mb(os.getpid())[0]


def hour(rounds: int, scale: float) -> Sequence[Result]:
    """An hour of playing, a minute of each format in turns, after a third of one."""
    logging.disable()  # a clock that leaps makes whatever works at that moment look as if it hung
    minutes = round(_HOUR * scale)
    with tempfile.TemporaryDirectory(prefix="appliance-bench-") as folder:
        sounds = _sounds(Path(folder))
        (Path(folder) / "box").mkdir()
        appliance = Appliance(Path(folder) / "box")
        with appliance.running():
            for minute in range(round(_WARM * scale)):
                _play(appliance, sounds[minute % len(sounds)])
            before = _rss()
            for minute in range(minutes):
                _play(appliance, sounds[minute % len(sounds)])
            grown = _rss() - before
    logging.disable(logging.NOTSET)
    against = f"after {round(_WARM * scale)} minutes; a clock turned by hand, {', '.join(_FORMATS)}"
    return [at_most(f"{minutes} minutes of playing, growth of RSS", [grown], 0.2, " MB", against)]

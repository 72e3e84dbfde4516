"""Makes the tones that come with the appliance: `python -m appliance.prompts.synthesis FOLDER`.

Each is a few notes that a person tells apart without having learned them: rising is good or a beginning, falling is an
end, one low note twice is trouble.
"""

import sys
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from appliance.config.prompts import Prompt

RATE = 48_000
_LEVEL = 0.25
"""Peak of a note, full scale 1.0."""
_EDGE = 0.01
"""Seconds in which a note comes and goes."""
_PAUSE = 0.0

_C5, _E5, _G5, _C6, _E6, _A4, _D4 = 523.25, 659.26, 783.99, 1046.5, 1318.51, 440.0, 293.66

SCORE: dict[str, tuple[tuple[float, float], ...]] = {
    Prompt.READY: ((_C5, 0.12), (_E5, 0.12), (_G5, 0.2)),
    Prompt.RECORDING: ((_G5, 0.08), (_C6, 0.16)),
    Prompt.PAUSED: ((_A4, 0.1), (_PAUSE, 0.06), (_A4, 0.1)),
    Prompt.TIME_IS_NEARLY_UP: ((_C6, 0.08), (_PAUSE, 0.08), (_C6, 0.08), (_PAUSE, 0.08), (_C6, 0.08)),
    Prompt.STOPPED: ((_G5, 0.1), (_C5, 0.16)),
    Prompt.TOO_SHORT: ((_E5, 0.08), (_D4, 0.2)),
    Prompt.SAVED: ((_C5, 0.1), (_G5, 0.16)),
    Prompt.DELIVERED: ((_G5, 0.08), (_C6, 0.08), (_E6, 0.16)),
    Prompt.NEW_MESSAGE: ((_E6, 0.1), (_C6, 0.1), (_E6, 0.1), (_C6, 0.2)),
    Prompt.FAULT: ((_D4, 0.2), (_PAUSE, 0.1), (_D4, 0.3)),
    Prompt.CARD_NEARLY_FULL: ((_C6, 0.1), (_G5, 0.1), (_C5, 0.1), (_PAUSE, 0.1), (_C5, 0.2)),
    "tone": ((1000.0, 0.4),),
}
"""Of each prompt its notes: hertz (0 is silence) and seconds."""


def tone(notes: tuple[tuple[float, float], ...]) -> NDArray[np.int16]:
    """The notes, one after the other, without clicks."""
    return np.concatenate([_note(hertz, seconds) for hertz, seconds in notes])


def _note(hertz: float, seconds: float) -> NDArray[np.int16]:
    times = np.arange(round(seconds * RATE)) / RATE
    edge = np.minimum(np.minimum(times, seconds - times) / _EDGE, 1.0)
    wave = np.sin(2 * np.pi * hertz * times) * (0.5 - 0.5 * np.cos(np.pi * edge)) if hertz else 0.0 * times
    return np.rint(_LEVEL * 32767 * wave).astype(np.int16)


def write(folder: Path) -> None:
    """Write all of them into the folder."""
    for name, notes in SCORE.items():
        soundfile.write(folder / f"{name}.flac", tone(notes), RATE)


if __name__ == "__main__":
    write(Path(sys.argv[1]))

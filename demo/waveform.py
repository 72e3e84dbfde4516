"""A picture of a clip's sound, in the terminal and as PNG."""

from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

_BLOCKS = " ▁▂▃▄▅▆▇█"


def in_terminal(path: Path, width: int = 72) -> str:
    """A row of blocks: the peak of each stretch of the file."""
    samples, _ = soundfile.read(path, always_2d=True)
    peaks = _peaks(samples, width)[1]
    scaled = np.clip(peaks / max(float(peaks.max()), 1e-9), 0, 1)
    return "".join(_BLOCKS[round(float(value) * (len(_BLOCKS) - 1))] for value in scaled)


def as_png(path: Path, clip: dict[str, Any], target: Path) -> None:
    """Draw minima and maxima over time, with the clip's pauses and marks."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    samples, rate = soundfile.read(path, always_2d=True)
    low, high = _peaks(samples, 1600)
    seconds = np.linspace(0, len(samples) / rate, len(low))
    figure = Figure(figsize=(10, 2.6), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.fill_between(seconds, low, high, linewidth=0, color="#1f6f8b")
    for pause in clip["pauses"]:
        axes.axvline(
            pause["offset"] / rate, color="#d1495b", linestyle="--", label=f"pause of {pause['seconds']:.1f} s"
        )
    for mark in clip["marks"]:
        axes.axvline(mark["offset"] / rate, color="#edae49", label="mark")
    axes.set(xlim=(0, seconds[-1]), ylim=(-1, 1), xlabel="seconds", ylabel="full scale", title=path.name)
    if clip["pauses"] or clip["marks"]:
        axes.legend(loc="upper right")
    figure.savefig(target)


def _peaks(samples: NDArray[np.float64], columns: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lowest and highest sample of each of `columns` stretches, over all channels."""
    stretches = np.array_split(samples, min(columns, len(samples)))
    return np.array([part.min() for part in stretches]), np.array([part.max() for part in stretches])

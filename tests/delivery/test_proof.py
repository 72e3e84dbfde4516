"""What was encoded is decoded again before it is sent."""

import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from appliance.errors import Cancelled
from appliance.models import AudioFormat
from appliance.recipes import FLAC
from appliance.renditions.maker import Renditions
from appliance.renditions.proof import differs
from appliance.simulation.sound import numbered

RATE = 48_000
Sound = NDArray[Any]


def tone(seconds: float = 2.0, level: float = 0.3, offset: float = 0.0) -> Sound:
    samples: Sound = np.sin(np.arange(round(seconds * RATE)) * 2 * np.pi * 440 / RATE) * level + offset
    return samples


def written(path: Path, samples: Sound, subtype: str = "PCM_16") -> Path:
    soundfile.write(path, samples, RATE, subtype=subtype)
    return path


@pytest.mark.parametrize("suffix", [".opus", ".mp3"])
@pytest.mark.parametrize(
    "samples",
    [tone(), tone(level=0.02, offset=0.3), np.zeros(RATE), tone(0.02), np.full(RATE, 0.5)],
    ids=["a tone", "a soft one beside an offset", "silence", "very short", "nothing but an offset"],
)
def test_what_codecs_make_of_sound_is_no_other_sound(tmp_path: Path, samples: Sound, suffix: str) -> None:
    source, made = written(tmp_path / "a.wav", samples), tmp_path / f"a{suffix}"
    if suffix == ".opus":
        soundfile.write(made, samples, RATE, format="OGG", subtype="OPUS")
    else:
        soundfile.write(made, samples, RATE, format="MP3")
    assert differs(source, made, False, lambda: None) == ""


@pytest.mark.parametrize(
    ("samples", "words"),
    [
        (tone(1.9), "it is 0.10 s shorter"),
        (tone(2.3), "it is 0.30 s longer"),
        (np.zeros(2 * RATE), "it is silent"),
    ],
)
def test_what_lacks_sound_is_found(tmp_path: Path, samples: Sound, words: str) -> None:
    source = written(tmp_path / "a.wav", tone())
    assert differs(source, written(tmp_path / "b.flac", samples), False, lambda: None) == words


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24"])
def test_one_other_sample_is_enough_where_nothing_may_be_lost(tmp_path: Path, subtype: str) -> None:
    samples = (tone() * 2**31).astype("<i4") >> 16 << 16
    source = written(tmp_path / "a.wav", samples, subtype)
    same, spoilt = written(tmp_path / "b.flac", samples, subtype), samples.copy()
    spoilt[-1] += 1 << 16
    assert differs(source, same, True, lambda: None) == ""
    for other in (spoilt, samples[:-1]):
        assert differs(source, written(tmp_path / "c.flac", other, subtype), True, lambda: None)


def test_the_proof_can_be_ended(tmp_path: Path) -> None:
    source = written(tmp_path / "a.wav", tone())

    def enough() -> None:
        raise Cancelled("enough")

    with pytest.raises(Cancelled):
        differs(source, source, True, enough)


def test_encoding_gives_way_to_everything_else(box: Any) -> None:
    nice: list[int] = []
    before = os.getpriority(os.PRIO_PROCESS, 0)
    clip = box.clip(numbered(0, RATE, AudioFormat()), AudioFormat())
    Renditions(box.store, box.clock).prepare(clip, FLAC, lambda: nice.append(os.getpriority(os.PRIO_PROCESS, 0)))
    assert max(nice) >= 15 and os.getpriority(os.PRIO_PROCESS, 0) == before


LONG = 12.5
"""Seconds that are proved in two halves."""


def whole(samples: Sound) -> Sound:
    """In whole numbers, which no format rounds in its own way."""
    exact: Sound = (samples * 2**31).astype("<i4") >> 16 << 16
    return exact


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24"])
def test_one_other_sample_is_found_in_both_halves(tmp_path: Path, subtype: str) -> None:
    samples = whole(tone(LONG))
    source = written(tmp_path / "a.wav", samples, subtype)
    assert differs(source, written(tmp_path / "same.flac", samples, subtype), True, lambda: None) == ""
    half = len(samples) // 2
    for place in (0, half - 1, half, len(samples) - 1):
        other = samples.copy()
        other[place] += 1 << 16
        made = written(tmp_path / "b.flac", other, subtype)
        assert differs(source, made, True, lambda: None) == "it decodes to other samples", place


def test_damage_in_the_second_half_is_told(tmp_path: Path) -> None:
    source = written(tmp_path / "a.wav", whole(tone(LONG)))
    made = written(tmp_path / "b.flac", whole(tone(LONG)))
    content = made.read_bytes()
    made.write_bytes(content[: len(content) * 3 // 4])
    try:
        wrong = differs(source, made, True, lambda: None)
    except soundfile.LibsndfileError:
        wrong = "it cannot be decoded"
    assert wrong


def test_the_proof_of_two_halves_can_be_stopped(tmp_path: Path) -> None:
    source = written(tmp_path / "a.wav", whole(tone(LONG)))
    made = written(tmp_path / "b.flac", whole(tone(LONG)))
    looks = iter(range(2))

    def check() -> None:
        if next(looks, None) is None:
            raise Cancelled("stopping")

    with pytest.raises(Cancelled):
        differs(source, made, True, check)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("proof")]

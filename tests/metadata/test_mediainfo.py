"""Every field of a clip is read back by MediaInfo, which knows nothing of us, from each kind of file that is sent."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from appliance.audio import wav
from appliance.circumstances import Begun, Gain, Starter, Text
from appliance.metadata.facts import cleaned, facts
from appliance.models import ClockSource
from appliance.recipes import BWF, FLAC, MP3, OPUS, Recipe
from tests.metadata.test_inside import CALLED, CLIP, made, sound

pytestmark = pytest.mark.slow

KNOWN = cleaned(
    evolve(
        CLIP,
        frames=5 * 48_000,
        size=wav.HEADER_BYTES + 5 * 48_000 * 6,
        gain=Gain("Mic", 12.0, "dB"),
        begun=Begun(Starter.BUTTON, "17"),
        texts=(Text("words", "was gesagt wurde"),),
        continues="zyxwvutsrq",
        started=evolve(CLIP.started, source=ClockSource.NONE),
        starred=True,
        approved=True,
        recovered=True,
        cut=True,
    )
)
"""A clip of which everything is known."""

PLACED = {
    "LOCATION": "Recorded_Location",
    "SPEAKER": "Performer",
}
"""What MediaInfo calls what it knows of some kinds of files."""


@pytest.fixture
def original(tmp_path: Path) -> Path:
    return sound(KNOWN, tmp_path)


def tracks(path: Path) -> dict[str, dict[str, Any]]:
    """What MediaInfo says of each part of a file; what it has no name for is among the rest."""
    done = subprocess.run(["mediainfo", "--Output=JSON", str(path)], capture_output=True, text=True, check=True)
    found = {}
    for track in json.loads(done.stdout)["media"]["track"]:
        found[track["@type"]] = track | track.get("extra", {})
    return found


@pytest.mark.parametrize("recipe", [FLAC, OPUS, MP3], ids=lambda recipe: recipe.name)
def test_tags(original: Path, recipe: Recipe) -> None:
    read = tracks(made(original, recipe, KNOWN))
    told = read["General"]
    assert told["Title"] == KNOWN.title
    assert told["Comment" if recipe is MP3 else "Description"] == KNOWN.note.replace("\n", " / ")
    dates = ("2027-01-15 08:00:30", "2027-01-15T09:00:30.500+01:00")
    assert told["Recorded_Date"].startswith(dates[0] if recipe is MP3 else dates[1].replace("T", " "))
    assert recipe is not MP3 or told["DATE"] == dates[1]
    known = facts(KNOWN)
    assert len(known) == 30, "nothing that can be told is missing here"
    assert known.pop("NOTE") == KNOWN.note
    assert {name: told.get(name) or told.get(PLACED.get(name, "")) for name in known} == known
    assert float(read["Audio"]["Duration"]) == pytest.approx(5, abs=0.1)
    if recipe is not MP3:
        chapters = [text for name, text in read["Menu"]["extra"].items() if name.startswith("_")]
        assert chapters == ["Mark 1", CALLED]


def test_broadcast_wave(original: Path) -> None:
    read = tracks(made(original, BWF, KNOWN))
    told, audio = read["General"], read["Audio"]
    assert told["bext_Present"] == "Yes" and told["bext_Version"] == "2"
    assert (told["Producer"], told["Producer_Reference"]) == ("box", KNOWN.id)
    assert told["Description"].startswith("Grossmutter & Enkel <1>. Zwei Zeilen: hier die zweite")
    assert told["Description"].endswith("Altes Rathaus")
    assert told["Encoded_Date"] == "2027-01-15 09:00:30"
    assert float(audio["Delay"]) == 9 * 3600 + 30.5, "the frame of the day that it begins with"
    assert (audio["Channels"], audio["SamplingRate"], audio["BitDepth"]) == ("2", "48000", "24")
    assert float(audio["Duration"]) == 5
    assert "A=PCM,F=48000,W=24,M=stereo,T=box" in told["Encoded_Library_Settings"]
    loud = ["LoudnessValue", "LoudnessRange", "MaxTruePeakLevel", "MaxMomentaryLoudness", "MaxShortTermLoudness"]
    assert all(-70 < float(audio[name]) <= 20 for name in loud)

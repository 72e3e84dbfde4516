"""Takes are cut at the frame that sounded at the press: a short run of what the bench does for long, under load."""

import random
from pathlib import Path

import pytest

from appliance.models import AudioFormat
from bench.cuts import Rig, presses

LIMIT = 0.005


@pytest.mark.alone
def test_random_presses_cut_at_their_moment(tmp_path: Path, alsa_config: Path) -> None:
    off = presses(Rig(tmp_path, AudioFormat()), 30, random.Random(4))
    assert len(off) >= 30 and max(off) <= LIMIT, [f"{each * 1000:.2f} ms" for each in off]

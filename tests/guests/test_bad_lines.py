"""Recordings of guests over a line that is bad in every way: each arrives once and whole, or is still being sent."""

from pathlib import Path
from random import Random

import numpy as np
import pytest
import soundfile

from appliance.errors import UsageError
from tests.guests.test_arrivals import House, file_of

PIECE = 49_152


class Phone:
    """Sends as the page of guests does: again what had no answer, then from where it is told to go on."""

    def __init__(self, house: House, random: Random) -> None:
        noise = np.random.default_rng(random.randrange(1 << 30))
        self.samples = noise.integers(-9000, 9000, random.choice([900, 700_000]), np.int16)
        self.sound = file_of(self.samples)
        self.upload = house.guests.begin(len(self.sound))
        self.sent, self.before = 0, (0, b"")
        self.done: dict[str, object] = {}

    def step(self, house: House, random: Random) -> None:
        """Send something, of which the answer may be lost."""
        piece = (self.sent, self.sound[self.sent : self.sent + random.choice([1, 1000, PIECE])])
        strange = (random.randrange(len(self.sound)), self.sound[: random.randrange(10)])
        happens = random.random()
        if happens < 0.1:
            piece = self.before
        elif happens < 0.15 and strange[0] != self.sent:
            piece = (strange[0], self.sound[strange[0] : strange[0] + 99])
        there = house.guests.write(self.upload, *piece)
        self.before = piece
        if random.random() < 0.9:
            self.sent = there
        if there < len(self.sound):
            with pytest.raises(UsageError, match="bytes are there"):
                house.guests.end(self.upload)
            return
        for _ in range(random.choice([1, 2])):
            self.done = house.guests.end(self.upload)


@pytest.mark.parametrize("seed", range(4))
def test_each_arrives_once_and_whole(seed: int, tmp_path: Path) -> None:
    random = Random(seed)
    house = House(tmp_path / "state")
    phones = [Phone(house, random) for _ in range(2)]
    restarts = 2
    while waiting := [phone for phone in phones if not phone.done]:
        random.choice(waiting).step(house, random)
        if restarts and random.random() < 0.05:
            restarts -= 1
            house.restart()
    found = {clip.id: house.store.clips.path(clip) for clip in house.store.clips.newest_first()}
    assert sorted(found) == sorted(str(phone.done["id"]) for phone in phones)
    for phone in phones:
        heard = soundfile.read(found[str(phone.done["id"])], dtype="int16")[0]
        assert (heard == phone.samples).all()
    assert house.left == []
    for store in house.opened:
        store.close()

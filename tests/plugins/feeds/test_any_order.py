"""Whatever happens to the entries of a list, in any order: the inbox has in the end what there is, each sound once."""

import random

import pytest

from appliance.plugin import Permanent
from appliance.testing.feeds import MemoryInbox
from tests.plugins.feeds.conftest import Site
from tests.plugins.feeds.test_changes import ASKED, TOLD, Feed

NAMES = ["/a.mp3", "/b.mp3", "/c.mp3"]
SOUNDS = [bytes(range(256)) * 4 + bytes(number) for number in range(1, 5)]


@pytest.mark.parametrize("how", [*ASKED, *TOLD])
@pytest.mark.parametrize("seed", range(8))
def test_in_the_end_there_is_what_is_offered(how: str, seed: int, site: Site, inbox: MemoryInbox) -> None:
    chance = random.Random(seed)
    for name in NAMES:
        site.offer(name, chance.choice(SOUNDS))
    feed = Feed(how, site, inbox, *NAMES)
    for _ in range(8):
        for name in NAMES:
            if chance.random() < 0.4:
                site.offer(name, chance.choice(SOUNDS))
        if chance.random() < 0.2:
            feed.restart()
        if chance.random() < 0.2:
            inbox.refuses = Permanent("it is damaged")
        feed.offer()
        try:
            feed.pull()
        except Permanent:
            feed.restart()
    inbox.refuses = None
    for _ in range(3):
        feed.pull()
    offered = {site.url(name): site.files[name][1] for name in NAMES}
    there = {track.key: track.content for track in inbox.tracks}
    assert {key: offered[key] for key in there} == there, "nothing old is left"
    assert set(there.values()) == set(offered.values()), "nothing is missing"
    assert feed.pull() == []

"""A URL is fetched while a person is told how far it is, for as long as it takes, and whoever hangs up ends it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from appliance.audio import wav
from appliance.cli.main import root
from appliance.control.client import Client
from appliance.errors import Cancelled, Permanent
from appliance.models import AudioFormat
from appliance.plugin import FeedJob

if TYPE_CHECKING:
    from tests.control.conftest import House

URL = "https://example.org/a.wav"
FRAMES = 2_000_000
SOUND = wav.build(AudioFormat(), 2 * FRAMES) + bytes(2 * FRAMES)
SOON = 20.0


class Puller:
    """Brings half, waits until it may go on or the pull is over, and brings the rest."""

    def __init__(self) -> None:
        self.go_on, self.ended = threading.Event(), threading.Event()

    def pull(self, job: FeedJob) -> None:
        with job.new_track(URL, "A", ".wav") as file:
            file.write(SOUND[: len(SOUND) // 2])
            file.flush()
            while not self.go_on.wait(0.01):
                if job.cancelled():
                    self.ended.set()
                    raise Cancelled("stopped")
            file.write(SOUND[len(SOUND) // 2 :])

    def close(self) -> None:
        pass


def test_a_person_is_told_how_far_it_is(house: House) -> None:
    puller = Puller()
    house.pullers[URL] = puller
    with Client(house.socket, timeout=0.3) as client:
        told = client.stream("play.url", url=URL)
        assert next(told) == {"received": len(SOUND) // 2}
        puller.go_on.set()
        *_, last = told
    assert (last["event"], last["title"]) == ("PlaybackStarted", "A")
    assert [track.key for track in house.store.inbox.tracks()] == [URL]


@pytest.mark.slow
def test_whoever_hangs_up_ends_it(house: House) -> None:
    puller = Puller()
    house.pullers[URL] = puller
    with Client(house.socket) as client:
        next(client.stream("play.url", url=URL))
    assert puller.ended.wait(SOON)
    assert house.store.inbox.tracks() == []


def test_the_command(house: House) -> None:
    puller = Puller()
    puller.go_on.set()
    house.pullers[URL] = puller
    result = CliRunner().invoke(root, ["--socket", str(house.socket), "play", URL])
    assert (result.exit_code, "playing A" in result.output) == (0, True)


def test_why_it_cannot_be_played(house: House) -> None:
    class Refuses(Puller):
        def pull(self, job: FeedJob) -> None:
            raise Permanent("there is no file")

    house.pullers[URL] = Refuses()
    with Client(house.socket) as client, pytest.raises(Permanent, match="there is no file"):
        list(client.stream("play.url", url=URL))

"""What the table of parity says of the control socket: a program of one's own records, plays, sends and fetches."""

import json
import threading
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from appliance.control.client import Client
from appliance.errors import ApplianceError
from tests.e2e.conftest import Box
from tests.plugins.receiver import Receiver, Reply

pytestmark = pytest.mark.slow


class Follower:
    """Every event that the box tells, in order."""

    def __init__(self, box: Box) -> None:
        self.told: list[dict[str, Any]] = []
        self._box = box
        self._client = Client(box.socket)
        threading.Thread(target=self._follow, daemon=True).start()
        box.until(lambda: box.call("volume.set", percent=100) and self.of("VolumeChanged"))

    def _follow(self) -> None:
        try:
            for item in self._client.stream("events"):
                self.told.append(item)
        except (ApplianceError, OSError):
            return

    def of(self, name: str) -> list[dict[str, Any]]:
        return [event for event in self.told if event["event"] == name]

    def until(self, name: str, fits: Callable[[dict[str, Any]], object] = lambda _: True) -> dict[str, Any]:
        """The first of that name that fits, once it was told."""
        self._box.until(lambda: any(map(fits, self.of(name))))
        return next(event for event in self.of(name) if fits(event))

    def order(self, *names: str) -> list[str]:
        return [event["event"] for event in self.told if event["event"] in names]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


def test_a_program_records(loud: Box, test_card: Path) -> None:
    follower = Follower(loud)
    started = loud.call("record.start")
    assert (started["event"], started["format"]["rate"]) == ("TakeStarted", 48_000)
    follower.until("TakeProgress")
    paused = loud.call("record.pause")
    resumed = loud.call("record.resume")
    assert (paused["event"], resumed["event"], paused["offset"]) == ("TakePaused", "TakeResumed", resumed["offset"])
    (test_card / "unplugged").touch()
    begun = follower.until("FaultRaised", lambda event: event["fault"]["name"] == "microphone")
    assert begun["fault"]["message"]
    (test_card / "unplugged").unlink()
    follower.until("FaultCleared", lambda event: event["name"] == "microphone")
    stopped = loud.call("record.stop")
    sealed = follower.until("TakeSealed")["clip"]
    (entry,) = loud.clips()
    info = soundfile.info(entry["path"])
    assert sealed["id"] == stopped["clip"]["id"] and sealed["size"] == Path(entry["path"]).stat().st_size
    assert sealed["frames"] == info.frames and sealed["format"]["rate"] == info.samplerate
    assert len(sealed["gaps"]) == len(sealed["pauses"]) == 1 and sealed["pauses"][0]["offset"] == paused["offset"]
    story = ("TakeStarted", "TakePaused", "TakeResumed", "TakeSealed")
    assert follower.order(*story) == list(story)
    (test_card / "unplugged").touch()
    with pytest.raises(ApplianceError, match="microphone"):
        loud.call("record.start")
    assert follower.until("TakeFailed")["message"]


def test_a_program_plays(loud: Box, test_card: Path, tmp_path: Path) -> None:
    song, letter = tmp_path / "song.wav", tmp_path / "letter.wav"
    soundfile.write(song, np.full(8 * 48_000, 1000, np.int16), 48_000)
    letter.write_text("no sound")
    follower = Follower(loud)
    assert loud.call("play", source=str(song), start_at=2.0, loop=True)["event"] == "PlaybackStarted"
    assert follower.until("PlaybackReady")["seconds"] == 8.0
    assert 2.0 <= follower.until("PlaybackProgress", lambda event: event["position"] > 2)["position"] < 8.0
    assert loud.call("player.pause")["event"] == "PlaybackPaused" and loud.status()["player"] == "paused"
    assert loud.call("player.seek", seconds=5.0)["position"] == 5.0
    assert loud.call("player.resume")["event"] == "PlaybackResumed" and loud.status()["player"] == "playing"
    assert loud.call("player.rate", rate=1.5)["rate"] == 1.5
    assert loud.call("volume.set", percent=70)["percent"] == 70
    loud.call("player.stop")
    assert not follower.until("PlaybackFinished")["completed"]
    story = ("PlaybackReady", "PlaybackStarted", "PlaybackPaused", "PlaybackSeeking", "PlaybackSeeked")
    assert follower.order(*story, "PlaybackResumed", "PlaybackFinished") == [
        *story,
        "PlaybackResumed",
        "PlaybackFinished",
    ]
    loud.call("player.rate", rate=1.0)
    loud.call("play", source=str(song), start_at=7.5)
    assert follower.until("PlaybackFinished", lambda event: event["completed"])
    with pytest.raises(ApplianceError, match="no sound"):
        loud.call("play", source=str(letter))
    (test_card / "unplugged").touch()
    with pytest.raises(ApplianceError, match="speaker"):
        loud.call("play", source=str(song))
    assert follower.until("PlaybackFailed")["kind"] == "system"


def test_a_program_sends(box: Box, receiver: Receiver) -> None:
    destination = {
        "backend": "http",
        "url": receiver.url(),
        "field": "sound",
        "fields": {"room": "12", "sum": "{sha256}"},
        "headers": {"X-Key": "yes"},
        "proof": {"json_pointer": "/file/sha256"},
        "timeouts": {"total": "30s"},
    }
    text = box.config.read_text().split("destinations:")[0]
    box.config.write_text(f"{text}destinations: {{far: {json.dumps(destination)}}}\n")
    receiver.replies += [Reply(503, {"Retry-After": "0"})]
    follower = Follower(box.start())
    clip = box.record(1.2)
    receipt = follower.until("DeliverySucceeded")["receipt"]
    sent = [event["sent"] for event in follower.of("DeliveryProgress") if event["clip_id"] == clip["id"]]
    assert sent == sorted(sent) and all(event["size"] == clip["size"] for event in follower.of("DeliveryProgress"))
    assert receipt["verified"] and receipt["checksum"] in receipt["detail"]
    assert [(part.name, part.file_name is not None) for part in receiver.seen[-1].parts] == [
        ("room", False),
        ("sum", False),
        ("sound", True),
    ]
    assert receiver.seen[-1].headers["x-key"] == "yes" and "referer" not in receiver.seen[-1].headers
    assert receiver.seen[-1].file.content == Path(box.clips()[0]["path"]).read_bytes() and len(receiver.seen) == 2
    receiver.always = Reply(404)
    refused = box.record(1.2)
    parked = follower.until("DeliveryParked")
    assert parked["clip_id"] == refused["id"] and "404" in parked["message"]


def test_a_program_ends_what_is_sent_by_deleting_the_clip(box: Box, receiver: Receiver) -> None:
    destination = {"backend": "http", "url": receiver.url(), "rate_limit": "50kB"}
    text = box.config.read_text().split("destinations:")[0]
    box.config.write_text(f"{text}destinations: {{far: {json.dumps(destination)}}}\n")
    follower = Follower(box.start())
    clip = box.record(3)
    follower.until("DeliveryProgress", lambda event: event["sent"] > 0)
    box.call("clips.delete", clip=clip["id"], now=True)
    box.until(lambda: not box.clips() and not box.status()["sending"])
    assert not receiver.files and not follower.of("DeliverySucceeded")


def test_a_program_fetches(box: Box, receiver: Receiver, tmp_path: Path) -> None:
    song = tmp_path / "song.wav"
    soundfile.write(song, np.full(48_000, 1000, np.int16), 48_000)
    receiver.always = Reply(200, {"Content-Type": "audio/wav"}, song.read_bytes())
    feed = {"backend": "urls", "urls": [receiver.url("/song.wav")], "allow_http": True, "headers": {"X-Key": "yes"}}
    box.config.write_text(f"{box.config.read_text()}feeds: {{news: {json.dumps(feed)}}}\n")
    follower = Follower(box.start())
    box.call("feeds.pull", feed="news")
    track = follower.until("TrackArrived")["track"]
    assert track["size"] == song.stat().st_size and receiver.seen[0].headers["x-key"] == "yes"
    with Client(box.socket) as client:
        items = list(client.stream("play.url", url=receiver.url("/other.wav")))
    received = [item["received"] for item in items if "received" in item]
    assert all(before <= after for before, after in pairwise(received))
    assert follower.until("PlaybackStarted")
    receiver.always = Reply(404)
    with pytest.raises(ApplianceError, match="404"), Client(box.socket) as client:
        list(client.stream("play.url", url=receiver.url("/gone.wav")))

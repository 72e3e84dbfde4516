"""A whole box that sends its takes to SeaweedFS while it records them: the object is the clip, byte for byte."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.plugins.faultproxy import Fault, FaultProxy
from tests.plugins.s3.conftest import ACCESS_KEY, BUCKET, SECRET_KEY, Front, S3Server, make_weed, running

if TYPE_CHECKING:
    from tests.e2e.conftest import Box

BYTE_RATE = 192_000 * 8 * 4
PART = 5 * 1024 * 1024

CONFIG = """\
device: {{name: box}}
audio: {{capture: {{rate: 192000, channels: 8, sample_format: S32_LE}}}}
panel: {{}}
storage: {{directory: {root}/state, floor: 0kB, reserve: 0s}}
control: {{socket: {root}/control.sock}}
destinations:
  cloud:
    backend: s3
    live: true
    bucket: {bucket}
    prefix: {root.name}/
    endpoint_url: http://127.0.0.1:{port}
    access_key: {access}
    secret_key: {secret}
    timeout: 10s
    retry: {{min: 200ms, max: 1s}}
"""


@pytest.fixture(scope="module")
def weed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    yield from running(make_weed(tmp_path_factory.mktemp("weed")))


@pytest.fixture
def proxy(weed: S3Server) -> Iterator[FaultProxy]:
    proxy = FaultProxy(("127.0.0.1", weed.port))
    yield proxy
    proxy.close()


class Cloud:
    """The box's destination, seen from behind."""

    def __init__(self, weed: S3Server, box: "Box") -> None:
        self._weed = weed
        self._prefix = f"{box.root.name}/"

    def parts(self) -> list[int]:
        """Numbers of the parts that are there of the one upload that is under way."""
        uploads = self._uploads()
        if not uploads:
            return []
        [upload] = uploads
        found = self._weed.client().list_parts(Bucket=BUCKET, Key=upload["Key"], UploadId=upload["UploadId"])
        return sorted({part["PartNumber"] for part in found.get("Parts", ())})

    def left(self) -> int:
        """How many uploads are unfinished."""
        return len(self._uploads())

    def _uploads(self) -> list[Any]:
        found = self._weed.client().list_multipart_uploads(Bucket=BUCKET)
        return [upload for upload in found.get("Uploads", ()) if upload["Key"].startswith(self._prefix)]

    def content(self, name: str) -> bytes:
        return self._weed.content(f"{self._prefix}box/{name}.wav")

    def objects(self) -> list[str]:
        return [key for key in self._weed.listing() if key.startswith(self._prefix)]


def configure(box: "Box", port: int) -> None:
    box.config.write_text(CONFIG.format(root=box.root, bucket=BUCKET, port=port, access=ACCESS_KEY, secret=SECRET_KEY))


@pytest.fixture
def cloud(weed: S3Server, box: "Box") -> Cloud:
    configure(box, weed.port)
    return Cloud(weed, box)


def clip_file(box: "Box", name: str) -> Path:
    return box.state / "clips" / f"{name}.wav"


def check_arrived(box: "Box", cloud: Cloud, count: int = 1) -> None:
    """Every clip arrived, verified, with the very bytes that the box has; nothing else is there."""
    box.until(lambda: len(box.clips()) == count and box.delivered(), timeout=60)
    for entry in box.clips():
        [delivery] = entry["deliveries"]
        assert delivery["receipt"]["verified"]
        name = entry["clip"]["name"]
        assert cloud.content(name) == clip_file(box, name).read_bytes()
    assert len(cloud.objects()) == count
    assert cloud.left() == 0


def recorded(box: "Box", size: int) -> Callable[[], bool]:
    return lambda: (box.status()["take"] or {"seconds": 0})["seconds"] * BYTE_RATE >= size


@pytest.mark.slow
def test_most_of_it_is_there_before_the_stop(box: "Box", cloud: Cloud) -> None:
    box.start()
    box.call("record.start")
    box.until(lambda: cloud.parts() == [2, 3, 4])
    [sending] = box.status()["sending"]
    assert sending["destination"] == "cloud"
    assert sending["sent"] >= 3 * PART
    clip = box.call("record.stop")["clip"]
    check_arrived(box, cloud)
    assert clip["size"] > 4 * PART


@pytest.mark.slow
def test_pauses_and_marks_change_nothing(box: "Box", cloud: Cloud) -> None:
    box.start()
    box.call("record.start")
    box.until(recorded(box, 2 * PART))
    box.call("record.mark")
    box.call("record.pause")
    box.until(lambda: cloud.parts() == [2])
    box.call("record.resume")
    box.until(recorded(box, 3 * PART))
    box.call("record.pause")
    box.call("record.resume")
    box.until(lambda: len(cloud.parts()) >= 2)
    box.call("record.stop")
    check_arrived(box, cloud)
    [entry] = box.clips()
    assert (len(entry["clip"]["marks"]), len(entry["clip"]["pauses"])) == (1, 2)


@pytest.mark.slow
def test_a_take_that_is_thrown_away_leaves_nothing(box: "Box", cloud: Cloud) -> None:
    box.start()
    box.call("record.start")
    box.until(lambda: cloud.parts() == [2])
    box.call("record.discard")
    box.until(lambda: cloud.left() == 0)
    assert cloud.objects() == []
    assert box.clips() == []
    box.until(lambda: not box.status()["sending"])


@pytest.mark.slow
def test_two_takes_in_a_row_and_a_short_one(box: "Box", cloud: Cloud) -> None:
    box.start()
    for _ in range(2):
        box.call("record.start")
        box.until(recorded(box, 3 * PART + PART // 2))
        box.call("record.stop")
    box.record(0.6)
    check_arrived(box, cloud, 3)


@pytest.mark.slow
def test_killed_in_mid_take(box: "Box", weed: S3Server, cloud: Cloud) -> None:
    """The parts that were there before are not sent again."""
    front = Front(weed)
    configure(box, front.port)
    box.start()
    box.call("record.start")
    box.until(lambda: cloud.parts() == [2, 3])
    box.signal(signal.SIGKILL)
    there = set(cloud.parts())
    front.seen.clear()
    box.start()
    check_arrived(box, cloud)
    [entry] = box.clips()
    assert entry["clip"]["recovered"]
    sent = {int(path.split("partNumber=")[1].split("&")[0]) for _, path, _ in front.seen if "partNumber=" in path}
    assert 1 in sent
    assert not sent & there
    front.close()


@pytest.mark.slow
def test_stopped_in_mid_take(box: "Box", cloud: Cloud) -> None:
    box.start()
    box.call("record.start")
    box.until(lambda: cloud.parts() == [2])
    assert box.signal(signal.SIGTERM) == 0
    assert not cloud.objects()
    box.start()
    check_arrived(box, cloud)


@pytest.mark.slow
def test_killed_after_a_take_was_thrown_away_while_the_server_was_away(
    box: "Box", weed: S3Server, cloud: Cloud, proxy: FaultProxy
) -> None:
    """The upload could not be aborted then: the next start does it."""
    configure(box, proxy.port)
    box.start()
    box.call("record.start")
    box.until(lambda: cloud.parts() == [2])
    proxy.close()
    box.call("record.discard")
    box.until(lambda: "keeps a part of take" in box.log.read_text())
    box.signal(signal.SIGKILL)
    assert cloud.left() == 1
    configure(box, weed.port)
    box.start()
    box.until(lambda: cloud.left() == 0)


@pytest.mark.slow
def test_a_network_too_slow_falls_behind_and_catches_up(box: "Box", cloud: Cloud, proxy: FaultProxy) -> None:
    configure(box, proxy.port)
    proxy.choose = lambda _: Fault(up_rate=BYTE_RATE / 3)
    box.start()
    box.call("record.start")
    box.until(recorded(box, 6 * PART))
    assert cloud.parts() in ([], [2])
    box.call("record.stop")
    check_arrived(box, cloud)


@pytest.mark.slow
def test_a_network_that_breaks_again_and_again(box: "Box", cloud: Cloud, proxy: FaultProxy) -> None:
    configure(box, proxy.port)
    proxy.choose = lambda number: (
        Fault(reset_after_up=PART + PART // 2) if number % 2 else Fault(reset_after_up=PART // 3)
    )
    box.start()
    box.call("record.start")
    box.until(recorded(box, 5 * PART))
    box.call("record.stop")
    check_arrived(box, cloud)

"""A whole appliance on a card that fills up, breaks and recovers. The card is a real filesystem; needs root."""

import base64
import io
import os
import signal
import subprocess
import wave
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.test_page import Served

Box = Any  # tests/e2e/conftest.py is not importable
pytestmark = pytest.mark.slow
MEGABYTE = 1_000_000
STORAGE = "storage: {{directory: {state}, reserve: 10s, floor: 2MB, keep: {keep}}}"


@pytest.fixture
def mount(box: Box) -> Iterator[Callable[..., None]]:
    """Puts the state directory on a filesystem of its own."""
    made = []

    def work(*arguments: str) -> None:
        box.state.mkdir()
        if subprocess.run(["mount", *arguments, str(box.state)], capture_output=True, check=False).returncode:
            pytest.skip("a small disk can be mounted by root only")
        made.append(box.state)

    yield work
    box.end()
    for path in made:
        subprocess.run(["umount", "-l", path], check=True)


def make_card(box: Box, size: int) -> Path:
    """An ext4 without a journal, of so many bytes, in a file."""
    image: Path = box.root / "image"
    image.write_bytes(bytes(size))
    subprocess.run(["mkfs.ext4", "-q", "-b", "4096", "-m", "0", "-N", "512", "-O", "^has_journal", image], check=True)
    return image


@pytest.fixture
def small_card(mount: Callable[..., None], box: Box) -> Box:
    """The box with a card of 12 MB and a reserve of 2 MB."""
    mount("-o", "loop", str(make_card(box, 12 << 20)))
    configure(box)
    return box


def configure(box: Box, *, shelf: str = "shelf", keep: str = "until_space_needed") -> None:
    lines = [
        "device: {name: box}",
        "panel: {buttons: {17: record.toggle}, leds: {18: status}}",
        STORAGE.format(state=box.state, keep=keep),
        f"control: {{socket: {box.root}/control.sock}}",
        f"destinations: {{shelf: {{backend: folder, path: {box.root}/{shelf}}}}}",
    ]
    box.config.write_text("\n".join(lines) + "\n")


def fill(box: Box, leave: int = 0) -> None:
    """Use up the card but for so many bytes."""
    free = os.statvfs(box.state).f_bavail * os.statvfs(box.state).f_frsize
    with (box.state / "other").open("ab", buffering=0) as file:
        if leave:
            os.posix_fallocate(file.fileno(), file.tell(), free - leave)
            return
        with suppress(OSError):  # what the filesystem needs for itself is not told beforehand
            while True:
                file.write(bytes(4096))


def sound_of(size: int) -> bytes:
    """Silence of so many bytes as WAV."""
    file = io.BytesIO()
    with wave.open(file, "wb") as audio:
        audio.setparams((1, 2, 48_000, 0, "NONE", ""))
        audio.writeframes(bytes(size))
    return file.getvalue()


def faults(box: Box) -> dict[str, Any]:
    return {fault["name"]: fault for fault in box.status()["faults"]}


def frames_in(path: Path) -> int:
    with wave.open(str(path)) as audio:
        return int(audio.getnframes())


def test_the_oldest_clips_make_room_once_they_have_arrived(small_card: Box) -> None:
    box = small_card
    box.start()
    clips = [box.record(1.2) for _ in range(4)]
    box.until(box.delivered)
    fill(box, leave=2 * MEGABYTE)
    clips.append(box.record(1.2))
    box.until(lambda: len(box.clips()) < 5 and os.statvfs(box.state).f_bavail * 4096 >= 2 * MEGABYTE)
    box.until(box.delivered)
    kept = [entry["clip"]["id"] for entry in box.clips()]
    assert kept == [clip["id"] for clip in clips[::-1]][: len(kept)] and 2 <= len(kept) < 5
    assert all((box.shelf / f"{clip['name']}.wav").stat().st_size == clip["size"] for clip in clips)
    assert "storage_full" not in faults(box)
    box.record(0.6)


def test_a_card_without_inodes_makes_room_and_records(mount: Callable[..., None], box: Box) -> None:
    mount("-t", "tmpfs", "-o", "size=50m,nr_inodes=50", "tmpfs")
    configure(box)
    box.start()
    for _ in range(14):
        box.record(0.6)
        box.until(box.delivered)
    box.until(lambda: os.statvfs(box.state).f_favail >= 20)
    assert "storage_full" not in faults(box) and 0 < len(box.clips()) < 14
    box.press("1")
    box.until(lambda: box.status()["recorder"] == "recording")


def test_when_nothing_may_go_takes_are_refused_and_the_running_one_goes_on_to_the_last_byte(small_card: Box) -> None:
    box = small_card
    configure(box, shelf="state/shelf")
    box.start()
    warning = "can never free space: destination shelf lies on the disk of the box itself; full after"
    assert warning in " ".join(box.cli("status").stdout.split())
    checked = box.cli("config", "check", str(box.config)).stdout
    assert "warning: can never free space" in checked and "is good" in checked
    box.record(0.6)
    box.until(box.delivered)

    box.call("record.start")
    fill(box, leave=MEGABYTE)
    box.until(lambda: "storage_full" in faults(box))
    assert box.status()["recorder"] == "recording"
    fill(box, leave=150_000)
    box.until(lambda: len(box.clips()) == 2)
    assert "fault storage: the take cannot be written: the disk is full" in box.log.read_text()
    clip = box.clips()[0]["clip"]
    assert frames_in(box.state / "clips" / f"{clip['name']}.wav") == clip["frames"] > 0

    assert "the card is full" in box.cli("record", "start", code=6).stderr
    box.press("1")
    box.until(lambda: "record toggle refused" in box.log.read_text())
    assert box.status()["recorder"] == "idle"

    (box.state / "other").unlink()
    box.cli("clips", "delete", "--yes", box.clips()[1]["clip"]["id"])
    box.until(lambda: not faults(box))
    box.record(0.6)
    box.until(box.delivered)
    assert len(box.clips()) == 2


def test_a_full_card_at_start(small_card: Box) -> None:
    box = small_card
    configure(box, shelf="state/shelf")
    box.start()
    clip = box.record(0.6)
    box.until(box.delivered)
    box.signal(signal.SIGKILL)
    fill(box)
    box.start()
    box.until(lambda: "storage_full" in faults(box))
    assert [entry["clip"]["id"] for entry in box.clips()] == [clip["id"]]
    box.cli("clips", "delete", "--yes", clip["id"])
    assert box.clips() == []
    (box.state / "other").unlink()
    box.until(lambda: not faults(box))
    box.record(0.6)


def test_a_card_that_turns_read_only_in_mid_take(mount: Callable[..., None], box: Box) -> None:
    """ext4 does so by itself when it finds an error; the kernel can be asked to find one."""
    image = make_card(box, 32 << 20)
    mount("-o", "loop,errors=remount-ro", str(image))
    device = Path(f"/sys/dev/block/{os.major(box.state.stat().st_dev)}:{os.minor(box.state.stat().st_dev)}")
    trigger = Path("/sys/fs/ext4") / device.resolve().name / "trigger_fs_error"
    if not trigger.exists():
        pytest.skip("this kernel cannot be asked to find an error")
    configure(box)
    box.start()
    before = box.record(0.6)
    box.call("record.start")
    box.until(lambda: (box.status()["take"] or {"seconds": 0})["seconds"] >= 1.0)
    trigger.write_text("1")
    box.until(lambda: "storage" in faults(box))
    box.until(lambda: box.status()["recorder"] == "idle")
    assert "read-only" in faults(box)["storage"]["message"] and faults(box)["storage"]["urgent"]
    assert "read-only" in box.cli("record", "start", code=9).stderr
    assert [entry["clip"]["id"] for entry in box.clips()] == [before["id"]]

    # Nothing but a new mount ends this: a broken card is looked at, and the box restarted.
    assert box.signal(signal.SIGTERM, timeout=5) == 0
    subprocess.run(["umount", box.state], check=True)
    subprocess.run(["mount", "-o", "loop", image, box.state], check=True)
    box.start()
    assert not faults(box)
    clip = box.clips()[0]["clip"]
    assert clip["recovered"] and clip["frames"] / 48_000 >= 0.75
    assert frames_in(box.state / "clips" / f"{clip['name']}.wav") == clip["frames"]
    box.record(0.6)


def test_a_card_that_is_read_only_at_the_start_is_shown_and_waited_for(mount: Callable[..., None], box: Box) -> None:
    mount("-o", "loop", str(make_card(box, 12 << 20)))
    subprocess.run(["mount", "-o", "remount,ro", box.state], check=True)
    configure(box)
    box.process = box.spawn()
    said = "LED 18 (status): fast blinking"
    box.until(lambda: said in box.log.read_text() and box.socket.exists())
    for asked in (("status",), ("record", "start")):
        assert "read-only" in box.cli(*asked, code=9).stderr
    box.press("1")
    box.until(lambda: "recording failed" in box.log.read_text())
    box.until(lambda: box.log.read_text().count(said) > 1)  # another try
    subprocess.run(["mount", "-o", "remount,rw", box.state], check=True)
    box.until(box._answers)
    assert not faults(box) and box.record(0.6)["verdict"] == "ok"
    assert box.signal(signal.SIGTERM, timeout=5) == 0


def test_a_card_without_a_byte_left_at_the_very_first_start_is_waited_for(small_card: Box) -> None:
    box = small_card
    fill(box)
    box.process = box.spawn()
    box.until(lambda: "LED 18 (status): fast blinking" in box.log.read_text())
    assert "is full. Make room" in box.cli("status", code=9).stderr
    assert box.signal(signal.SIGTERM, timeout=5) == 0
    (box.state / "other").unlink()
    box.start()
    box.record(0.6)


def test_a_card_that_fills_up_while_a_phone_sends_is_told_over_http(small_card: Box) -> None:
    box = small_card
    served = Served(box)
    box.start()
    served.start()
    try:
        content = sound_of(3 * MEGABYTE)

        def send() -> Iterator[tuple[int, Any]]:
            code, upload = served.ask("feeds.send", title="Anna", size=len(content))
            yield code, upload
            for at in range(0, len(content), 48_000):
                data = base64.b64encode(content[at : at + 48_000]).decode()
                yield served.ask("feeds.piece", upload=upload, offset=at, data=data)
            yield served.ask("feeds.sent", upload=upload)

        answers = []
        for answer in send():
            answers.append(answer)
            if answer[0] != 200:
                break
            if len(answers) == 10:
                fill(box, leave=2 * MEGABYTE + 100_000)
        code, problem = answers[-1]
        assert len(answers) > 10 and code == problem["status"] == 507 and "no room" in problem["detail"]
        assert box.call("feeds.list") == [] and [*(box.state / "inbox").rglob("*phone*")] == []
        (box.state / "other").unlink()
        assert {code for code, _ in send()} == {200}
        (track,) = box.call("feeds.list")
        assert Path(track["path"]).read_bytes() == content
    finally:
        served.end()


def test_a_message_from_afar_waits_until_there_is_room_beside_the_reserve(small_card: Box, web: str) -> None:
    box = small_card
    box.start()
    fill(box, leave=2 * MEGABYTE + 100_000)
    with box.config.open("a") as config:
        config.write(f"feeds: {{family: {{backend: urls, urls: ['{web}/speech.flac'], allow_http: true}}}}\n")
    box.cli("config", "reload")
    box.until(lambda: "feed:family" in faults(box))
    assert "no room for new tracks beside the reserve" in faults(box)["feed:family"]["message"]
    assert "storage_full" not in faults(box) and box.record(0.6)["verdict"] == "ok"
    (box.state / "other").unlink()
    box.cli("feeds", "pull")
    box.until(lambda: box.status()["unheard"] == 1 and not faults(box))

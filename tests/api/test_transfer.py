"""Uploads and downloads of scripts, against real servers on 127.0.0.1."""

import hashlib
import io
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from appliance import Recorder, download_file, upload_file
from appliance.clock import SystemClock
from appliance.errors import Cancelled, NotFound, Permanent, Refused, TooLarge, Transient, UsageError
from appliance.simulation.cards import simulated_cards
from appliance.testing.clock import ManualClock
from tests.plugins.receiver import Receiver, Reply

AT_ONCE = {"Retry-After": "0"}


class Hasty(ManualClock):
    """A clock on which every wait is over at once."""

    def wait(self, condition: threading.Condition, timeout: float | None) -> bool:
        self.advance((timeout or 0) + 0.001)
        return False


def wav(seconds: float = 1.0) -> bytes:
    written = io.BytesIO()
    soundfile.write(written, np.arange(int(seconds * 48_000), dtype=np.int16), 48_000, format="WAV")
    return written.getvalue()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "clip.wav"
    path.write_bytes(wav())
    return path


# -- upload ------------------------------------------------------------------------------------------------------------


def test_a_file_arrives_and_the_server_proves_it(file: Path, receiver: Receiver) -> None:
    sent: list[tuple[int, int]] = []
    told: list[tuple[int, str]] = []
    receipt = upload_file(
        file,
        receiver.url(),
        name="sound",
        fields={"room": "12"},
        headers={"X-Key": "yes"},
        proof={"json_pointer": "/file/sha256"},
        on_progress=lambda done, size: sent.append((done, size)),
        on_headers=lambda status, headers: told.append((status, headers["X-Content-SHA256"])),
    )
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert receipt.verified and (receipt.algorithm, receipt.checksum) == ("sha256", digest)
    assert told == [(201, digest)] and digest in receipt.detail
    assert sent[-1] == (file.stat().st_size, file.stat().st_size) and sent == sorted(sent)
    (seen,) = receiver.seen
    assert (seen.method, seen.headers["x-key"], "referer" in seen.headers) == ("POST", "yes", False)
    assert [(part.name, part.file_name) for part in seen.parts] == [("room", None), ("sound", "clip.wav")]
    assert seen.file.content == file.read_bytes()


def test_an_acceptance_is_no_proof(file: Path, receiver: Receiver) -> None:
    assert not upload_file(file, receiver.url()).verified


def test_a_server_that_stored_other_bytes_is_found_out(file: Path, receiver: Receiver) -> None:
    receiver.spoil = True
    with pytest.raises(Permanent, match="other bytes"):
        upload_file(file, receiver.url(), proof={"header": "X-Content-SHA256"})


def test_what_passes_by_itself_is_tried_again_as_the_same(file: Path, receiver: Receiver) -> None:
    receiver.replies += [Reply(503, AT_ONCE), Reply(429, AT_ONCE)]
    upload_file(file, receiver.url())
    assert len({seen.headers["idempotency-key"] for seen in receiver.seen}) == 1 and len(receiver.seen) == 3
    receiver.always = Reply(503, AT_ONCE)
    with pytest.raises(Transient, match="503"):
        upload_file(file, receiver.url(), attempts=2)
    assert len(receiver.seen) == 5


def test_what_a_person_must_mend_is_tried_once(file: Path, receiver: Receiver) -> None:
    receiver.always = Reply(413)
    with pytest.raises(Permanent, match="too large"):
        upload_file(file, receiver.url())
    assert len(receiver.seen) == 1


def test_a_server_that_is_silent_for_too_long(file: Path, receiver: Receiver) -> None:
    receiver.always = Reply(silent=True)
    with pytest.raises(Transient):
        upload_file(file, receiver.url(), timeout=0.2, attempts=1)


def test_an_upload_can_be_aborted(file: Path, receiver: Receiver) -> None:
    abort = threading.Event()
    with pytest.raises(Cancelled):
        upload_file(file, receiver.url(), on_progress=lambda *_: abort.set(), abort=abort)
    assert not receiver.files


def test_waiting_for_the_next_attempt_can_be_aborted(file: Path, receiver: Receiver) -> None:
    abort = threading.Event()

    def answered(status: int, headers: Mapping[str, str]) -> None:
        abort.set()

    receiver.always = Reply(503, {"Retry-After": "3600"})
    with pytest.raises(Cancelled):
        upload_file(file, receiver.url(), on_headers=answered, abort=abort)


def test_options_that_do_not_fit_are_told_at_once(file: Path) -> None:
    with pytest.raises(UsageError, match=r"fields.*wrong.*method.*GET|method.*GET.*wrong"):
        upload_file(file, "http://127.0.0.1/", fields={"a": "{wrong}"}, method="GET")
    with pytest.raises(UsageError, match=r"not encrypted|allow_http"):
        upload_file(file, "http://example.org/")
    with pytest.raises(NotFound, match="cannot be read"):
        upload_file(file.with_name("other.wav"), "https://example.org/")


def test_a_recording_tells_of_itself(tmp_path: Path, receiver: Receiver) -> None:
    with Recorder(tmp_path, cards=simulated_cards(SystemClock()), name="box") as recorder:
        recorder.start()
        recording = recorder.stop()
    upload_file(recording, receiver.url(), fields={"from": "{device}, {rate} Hz"})
    assert receiver.seen[0].parts[0].content == b"box, 48000 Hz"
    assert receiver.files == {recording.path.name: recording.path.read_bytes()}


@pytest.fixture
def crowded() -> Iterator[str]:
    """The address of a server that has no room: whoever connects waits."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server, ExitStack() as waiting:
        for _ in range(4):
            caller = waiting.enter_context(socket.socket())
            caller.setblocking(False)
            caller.connect_ex(server.getsockname())
        yield f"http://127.0.0.1:{server.getsockname()[1]}/a.wav"


@pytest.mark.parametrize("when", [0, 0.3])
def test_a_transfer_is_aborted_while_it_connects(when: float, crowded: str, file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "fetched"
    folder.mkdir()
    for transfer in (
        lambda abort: upload_file(file, crowded, abort=abort),
        lambda abort: download_file(crowded, folder, abort=abort),
    ):
        abort = threading.Event()
        threading.Timer(when, abort.set).start()
        began = time.monotonic()
        with pytest.raises(Cancelled):
            transfer(abort)
        assert time.monotonic() - began < 5
    assert list(folder.iterdir()) == []


# -- download ----------------------------------------------------------------------------------------------------------


def sound(content: bytes = wav(), headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(200, {"Content-Type": "audio/wav", "ETag": '"one"', **(headers or {})}, content)


def test_a_sound_is_fetched_whole(tmp_path: Path, receiver: Receiver) -> None:
    receiver.replies.append(sound())
    seen: list[tuple[int, int | None]] = []
    got = download_file(
        receiver.url("/a/Morning%20news.wav?key=1"),
        tmp_path,
        headers={"X-Key": "yes"},
        on_progress=lambda here, all: seen.append((here, all)),
    )
    assert got.path == tmp_path / "Morning news.wav" and got.path.read_bytes() == wav()
    assert (got.size, got.sha256) == (len(wav()), hashlib.sha256(wav()).hexdigest())
    assert (got.status, got.content_type) == (200, "audio/wav")
    assert seen[-1] == (got.size, got.size) and seen == sorted(seen)
    assert receiver.seen[0].headers["x-key"] == "yes" and list(tmp_path.iterdir()) == [got.path]


def test_no_file_is_written_over(tmp_path: Path, receiver: Receiver) -> None:
    receiver.always = sound()
    first = download_file(receiver.url("/a.wav"), tmp_path / "new" / "b.wav")
    assert first.path == tmp_path / "new" / "b.wav"
    with pytest.raises(Refused, match="there already"):
        download_file(receiver.url("/a.wav"), first.path)
    assert [download_file(receiver.url("/b.wav"), tmp_path / "new").path.name for _ in range(2)] == [
        "b (2).wav",
        "b (3).wav",
    ]


@pytest.mark.parametrize("name", ["..%2F..%2Fetc%2Fpasswd.wav", "..", ".hidden.wav", "%00", "x" * 300 + ".wav"])
def test_a_name_from_afar_stays_in_the_folder(tmp_path: Path, receiver: Receiver, name: str) -> None:
    receiver.replies.append(sound())
    folder = tmp_path / "here"
    folder.mkdir()
    receiver.replies[0] = sound(headers={"Content-Disposition": f'attachment; filename="{name}"'})
    got = download_file(receiver.url(f"/{name}"), folder)
    assert got.path.parent == folder and not got.path.name.startswith(".") and list(folder.iterdir()) == [got.path]


def test_what_is_no_sound_or_too_large_is_refused(tmp_path: Path, receiver: Receiver) -> None:
    receiver.replies += [Reply(200, {"Content-Type": "text/html"}, b"<html>"), sound(b"RIFF no sound"), sound()]
    for limit in (1 << 20, 1 << 20, 1000):
        with pytest.raises(Permanent):
            download_file(receiver.url("/a.wav"), tmp_path, limit=limit)
    assert list(tmp_path.iterdir()) == []


def test_no_more_than_200_mb_are_fetched_unless_another_limit_is_given(tmp_path: Path, receiver: Receiver) -> None:
    """By what the server says of its length; the one that is told of gives nothing more."""
    receiver.replies += [Reply(200, {"Content-Type": "audio/wav", "Connection": "close"}, b"", claimed=200_000_001)] * 2
    with pytest.raises(TooLarge, match=r"larger than limit allows \(200 MB\): set a larger limit"):
        download_file(receiver.url("/a.wav"), tmp_path)
    with pytest.raises(Transient):
        download_file(receiver.url("/a.wav"), tmp_path, limit=200_000_001, attempts=1)


def test_a_download_that_breaks_off_goes_on_where_it_was(tmp_path: Path, receiver: Receiver) -> None:
    half = 3 * 16_384
    rest = {"ETag": '"one"', "Content-Range": f"bytes {half}-{len(wav()) - 1}/{len(wav())}"}
    broken = {"Content-Type": "audio/wav", "ETag": '"one"', "Connection": "close"}
    receiver.replies += [
        Reply(200, broken, wav()[:half], claimed=len(wav())),
        Reply(503, AT_ONCE),
        Reply(206, {"Content-Type": "audio/wav", **rest}, wav()[half:]),
    ]
    seen: list[tuple[int, int | None]] = []
    got = download_file(receiver.url("/a.wav"), tmp_path, on_progress=lambda *here: seen.append(here), clock=Hasty())
    assert got.path.read_bytes() == wav() and list(tmp_path.iterdir()) == [got.path]
    assert receiver.seen[2].headers["range"] == f"bytes={half}-" and seen[-1] == (len(wav()), len(wav()))


def test_a_download_can_be_aborted_and_leaves_nothing(tmp_path: Path, receiver: Receiver) -> None:
    receiver.always = sound()
    abort = threading.Event()
    with pytest.raises(Cancelled):
        download_file(receiver.url("/a.wav"), tmp_path, on_headers=lambda *_: abort.set(), abort=abort)
    assert list(tmp_path.iterdir()) == []


def test_a_silent_server_is_left(tmp_path: Path, receiver: Receiver) -> None:
    receiver.always = Reply(silent=True)
    with pytest.raises(Transient):
        download_file(receiver.url("/a.wav"), tmp_path, timeout=0.2, attempts=1)
    with pytest.raises(UsageError, match="urls"):
        download_file("nonsense", tmp_path)


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"limit": "x"}, "limit is 'x', expected a whole number"),
        ({"limit": -1}, "limit is -1, expected a whole number"),
        ({"timeout": "x"}, "timeout is 'x', expected a number"),
        ({"timeout": -1}, "timeout is -1, expected seconds above 0"),
        ({"attempts": 0}, "attempts is 0, expected a whole number"),
    ],
)
def test_what_is_no_number_is_refused_in_words(
    wish: dict[str, Any], said: str, tmp_path: Path, receiver: Receiver
) -> None:
    with pytest.raises(UsageError, match=said):
        download_file(receiver.url("/a.wav"), tmp_path, **wish)
    assert not receiver.seen and list(tmp_path.iterdir()) == []


SAME = [("url", 3), ("url", ""), ("on_progress", 3), ("on_headers", "x"), ("abort", 3)]


@pytest.mark.parametrize(("argument", "odd"), [*SAME, ("source", 3), ("source", "x\0"), ("name", 3), ("name", "")])
def test_an_upload_that_makes_no_sense_is_refused_in_words(
    argument: str, odd: Any, file: Path, receiver: Receiver
) -> None:
    with pytest.raises(UsageError, match=f"{argument} is .*, expected "):
        upload_file(**{"source": file, "url": receiver.url(), argument: odd})
    assert not receiver.seen


@pytest.mark.parametrize(("argument", "odd"), [*SAME, ("to", 3), ("to", "x\0")])
def test_a_download_that_makes_no_sense_is_refused_in_words(
    argument: str, odd: Any, tmp_path: Path, receiver: Receiver
) -> None:
    with pytest.raises(UsageError, match=f"{argument} is .*, expected "):
        download_file(**{"url": receiver.url("/a.wav"), "to": tmp_path, argument: odd})
    assert not receiver.seen and list(tmp_path.iterdir()) == []

"""What rclone is asked to do, what its remotes prove, and what a person is told when it fails."""

import hashlib
import json
import multiprocessing
import os
import re
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from appliance_upload_rclone.errors import Failure, translate
from attrs import evolve

from appliance.codec import from_json
from appliance.plugin import Cancelled, Clip, Permanent, Transient, UploadJob
from appliance.plugin.upload import on_own_disk
from appliance.redact import redact
from appliance.testing.backends import make_upload_job
from tests.plugins.faultproxy import RESET_AT_ONCE, Fault

Make = Callable[..., Any]


@pytest.fixture
def job(tmp_path: Path) -> UploadJob:
    return make_upload_job(tmp_path / "clips", os.urandom(300_000), "box_clip")


@pytest.fixture
def fake(tmp_path: Path) -> Callable[[str], str]:
    """`fake(script)` makes a shell script that stands in for rclone where the real one cannot be made to fail so."""

    def make(script: str) -> str:
        path = tmp_path / "fake-rclone"
        features = 'case "$1" in backend) echo \'{"Hashes": ["sha256"]}\'; exit 0;; esac'
        path.write_text(f"#!/bin/sh\n{features}\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return str(path)

    return make


def test_file_arrives_and_the_remote_proves_it(backend: Make, store: Path, job: UploadJob) -> None:
    sent: list[int] = []
    receipt = backend().deliver(evolve(job, progress=sent.append))
    assert receipt.remote_name == "box/box_clip.wav"
    assert (store / receipt.remote_name).read_bytes() == job.rendition.path.read_bytes()
    assert (receipt.verified, receipt.algorithm, receipt.checksum) == (True, "sha256", job.rendition.sha256)
    assert sent == sorted(sent)
    assert sent[-1] == job.rendition.size


def test_what_was_delivered_is_deleted(backend: Make, store: Path, job: UploadJob) -> None:
    sender = backend()
    receipt = sender.deliver(job)
    (store / "box" / "other.wav").write_bytes(b"of somebody else")
    sender.delete(receipt)
    assert [path.name for path in (store / "box").iterdir()] == ["other.wav"]
    sender.delete(receipt)  # where it is gone all is well


def test_what_lies_beside_it_is_deleted_too(backend: Make, store: Path, job: UploadJob) -> None:
    sender = backend(sidecar=True)
    receipt = sender.deliver(job)
    assert len(list((store / "box").iterdir())) == 2
    sender.delete(receipt)
    assert list((store / "box").iterdir()) == []


@pytest.mark.slow
def test_rclone_keeps_to_the_rate_limit(backend: Make, store: Path, job: UploadJob) -> None:
    begun = time.monotonic()
    assert backend(rate_limit=150_000).deliver(job).verified
    assert time.monotonic() - begun > 0.9 * 300_000 / 150_000


@pytest.mark.slow
def test_folder_template(backend: Make, store: Path, job: UploadJob) -> None:
    receipt = backend(folder="{destination}/{year}/{month}-{day}/{kind}").deliver(job)
    assert receipt.remote_name == "drive/2027/01-15/original/box_clip.wav"
    assert (store / receipt.remote_name).exists()
    assert backend(folder="").deliver(job).remote_name == "box_clip.wav"


@pytest.mark.parametrize("folder", ["{nonsense}", "{device!r}", "../{device}", "/clips", "{device"])
def test_bad_folders_are_refused(backend: Make, folder: str) -> None:
    with pytest.raises(ValueError, match="folder"):
        backend(folder=folder)


def test_remote_that_cannot_be_meant_is_refused(backend: Make) -> None:
    for remote in ("gdrive", "--config=x:y", ""):
        with pytest.raises(ValueError, match="remote"):
            backend(remote=remote)


@pytest.mark.slow
def test_remote_with_md5_only(backend: Make, serve: Callable[..., int], store: Path, job: UploadJob) -> None:
    port = serve("s3", store, "--auth-key", "key,secret")
    where = f":s3,provider=Rclone,endpoint='http://127.0.0.1:{port}',access_key_id=key,secret_access_key=secret:clips"
    receipt = backend(remote=where).deliver(job)
    assert receipt.algorithm == "md5"
    assert receipt.checksum == hashlib.md5(job.rendition.path.read_bytes()).hexdigest()
    assert backend(remote=where).verify(job.rendition, receipt).verified
    assert "secret" not in receipt.remote_name + backend(remote=where).probe()


@pytest.mark.slow
def test_a_folder_of_the_box_is_told_from_what_lies_elsewhere(
    backend: Make, serve: Callable[..., int], store: Path, job: UploadJob, tmp_path: Path
) -> None:
    assert on_own_disk(backend()) and backend().deliver(job).on_own_disk
    (tmp_path / "rclone.conf").write_text(f"[copies]\ntype = alias\nremote = {store}\n")
    assert backend(remote="copies:").deliver(job).on_own_disk
    port = serve("webdav", store, "--dir-cache-time=0")
    server = backend(remote=f":webdav,url='http://127.0.0.1:{port}':")
    assert not on_own_disk(server) and not server.deliver(job).on_own_disk


@pytest.mark.slow
def test_remote_without_checksums_only_accepts(
    backend: Make, serve: Callable[..., int], store: Path, job: UploadJob
) -> None:
    port = serve("webdav", store, "--dir-cache-time=0")
    destination = backend(remote=f":webdav,url='http://127.0.0.1:{port}':")
    assert destination.proves, "nobody has asked it yet"
    receipt = destination.deliver(job)
    assert not receipt.verified
    assert not destination.proves
    assert (store / receipt.remote_name).read_bytes() == job.rendition.path.read_bytes()
    assert "never proved" in destination.probe()
    (store / receipt.remote_name).write_bytes(b"short")
    with pytest.raises(Permanent, match="other bytes"):
        destination.verify(job.rendition, receipt)


def test_hash_that_only_rclone_knows(backend: Make, rclone: str, fake: Callable[[str], str], job: UploadJob) -> None:
    """A remote that offers just `quickxor`, as OneDrive does."""
    features = f'case "$1" in backend) echo \'{{"Hashes": ["quickxor"]}}\';; *) exec {rclone} "$@";; esac; exit'
    path = Path(fake(""))
    path.write_text(f"#!/bin/sh\n{features}\n")
    receipt = backend(binary=str(path)).deliver(job)
    assert (receipt.verified, receipt.algorithm) == (True, "quickxor")


def test_file_of_another_is_not_overwritten(backend: Make, store: Path, job: UploadJob) -> None:
    (store / "box").mkdir()
    there = store / "box" / "box_clip.wav"
    for content in (b"another", os.urandom(300_000)):
        there.write_bytes(content)
        with pytest.raises(Permanent, match="another file named"):
            backend(sidecar=True).deliver(job)
        assert list((store / "box").iterdir()) == [there], "nor is a sidecar put beside it"
        with pytest.raises(Permanent, match="another file named"):
            backend().deliver(job)
        assert there.read_bytes() == content


def test_half_a_file_of_an_interrupted_attempt_is_replaced(backend: Make, store: Path, job: UploadJob) -> None:
    (store / "box").mkdir()
    there = store / "box" / "box_clip.wav"
    there.write_bytes(job.rendition.path.read_bytes()[:1000])
    assert backend().deliver(evolve(job, attempt=2)).verified
    assert there.read_bytes() == job.rendition.path.read_bytes()


def test_absent_rclone_is_named(backend: Make, job: UploadJob) -> None:
    for binary in ("/nowhere/rclone", "no-such-rclone"):
        with pytest.raises(Permanent, match="sudo apt install rclone"):
            backend(binary=binary).deliver(job)
        with pytest.raises(Permanent, match="sudo apt install rclone"):
            backend(binary=binary).probe()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"remote": "nosuch:clips"}, "is not configured"),
        ({"flags": ("--no-such-flag",)}, "lacks"),
        ({"remote": ":local:/proc/nothing"}, "mkdir"),
    ],
)
def test_what_a_person_must_correct(backend: Make, job: UploadJob, options: Any, words: str) -> None:
    with pytest.raises((Permanent, Transient), match=words) as caught:
        backend(**options).deliver(job)
    assert "\n" not in str(caught.value)


def test_wrong_password(backend: Make, serve: Callable[..., int], store: Path, job: UploadJob) -> None:
    port = serve("webdav", store, "--user", "somebody", "--pass", "right")
    with pytest.raises(Permanent, match="refuses access"):
        backend(remote=f":webdav,url='http://127.0.0.1:{port}':").deliver(job)


def test_server_away_then_back(backend: Make, serve: Callable[..., int], store: Path, job: UploadJob) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    destination = backend(remote=f":webdav,url='http://127.0.0.1:{port}':")
    with pytest.raises(Transient, match="cannot be reached"):
        destination.deliver(job)


@pytest.mark.parametrize(
    "fault",
    [
        RESET_AT_ONCE,
        Fault(reset_after_up=100_000),
        Fault(reset_after_down=0),
        Fault(cut_after_down=5),
        pytest.param(Fault(stall_after_down=0), marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_broken_connections(
    backend: Make, serve: Callable[..., int], fault_proxy: Any, store: Path, job: UploadJob, fault: Fault
) -> None:
    proxy = fault_proxy(serve("webdav", store))
    where = f":webdav,url='http://127.0.0.1:{proxy.port}':"
    destination = backend(remote=where, flags=("--low-level-retries=1",), timeout=5)
    proxy.faults.extend([fault] * 3)
    failures = 0
    for attempt in range(1, 10):
        try:
            receipt = destination.deliver(evolve(job, attempt=attempt))
            break
        except Transient as error:
            assert re.search("webdav|no progress for 5 s", str(error))
            failures += 1
    assert failures, "the file was to be sent over a connection that breaks"
    assert (store / receipt.remote_name).read_bytes() == job.rendition.path.read_bytes()


@pytest.mark.parametrize(
    ("code", "words", "kind"),
    [
        (1, "dial tcp: i/o timeout", Transient),
        (2, "dial tcp: i/o timeout", Transient),
        (1, "unknown flag: --x", Permanent),
        (3, "", Permanent),
        (5, "", Transient),
        (6, "", Permanent),
        (7, "", Permanent),
        (8, "", Transient),
        (10, "", Transient),
        (1, "couldn't decrypt password: base64 decode failed", Permanent),
        (1, "didn't find backend called 'nosuch'", Permanent),
        (1, "unable to decrypt configuration and not allowed to ask for password", Permanent),
        (1, "googleapi: Error 403: User Rate Limit Exceeded", Transient),
        (1, "googleapi: Error 403: The user's Drive storage quota has been exceeded", Permanent),
        (1, "oauth2: invalid_grant: token expired and cannot be refreshed", Permanent),
        (1, "HTTP error 401 (401 Unauthorized) returned body", Permanent),
        (1, "unchunked simple update failed: 400 Bad Request", Permanent),
        (1, "unchunked simple update failed: 404 Not Found", Permanent),
        (1, "unchunked simple update failed: 409 Conflict", Transient),
        (1, "unchunked simple update failed: 410 Gone", Permanent),
        (1, "unchunked simple update failed: 413 Request Entity Too Large", Permanent),
        (1, "unchunked simple update failed: 415 Unsupported Media Type", Permanent),
        (1, "unchunked simple update failed: 422 Unprocessable Entity", Permanent),
        (1, "unchunked simple update failed: 503 Service Unavailable", Transient),
        (1, "https response error StatusCode: 413, api error EntityTooLarge: too large", Permanent),
        (1, "https response error StatusCode: 400, api error InvalidArgument: so says the test", Permanent),
        (1, "https response error StatusCode: 400, api error RequestTimeout: idle", Transient),
        (1, "ssh: connection lost, tried to reconnect", Transient),
        (1, "api error: https response error StatusCode: 403, RequestID: 1", Permanent),
        (1, "couldn't list files: 507 Insufficient Storage", Permanent),
        (1, "googleapi: got HTTP response code: error 429", Transient),
        (1, 'Put "https://example.org/401/forbidden/box_403.wav": dial tcp 10.0.0.1:403: i/o timeout', Transient),
        (1, 'Put "https://example.org/": Proxy Authentication Required', Permanent),
        (1, "RequestTimeTooSkewed: difference too large", Permanent),
        (1, "x509: certificate has expired or is not yet valid", Permanent),
        (1, "x509: certificate signed by unknown authority", Permanent),
    ],
)
def test_exit_codes_and_words(
    backend: Make,
    fake: Callable[[str], str],
    tmp_path: Path,
    job: UploadJob,
    code: int,
    words: str,
    kind: type[Exception],
) -> None:
    said = tmp_path / "said"
    said.write_text(json.dumps({"level": "error", "msg": words}) + "\n" if words else "")
    script = f'case "$1" in lsjson) exit 3;; copyto) cat {said} >&2; exit {code};; esac'
    with pytest.raises(kind) as caught:
        backend(binary=fake(script)).deliver(job)
    assert (words or str(code)) in str(caught.value)


def test_a_clock_that_was_never_set_is_waited_for() -> None:
    failure = Failure(1, "x509: certificate has expired or is not yet valid")
    assert isinstance(translate(failure, "drive", clock_trusted=False), Transient)


def test_passwords_in_a_connection_string_stay_out_of_messages(backend: Make, job: UploadJob) -> None:
    remote = ":webdav,url='http://127.0.0.1:1',user=me,pass='hush hush',bearer_token=hushhush:clips"
    with pytest.raises((Permanent, Transient)) as caught:
        backend(remote=remote).deliver(job)
    assert "hush" not in str(caught.value)
    assert redact("rclone read 'hush hush' and hushhush") == "rclone read '***' and ***"


def test_killed_rclone_is_tried_again(backend: Make, fake: Callable[[str], str], job: UploadJob) -> None:
    with pytest.raises(Transient, match="signal 9"):
        backend(binary=fake("kill -9 $$")).deliver(job)


def test_it_comes_after_the_recorder_for_processor_and_memory(
    backend: Make, fake: Callable[[str], str], tmp_path: Path, job: UploadJob
) -> None:
    niceness = tmp_path / "niceness"
    wait = 'until [ "$(cat /proc/$$/oom_score_adj)" = 500 ]; do :; done'
    script = f'case "$1" in lsjson) exit 3;; copyto) {wait}; nice >{niceness}; exit 7;; esac'
    with pytest.raises((Permanent, Transient), match=r"^(?!.*no progress)"):
        backend(binary=fake(script), timeout=20).deliver(job)
    assert int(niceness.read_text()) == 10


@pytest.mark.slow
def test_no_progress_is_given_up(backend: Make, fake: Callable[[str], str], job: UploadJob) -> None:
    with pytest.raises(Transient, match="no progress"):
        backend(binary=fake('case "$1" in lsjson) exit 3;; copyto) exec sleep 60;; esac'), timeout=1).deliver(job)


def test_answer_that_is_not_json(backend: Make, fake: Callable[[str], str], job: UploadJob) -> None:
    with pytest.raises(Transient, match="not JSON"):
        backend(binary=fake("echo nonsense")).deliver(job)


def test_cancelling_ends_rclone(backend: Make, tmp_path: Path, fake: Callable[[str], str], job: UploadJob) -> None:
    pid_file = tmp_path / "pid"
    script = f'case "$1" in lsjson) exit 3;; copyto) echo $$ > {pid_file}; exec sleep 60;; esac'
    with pytest.raises(Cancelled):
        backend(binary=fake(script)).deliver(
            evolve(job, cancelled=lambda: pid_file.exists() and pid_file.stat().st_size > 0)
        )
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text()), 0)


def test_changed_file_is_never_sent(backend: Make, store: Path, job: UploadJob) -> None:
    job.rendition.path.write_bytes(bytes(300_000))
    with pytest.raises(Permanent, match="changed on this box"):
        backend().deliver(job)
    assert not list(store.rglob("*.wav"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "point",
    ["before 1", "after 1", "before 2", "after 2", "before 3", 1, 1_500_000, 4_000_000, "after 3", "after 4", ""],
)
def test_killed_and_started_again(
    backend: Make, rclone: str, store: Path, tmp_path: Path, point: str | int, fake: Callable[[str], str]
) -> None:
    """The whole box dies, rclone with it: around each of its runs, at so many bytes sent, or with the receipt in hand.

    The runs are: which checksums, what is there, copy, what is there now.
    """
    job = make_upload_job(tmp_path / "clips", os.urandom(4_000_000), "box_killed")
    wrapper, runs = Path(fake("")), tmp_path / "runs"
    die_at = f'[ "$1 $(wc -l < {runs})" = "{point}" ] && kill -9 0'
    wrapper.write_text(
        f'#!/bin/bash\nd() {{ {die_at}; }}\necho >> {runs}\nd before\n{rclone} "$@"; e=$?\nd after; exit $e\n'
    )

    def die(sent: int) -> None:
        if isinstance(point, int) and sent >= point:
            os.killpg(0, signal.SIGKILL)

    def live() -> None:
        os.setsid()
        backend(binary=str(wrapper), flags=("--bwlimit=3M",)).deliver(evolve(job, progress=die))
        os.killpg(0, signal.SIGKILL)

    process = multiprocessing.get_context("fork").Process(target=live)
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    receipt = backend().deliver(evolve(job, attempt=2))
    assert receipt.verified
    assert (store / receipt.remote_name).read_bytes() == job.rendition.path.read_bytes()
    assert [path for path in store.rglob("*") if path.is_file()] == [store / receipt.remote_name]


@pytest.mark.slow
def test_encrypted_remote_accepts_and_can_be_read_back(backend: Make, rclone: str, store: Path, job: UploadJob) -> None:
    obscured = subprocess.run([rclone, "obscure", "word"], capture_output=True, text=True, check=True).stdout.strip()
    where = f":crypt,remote='{store}',password='{obscured}':"
    destination = backend(remote=where)
    receipt = destination.deliver(job)
    assert not receipt.verified
    assert obscured not in destination.probe()
    assert destination.verify(job.rendition, receipt).size == job.rendition.size


@pytest.mark.slow
def test_progress_is_told_while_it_runs(backend: Make, tmp_path: Path) -> None:
    job = make_upload_job(tmp_path / "clips", os.urandom(3_000_000), "box_slow")
    sent: list[tuple[float, int]] = []
    begun = time.monotonic()
    note = evolve(job, progress=lambda count: sent.append((time.monotonic() - begun, count)))
    assert backend(flags=("--bwlimit=2M",)).deliver(note).verified
    assert any(0 < count < 3_000_000 for _, count in sent)


@pytest.mark.parametrize("change", ["echo >> ", "printf x | dd conv=notrunc status=none of="])
def test_remote_that_stores_other_bytes_is_caught(
    backend: Make, rclone: str, store: Path, tmp_path: Path, change: str
) -> None:
    job = make_upload_job(tmp_path / "clips", b"y" * 1000, "box_clip")
    spoiling = tmp_path / "spoiling-rclone"
    file = store / "box" / "box_clip.wav"
    spoiling.write_text(f'#!/bin/sh\n{rclone} "$@" || exit\n[ "$1" = copyto ] && {change}{file}\nexit 0\n')
    spoiling.chmod(0o755)
    with pytest.raises(Permanent, match="holds other bytes than were sent"):
        backend(binary=str(spoiling)).deliver(job)


@pytest.mark.slow
def test_a_sidecar_lies_beside_the_sound_and_tells_what_is_known_last(
    backend: Make, serve: Callable[..., int], store: Path, job: UploadJob
) -> None:
    port = serve("webdav", store)
    remote = f":webdav,url='http://127.0.0.1:{port}':clips"
    sender = backend(remote=remote, sidecar=True)
    sender.deliver(job)
    beside = store / "clips" / "box" / "box_clip.json"
    assert job.clip and from_json(beside.read_bytes(), Clip) == job.clip
    sender.deliver(evolve(job, clip=evolve(job.clip, title="Anna, and more")))
    assert from_json(beside.read_bytes(), Clip).title == "Anna, and more"
    assert {path.name for path in beside.parent.iterdir()} == {"box_clip.json", "box_clip.wav"}


def test_without_it_there_is_no_sidecar(backend: Make, store: Path, job: UploadJob) -> None:
    backend().deliver(job)
    assert {path.name for path in (store / "box").iterdir()} == {"box_clip.wav"}

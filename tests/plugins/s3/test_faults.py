"""Networks and servers that misbehave: what the outbox is told, and that in the end the bytes are there."""

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from appliance_upload_s3 import create
from appliance_upload_s3.options import S3Options
from attrs import evolve

from appliance.plugin import (
    BackendContext,
    Cancelled,
    Permanent,
    Receipt,
    Secret,
    Transient,
    UploadBackend,
    UploadJob,
)
from appliance.testing.backends import make_upload_job
from tests.plugins.certificates import Authority
from tests.plugins.faultproxy import RESET_AT_ONCE, Fault, FaultProxy
from tests.plugins.receiver import Receiver, Reply

MIB = 1024 * 1024
Proxy = Callable[[int], FaultProxy]


@pytest.fixture
def job(tmp_path: Path) -> UploadJob:
    return make_upload_job(tmp_path / "clips", os.urandom(300_000), f"box_{tmp_path.name}")


@pytest.fixture
def large(tmp_path: Path) -> UploadJob:
    return make_upload_job(tmp_path / "clips", os.urandom(9 * MIB), f"box_large_{tmp_path.name}")


@pytest.mark.parametrize(
    "fault",
    [
        RESET_AT_ONCE,
        Fault(reset_after_up=500),
        Fault(reset_after_up=150_000),
        Fault(reset_after_down=0),
        Fault(cut_after_down=60),
        pytest.param(Fault(stall_after_up=1000), marks=pytest.mark.slow),
        Fault(stall_after_down=0),
    ],
    ids=["before", "in-headers", "in-body", "after-body", "answer-cut", "stall-in-body", "no-answer"],
)
def test_broken_once_delivered_next(weed: Any, fault_proxy: Proxy, job: Any, tmp_path: Path, fault: Fault) -> None:
    proxy = fault_proxy(weed.port)
    proxy.faults.append(fault)
    backend = weed.backend(tmp_path, proxy.port, timeout=1)
    with pytest.raises(Transient) as caught:
        backend.deliver(job)
    assert "bucket 'clips'" in str(caught.value)
    receipt = backend.deliver(evolve(job, attempt=2))
    assert receipt.verified
    assert weed.content(receipt.remote_name) == job.rendition.path.read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("connection", range(5))
def test_large_file_survives_a_reset_anywhere(
    weed: Any, fault_proxy: Proxy, large: Any, tmp_path: Path, connection: int
) -> None:
    proxy = fault_proxy(weed.port)
    limits = iter((3 * MIB, 700, 6 * MIB, 100, 1)[connection:])
    proxy.choose = lambda _: Fault(reset_after_up=next(limits, None))
    notes: list[Any] = [None]
    backend = weed.backend(tmp_path, proxy.port, part_size=5 * MIB, parallel_parts=1 + connection % 2)
    for attempt in range(1, 20):
        try:
            receipt = backend.deliver(evolve(large, attempt=attempt, resume=notes[-1], save_resume=notes.append))
            break
        except Transient:
            continue
    assert receipt.verified
    assert weed.content(receipt.remote_name) == large.rendition.path.read_bytes()


@pytest.mark.slow
def test_every_fifth_connection_breaks(weed: Any, fault_proxy: Proxy, tmp_path: Path) -> None:
    proxy = fault_proxy(weed.port)
    proxy.choose = lambda number: Fault(reset_after_up=number * 7919 % 200_000) if number % 5 == 0 else Fault()
    backend = weed.backend(tmp_path, proxy.port, prefix=f"{tmp_path.name}/")
    jobs = [make_upload_job(tmp_path, os.urandom(200_000), f"box_{number}") for number in range(30)]
    for each in jobs:
        for attempt in range(1, 10):
            try:
                receipt = backend.deliver(evolve(each, attempt=attempt))
                break
            except Transient:
                backend.close()  # so that the next request is another connection
        assert receipt.verified
        assert weed.content(receipt.remote_name) == each.rendition.path.read_bytes()
    assert len([key for key in weed.listing() if key.startswith(tmp_path.name)]) == len(jobs)


@pytest.mark.slow
def test_one_byte_per_second_can_be_cancelled(weed: Any, fault_proxy: Proxy, job: Any, tmp_path: Path) -> None:
    proxy = fault_proxy(weed.port)
    proxy.faults.append(Fault(up_rate=1))
    started = threading.Event()
    slow = evolve(job, progress=lambda _: started.set(), cancelled=started.is_set)
    with pytest.raises(Cancelled):
        weed.backend(tmp_path, proxy.port).deliver(slow)


def test_refused_and_unknown_hosts(weed: Any, job: Any, tmp_path: Path) -> None:
    for port, endpoint, words in (
        (1, {}, "refuses the connection: nothing listens there now"),
        (None, {"endpoint_url": "https://no-such-host.invalid"}, "is not known to the name server"),
        (None, {"endpoint_url": f"https://127.0.0.1:{weed.port}"}, "speaks no TLS there"),
    ):
        with pytest.raises(Transient, match=f"^bucket 'clips' at https?://[^ ]+ {words}"):
            weed.backend(tmp_path, port, **endpoint).deliver(job)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"bucket": "no-such-bucket"}, "does not exist"),
        ({"access_key": Secret("nobody")}, "does not know this access key"),
        ({"secret_key": Secret("wrong")}, "secret key is wrong"),
    ],
)
@pytest.mark.parametrize("size", [1000, pytest.param(9 * MIB, marks=pytest.mark.slow)])
def test_what_a_person_must_correct(weed: Any, tmp_path: Path, options: Any, words: str, size: int) -> None:
    wrong = make_upload_job(tmp_path, bytes(size), "box_wrong")
    with pytest.raises(Permanent, match=words):
        weed.backend(tmp_path, **options).deliver(wrong)
    with pytest.raises(Permanent, match=words):
        weed.backend(tmp_path, **options).probe()


@pytest.mark.slow
@pytest.mark.parametrize(("status", "code"), [(500, "InternalError"), (502, "BadGateway"), (503, "SlowDown")])
def test_storms_pass(weed: Any, front: Any, large: Any, tmp_path: Path, status: int, code: str) -> None:
    failures = iter(range(7))
    storm = front(refuse=lambda *_: (status, code) if next(failures, None) is not None else None, retry_after="17")
    backend = weed.backend(tmp_path, storm.port, parallel_parts=1)
    notes: list[Any] = [None]
    for attempt in range(1, 9):
        try:
            receipt = backend.deliver(evolve(large, attempt=attempt, resume=notes[-1], save_resume=notes.append))
            break
        except Transient as error:
            assert error.retry_after in (17.0, None)  # the answer to HEAD counts as well as that to PUT
    assert receipt.verified
    assert weed.content(receipt.remote_name) == large.rendition.path.read_bytes()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("size", [1000, 9 * MIB])
def test_redirects_are_not_followed(weed: Any, front: Any, tmp_path: Path, status: int, size: int) -> None:
    elsewhere = front(refuse=lambda *_: (status, f"{status}"), location="https://login.example.org/")
    sent = make_upload_job(tmp_path, bytes(size), "box_elsewhere")
    with pytest.raises(Permanent, match="endpoint_url"):
        weed.backend(tmp_path, elsewhere.port).deliver(sent)
    assert len(elsewhere.seen) <= 2


def test_retry_after_is_passed_on(weed: Any, front: Any, job: Any, tmp_path: Path) -> None:
    busy = front(refuse=lambda *_: (503, "SlowDown"), retry_after="17")
    with pytest.raises(Transient, match="slow down") as caught:
        weed.backend(tmp_path, busy.port).deliver(job)
    assert caught.value.retry_after == 17


def test_wrong_credentials_then_right_ones_resume(weed: Any, large: Any, tmp_path: Path) -> None:
    notes: list[Any] = []
    stopped = evolve(large, save_resume=notes.append, cancelled=lambda: len(notes) > 1)
    with pytest.raises(Cancelled):
        weed.backend(tmp_path, part_size=5 * MIB).deliver(stopped)
    before = len(notes)
    again = evolve(large, attempt=2, resume=notes[-1], save_resume=notes.append)
    with pytest.raises(Permanent):
        weed.backend(tmp_path, secret_key=Secret("wrong")).deliver(again)
    assert len(notes) == before, "what is there already must not be forgotten"
    assert weed.backend(tmp_path).deliver(again).verified


_SHIM = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>
int clock_gettime(clockid_t id, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(id, now);
    if (id == CLOCK_REALTIME) now->tv_sec += atol(getenv("SKEW"));
    return result;
}
"""

_DELIVER = """
import sys
from pathlib import Path
from appliance.plugin import BackendContext, Permanent, Secret, Transient
from appliance.testing.backends import make_upload_job
from appliance_upload_s3 import create
from appliance_upload_s3.options import S3Options
url, key, secret, folder, trusted = sys.argv[1:]
options = S3Options(bucket="clips", endpoint_url=url, access_key=Secret(key), secret_key=Secret(secret))
job = make_upload_job(Path(folder), b"x", "box_skew")
try:
    create(options, BackendContext("cloud", "box", Path(folder), lambda: bool(trusted))).deliver(job)
except (Permanent, Transient) as error:
    print(type(error).__name__, error)
"""


@pytest.mark.parametrize(("trusted", "kind"), [("", "Transient"), ("trusted", "Permanent")])
@pytest.mark.parametrize("skew", [7200, pytest.param(-7200, marks=pytest.mark.slow)])
def test_clock_that_is_two_hours_off(weed: Any, tmp_path: Path, skew: int, trusted: str, kind: str) -> None:
    source, shim = tmp_path / "shim.c", tmp_path / "shim.so"
    source.write_text(_SHIM)
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", shim, source, "-ldl"], check=True)
    options = weed.options()
    arguments = [options.endpoint_url, options.access_key.reveal(), options.secret_key.reveal(), str(tmp_path), trusted]
    done = subprocess.run(
        [sys.executable, "-c", _DELIVER, *arguments],
        env=os.environ | {"LD_PRELOAD": str(shim), "SKEW": str(skew)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.startswith(f"{kind} ") and "the clock is wrong" in done.stdout, done.stderr


@pytest.mark.parametrize(
    ("certificate", "trusted", "error", "words"),
    [
        ({"self_signed": True}, True, Permanent, "not trusted"),
        ({"host": "127.0.0.9"}, True, Permanent, "not trusted"),
        ({"from_day": -9, "to_day": -1}, True, Permanent, "has expired"),
        ({"from_day": -9, "to_day": -1}, False, Transient, "never told the time"),
        ({"from_day": 1}, True, Permanent, "is not yet valid"),
        ({"from_day": 1}, False, Transient, "never told the time"),
    ],
    ids=["self-signed", "other-name", "expired", "expired-no-clock", "not-yet", "not-yet-no-clock"],
)
def test_bad_certificates(
    weed: Any,
    front: Any,
    job: Any,
    tmp_path: Path,
    certificate: Any,
    trusted: bool,
    error: type[Exception],
    words: str,
) -> None:
    authority = Authority(tmp_path / "ca")
    proxy = front(context=authority.issue("bad", **certificate).server())
    options = {"endpoint_url": f"https://127.0.0.1:{proxy.port}", "ca_file": authority.path}
    with pytest.raises(error, match=words):
        weed.backend(tmp_path, clock_trusted=lambda: trusted, **options).deliver(job)


@pytest.mark.parametrize("plain", [False, True])
def test_own_authority_is_trusted(weed: Any, front: Any, job: Any, tmp_path: Path, plain: bool) -> None:
    authority = Authority(tmp_path / "ca", plain=plain)
    proxy = front(context=authority.issue("good").server())
    options = {"endpoint_url": f"https://127.0.0.1:{proxy.port}", "ca_file": authority.path}
    assert weed.backend(tmp_path, **options).deliver(job).verified


@pytest.mark.parametrize("size", [1 * MIB, 9 * MIB])
def test_file_that_changes_under_the_sender(server: Any, tmp_path: Path, size: int) -> None:
    original = os.urandom(size)
    changing = make_upload_job(tmp_path, original, f"box_{tmp_path.name}_{server.port}")
    changed = threading.Event()

    def change(sent: int) -> None:
        if sent > size // 2 and not changed.is_set():
            changed.set()
            with changing.rendition.path.open("r+b") as file:
                file.seek(-1, os.SEEK_END)
                file.write(bytes([original[-1] ^ 1]))

    try:
        receipt = server.backend(tmp_path).deliver(evolve(changing, progress=change))
    except Permanent as error:
        assert "changed" in str(error)
    else:
        assert changed.is_set()
        assert server.content(receipt.remote_name) == original, "proved, so it must be what was recorded"


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Callable[..., UploadBackend]]:
    """A backend whose server answers everything with these words."""
    with contextlib.ExitStack() as stack:

        def start(kind: str, words: bytes) -> UploadBackend:
            receiver = Receiver(always=Reply(200, {"Content-Type": kind}, words))
            stack.callback(receiver.close)
            options = S3Options("clips", endpoint_url=receiver.url(""), access_key=Secret("a"), secret_key=Secret("b"))
            return create(options, BackendContext("cloud", "box", tmp_path))

        yield start


PAGES = [b"<!DOCTYPE html><p>Welcome<br>", b"<html><body>Welcome</body></html>", b""]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("size", [1000, 9 * MIB])
def test_the_login_page_of_a_network_is_waited_for(elsewhere: Any, tmp_path: Path, page: bytes, size: int) -> None:
    backend = elsewhere("text/html; charset=utf-8", page)
    sent = make_upload_job(tmp_path, bytes(size), "box_portal")
    with pytest.raises(Transient, match=r"this network has a login page.*endpoint_url"):
        backend.deliver(sent)
    with pytest.raises(Transient, match="this network has a login page"):
        backend.probe()
    gone = Receipt("box_portal.wav", size, True, "md5", "0" * 32)
    with pytest.raises(Transient, match="this network has a login page"):
        backend.verify(sent.rendition, gone)


@pytest.mark.parametrize("words", [b'{"ok": true}', b"<Answer/>", b"<Answer", b""])
@pytest.mark.parametrize("size", [1000, 9 * MIB])
def test_an_answer_of_something_else_is_no_success_and_no_defect(
    elsewhere: Any, tmp_path: Path, words: bytes, size: int
) -> None:
    with pytest.raises(Transient, match="bucket 'clips'"):
        elsewhere("application/xml", words).deliver(make_upload_job(tmp_path, bytes(size), "box_else"))

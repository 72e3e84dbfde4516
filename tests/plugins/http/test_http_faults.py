"""The http backend in a bad network: every failure is told for what it is, and the next attempt makes it good."""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from appliance_http.body import BLOCK
from appliance_http.line import Line
from appliance_http.watch import Watch
from appliance_upload_http.options import Proof
from attrs import evolve

from appliance.plugin import Cancelled, Permanent, Transient, UploadJob
from tests.plugins.faultproxy import RESET_AT_ONCE, Fault, FaultProxy
from tests.plugins.http.conftest import SOUND, backend
from tests.plugins.receiver import Receiver, Reply

BROKEN = "broke the connection|closed the connection without an answer"
ANSWER_HEAD = len(b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nX-Content-SHA256: \r\n") + 64 + 23
"""Bytes of the receiver's answer before its body."""

MakeProxy = Callable[[int], FaultProxy]


@pytest.fixture
def proxy(fault_proxy: MakeProxy, receiver: Receiver) -> FaultProxy:
    return fault_proxy(receiver.port)


def url_of(proxy: FaultProxy) -> str:
    return f"http://127.0.0.1:{proxy.port}/upload"


def check_arrived_once(receiver: Receiver, job: UploadJob) -> None:
    assert receiver.files == {job.rendition.file_name: SOUND}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (RESET_AT_ONCE, BROKEN),
        (Fault(reset_after_up=100), BROKEN),
        (Fault(reset_after_up=500_000), BROKEN),
        (Fault(reset_after_down=0), BROKEN),
        (Fault(reset_after_down=20), BROKEN),
        (Fault(cut_after_down=0), BROKEN),
        (Fault(cut_after_down=ANSWER_HEAD + 5), "broke off"),
        (Fault(stall_after_up=300_000), "went silent"),
        (Fault(stall_after_down=0), "went silent"),
        (Fault(stall_after_down=40), "went silent"),
        (Fault(stall_after_down=ANSWER_HEAD + 5), "went silent|broke"),
    ],
    ids=str,
)
def test_a_broken_connection_is_transient_and_the_next_attempt_arrives(
    fault: Fault, words: str, proxy: FaultProxy, receiver: Receiver, job: UploadJob
) -> None:
    proxy.faults.append(fault)
    with pytest.raises(Transient, match=words):
        backend(url_of(proxy), read=0.5).deliver(job)
    receipt = backend(url_of(proxy)).deliver(evolve(job, attempt=2))
    assert receipt.size == len(SOUND)
    check_arrived_once(receiver, job)


@pytest.mark.parametrize("proof", [Proof(header="X-Content-SHA256"), Proof(json_pointer="/file/sha256")], ids=str)
def test_an_answer_cut_before_its_proof_is_asked_for_again(
    proof: Proof, proxy: FaultProxy, receiver: Receiver, job: UploadJob
) -> None:
    proxy.faults.append(Fault(cut_after_down=30))
    with pytest.raises(Transient, match="broke off"):
        backend(url_of(proxy), proof=proof).deliver(job)
    assert backend(url_of(proxy), proof=proof).deliver(job).verified
    check_arrived_once(receiver, job)


@pytest.mark.parametrize("cut", range(1, ANSWER_HEAD + 4, 7))
def test_an_answer_cut_anywhere_in_its_head_is_none(
    cut: int, proxy: FaultProxy, receiver: Receiver, job: UploadJob
) -> None:
    """`HTTP/1.1 201 Created` and then nothing is no word to be relied on, whatever http.client thinks."""
    proxy.faults.append(Fault(cut_after_down=cut))
    with pytest.raises(Transient, match=r"broke|closed the connection|failed"):
        backend(url_of(proxy)).deliver(job)
    backend(url_of(proxy)).deliver(evolve(job, attempt=2))
    check_arrived_once(receiver, job)


def test_an_old_server_that_ends_its_answer_with_the_connection(receiver: Receiver, job: UploadJob) -> None:
    receiver.replies.append(Reply(garbage=b"HTTP/1.0 200 OK\r\nServer: old\r\n\r\nthank you"))
    assert backend(receiver.url()).deliver(job).detail == "200 OK\nthank you"


def test_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(Transient, match="refuses the connection"):
        backend(f"http://127.0.0.1:{port}/").probe()


def test_a_name_that_does_not_exist(job: UploadJob) -> None:
    with pytest.raises(Transient, match="not known to the name server"):
        backend("https://recorder.invalid/upload").deliver(job)


def test_nobody_answers_the_knock(job: UploadJob) -> None:
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=1))
        for _ in range(4):  # a full backlog makes the kernel drop further knocks
            knock = stack.enter_context(socket.socket())
            knock.setblocking(False)
            knock.connect_ex(server.getsockname())
        with pytest.raises(Transient, match="does not answer"):
            backend(f"http://127.0.0.1:{server.getsockname()[1]}/", connect=0.3).deliver(job)


@pytest.mark.slow
def test_a_line_that_hardly_moves_ends_with_the_total_timeout(proxy: FaultProxy, job: UploadJob) -> None:
    proxy.faults.append(Fault(up_rate=1))
    began = time.monotonic()
    with pytest.raises(Transient, match=r"timeouts\.total"):
        backend(url_of(proxy), read=30, total=0.6).deliver(job)
    assert time.monotonic() - began < 5


@pytest.mark.slow
def test_a_slow_line_is_no_failure(proxy: FaultProxy, receiver: Receiver, job: UploadJob) -> None:
    """A block takes longer than the read timeout here, but bytes move all the time."""
    proxy.faults.append(Fault(up_rate=800_000))
    backend(url_of(proxy), read=0.4).deliver(job)
    check_arrived_once(receiver, job)


def test_a_storm_of_server_errors(receiver: Receiver, job: UploadJob) -> None:
    for status in (500, 502, 503, 504, 507):
        receiver.replies.append(Reply(status))
        with pytest.raises(Transient, match=f"answers {status}"):
            backend(receiver.url()).deliver(job)
    backend(receiver.url()).deliver(job)
    check_arrived_once(receiver, job)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "120"}, 120.0),
        (
            {"Retry-After": "Wed, 21 Oct 2015 07:30:00 GMT", "Date": "Wed, 21 Oct 2015 07:28:00 GMT"},
            120.0,
        ),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "999999999999"}, 86_400.0),
    ],
)
def test_told_to_come_back_later(
    headers: dict[str, str], seconds: float | None, receiver: Receiver, job: UploadJob
) -> None:
    receiver.replies.append(Reply(429, headers))
    with pytest.raises(Transient, match="429") as caught:
        backend(receiver.url()).deliver(job)
    assert caught.value.retry_after == seconds


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "form"),
        (401, "credentials"),
        (403, "forbids"),
        (404, "url"),
        (405, "method"),
        (409, "place"),
        (410, "gone"),
        (413, "deliver_as"),
        (415, "deliver_as"),
        (418, "418"),
        (422, "form"),
    ],
)
def test_what_a_person_must_look_at(status: int, words: str, receiver: Receiver, job: UploadJob) -> None:
    receiver.replies.append(Reply(status))
    with pytest.raises(Permanent, match=words):
        backend(receiver.url()).deliver(job)


def test_what_the_server_says_is_passed_on_in_one_line(receiver: Receiver, job: UploadJob) -> None:
    receiver.replies.append(
        Reply(422, {"Content-Type": "application/json"}, b'{"detail":\n "no such box"}' + b" " * 999)
    )
    with pytest.raises(Permanent) as caught:
        backend(receiver.url()).deliver(job)
    assert '{"detail": "no such box"}' in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("patience", [0, 20_000_000], ids=["reset at once", "reset later"])
def test_an_answer_before_the_body_is_heard(
    patience: int, receiver: Receiver, upload_job: Callable[..., UploadJob]
) -> None:
    large = upload_job(bytes(40_000_000))
    sent: list[int] = []
    receiver.replies.append(Reply(413, early=patience))
    with pytest.raises(Permanent, match="413"):
        backend(receiver.url()).deliver(evolve(large, progress=sent.append))
    assert len(sent) * 2 < 40_000_000 // BLOCK


class Unlucky:
    """A connection on which something happens just before the first bytes go out."""

    def __init__(self, connection: socket.socket, happens: Callable[[], None]) -> None:
        self._connection = connection
        self._happens = happens

    def send(self, data: bytes) -> int:
        self._happens()
        return self._connection.send(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def test_an_answer_is_heard_that_comes_with_a_reset_while_sending() -> None:
    answer = b"HTTP/1.1 413 Content Too Large\r\n"
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()) as client,
        Watch(lambda: None, 60) as watch,
    ):
        server, _ = listener.accept()

        def refuse() -> None:
            server.sendall(answer)
            server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            server.close()

        line = Line(Unlucky(client, refuse), watch, 5.0)
        with pytest.raises(BrokenPipeError):
            line.send(bytes(1000))
        assert line.reader().makefile("rb").readline() == answer


@pytest.mark.parametrize("patience", [0, 20_000_000], ids=["reset at once", "reset later"])
def test_praise_before_the_body_is_not_believed(
    patience: int, receiver: Receiver, upload_job: Callable[..., UploadJob]
) -> None:
    large = upload_job(bytes(40_000_000))
    receiver.replies.append(Reply(200, early=patience))
    with pytest.raises(Transient, match="before it had the whole file"):
        backend(receiver.url()).deliver(large)


def test_a_server_that_says_200_first_and_reads_then(job: UploadJob) -> None:
    """Some programs send the head of their answer before they look at the request."""
    received = bytearray()

    def serve() -> None:
        peer, _ = listener.accept()
        with peer:
            received.extend(peer.recv(100))
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            while not received.endswith(b"--\r\n"):
                received.extend(peer.recv(1_000_000))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        backend(f"http://127.0.0.1:{listener.getsockname()[1]}/").deliver(job)
        thread.join(5)
    assert SOUND in received


@pytest.mark.parametrize(
    "reply", [Reply(garbage=b"SSH-2.0-OpenSSH_9.2\r\n"), Reply(200, body=b"half", claimed=1000)], ids=["no HTTP", "cut"]
)
def test_half_an_answer_is_none(reply: Reply, receiver: Receiver, job: UploadJob) -> None:
    receiver.replies.append(reply)
    with pytest.raises(Transient):
        backend(receiver.url(), read=0.5).deliver(job)


def test_a_port_where_something_else_listens(receiver: Receiver, job: UploadJob) -> None:
    receiver.replies.append(Reply(garbage=b"SSH-2.0-OpenSSH_9.2\r\n"))
    with pytest.raises(Transient, match="answers in something else than HTTP: is the port right"):
        backend(receiver.url()).deliver(job)


@pytest.fixture
def after() -> Iterator[Callable[[float], Callable[[], bool]]]:
    """`after(seconds)` makes a `cancelled` that becomes true then."""
    timers: list[threading.Timer] = []

    def start(seconds: float) -> Callable[[], bool]:
        cancelled = threading.Event()
        timer = threading.Timer(seconds, cancelled.set)
        timers.append(timer)
        timer.start()
        return cancelled.is_set

    yield start
    for timer in timers:
        timer.cancel()


@pytest.mark.parametrize(
    "fault", [Fault(stall_after_up=300_000), Fault(stall_after_down=0), Fault(stall_after_down=150)], ids=str
)
def test_a_delivery_can_be_taken_back_while_the_server_keeps_it_waiting(
    fault: Fault, proxy: FaultProxy, job: UploadJob, after: Callable[[float], Callable[[], bool]]
) -> None:
    proxy.faults.append(fault)
    began = time.monotonic()
    with pytest.raises(Cancelled):
        backend(url_of(proxy), read=30).deliver(evolve(job, cancelled=after(0.3)))
    assert time.monotonic() - began < 3


def test_nothing_of_a_file_that_changes_on_the_way_arrives_as_whole(receiver: Receiver, job: UploadJob) -> None:
    def change(sent: int) -> None:
        job.rendition.path.write_bytes(b"!" * len(SOUND))

    with pytest.raises(Permanent, match="changed on this box"):
        backend(receiver.url()).deliver(evolve(job, progress=change))
    assert receiver.seen == []
    assert receiver.files == {}


@pytest.mark.slow
def test_a_thousand_clips_through_a_line_that_breaks_every_fifth_time(
    proxy: FaultProxy, receiver: Receiver, upload_job: Callable[..., UploadJob]
) -> None:
    proxy.choose = lambda number: Fault(reset_after_up=number * 7919 % 250_000) if number % 5 == 0 else Fault()
    sender = backend(url_of(proxy))
    wanted = {}
    for number in range(1000):
        job = upload_job(number.to_bytes(4, "big") * 50_000, f"clip {number}")
        wanted[job.rendition.file_name] = job.rendition.path.read_bytes()
        for attempt in range(1, 10):
            with contextlib.suppress(Transient):
                sender.deliver(evolve(job, attempt=attempt))
                break
    assert receiver.files == wanted

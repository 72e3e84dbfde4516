"""A take goes while it is recorded: what is sent when, and what is made of it in the end."""

import hashlib
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from appliance.plugin import Cancelled, Permanent, Transient
from appliance.testing.live import FakeTake, check_live_backend, make_fake_take
from tests.plugins.faultproxy import Fault, FaultProxy

MIB = 1024 * 1024
PART = 5 * MIB
LENGTH = 4 * PART + 123_456


@pytest.fixture
def take(tmp_path: Path) -> Callable[..., FakeTake]:
    def make(size: int = LENGTH, name: str = "") -> FakeTake:
        return make_fake_take(tmp_path / "clips", random.Random(size).randbytes(size), name or f"box_{tmp_path.name}")

    return make


def sent_parts(seen: list[tuple[str, str, dict[str, str]]]) -> list[int]:
    """Numbers of the parts that went through a Front, in order."""
    return [int(path.split("partNumber=")[1].split("&")[0]) for method, path, _ in seen if "partNumber=" in path]


def noted(take: FakeTake) -> list[str]:
    note: Any = take.notes.last
    return sorted(note["parts"]) if note else []


def content(take: FakeTake) -> bytes:
    return take.finished.rendition.path.read_bytes()


@pytest.mark.parametrize("name", ["weed", pytest.param("rclone_s3", marks=pytest.mark.slow)])
def test_keeps_the_contract(request: pytest.FixtureRequest, tmp_path: Path, name: str) -> None:
    server = request.getfixturevalue(name)
    check_live_backend(
        lambda: server.backend(tmp_path, prefix="live-contract/", live=True),
        server.content,
        directory=tmp_path / "files",
        listing=server.listing,
        large=11 * MIB + 5,
    )


@pytest.mark.slow
def test_parts_go_as_soon_as_they_stay_and_the_first_last(weed: Any, front: Any, take: Any, tmp_path: Path) -> None:
    growing, proxy = take(), front()
    backend = weed.backend(tmp_path, proxy.port, live=True)
    for stable, parts in ((2 * PART - 1, []), (2 * PART, ["2"]), (4 * PART + 5, ["2", "3", "4"])):
        growing.stable = stable
        backend.deliver_live(growing.job())
        assert noted(growing) == parts
    assert sent_parts(proxy.seen) == [2, 3, 4]

    receipt = backend.deliver(growing.delivery())
    assert sorted(sent_parts(proxy.seen)[3:]) == [1, 5]
    assert weed.content(receipt.remote_name) == content(growing)
    digests = [hashlib.sha256(content(growing)[at : at + PART]).digest() for at in range(0, LENGTH, PART)]
    assert receipt.verified
    assert receipt.checksum == f"{hashlib.sha256(b''.join(digests)).hexdigest()}-5"
    assert backend.verify(growing.finished.rendition, receipt).verified


@pytest.mark.slow
def test_a_take_is_sent_through_nginx_while_it_grows(weed: Any, take: Any, behind_nginx: int, tmp_path: Path) -> None:
    growing = take()
    backend = weed.backend(tmp_path, behind_nginx, live=True)
    growing.stable = 4 * PART + 5
    backend.deliver_live(growing.job())
    assert noted(growing) == ["2", "3", "4"]
    receipt = backend.deliver(growing.delivery())
    assert receipt.verified and weed.content(receipt.remote_name) == content(growing)
    assert backend.verify(growing.finished.rendition, receipt).verified


def test_a_short_take_goes_in_the_ordinary_way(weed: Any, front: Any, take: Any, tmp_path: Path) -> None:
    growing, proxy = take(2 * PART - 1000), front()
    backend = weed.backend(tmp_path, proxy.port, live=True)
    growing.stable = 2 * PART - 1000
    backend.deliver_live(growing.job())
    assert not proxy.seen
    assert weed.content(backend.deliver(growing.delivery()).remote_name) == content(growing)


@pytest.mark.slow
def test_only_parts_that_changed_are_sent_again(weed: Any, front: Any, take: Any, tmp_path: Path) -> None:
    growing, proxy = take(), front()
    backend = weed.backend(tmp_path, proxy.port, live=True)
    growing.recorded[2 * PART + 7] ^= 1
    growing.stable = 4 * PART
    backend.deliver_live(growing.job())
    proxy.seen.clear()
    receipt = backend.deliver(growing.delivery())
    assert sorted(sent_parts(proxy.seen)) == [1, 3, 5]
    assert weed.content(receipt.remote_name) == content(growing)


@pytest.mark.parametrize(
    "left", [pytest.param(3 * PART + 9, marks=pytest.mark.slow), PART + 9, pytest.param(MIB, marks=pytest.mark.slow)]
)
def test_a_take_that_lost_its_end_after_it_was_sent(weed: Any, take: Any, tmp_path: Path, left: int) -> None:
    """Parts that the clip does not have any more are left out, and no upload stays behind."""
    before = weed.uploads()
    name = f"box_{tmp_path.name}"
    growing = take(LENGTH, name)
    growing.stable = 4 * PART
    backend = weed.backend(tmp_path, live=True)
    backend.deliver_live(growing.job())
    cut = make_fake_take(tmp_path / "cut", content(growing)[:left], name)
    receipt = backend.deliver(evolve(cut.finished, resume=growing.notes.last))
    assert weed.content(receipt.remote_name) == content(cut)
    assert weed.uploads() == before


@pytest.mark.slow
def test_progress_counts_what_is_sent_and_what_is_there(weed: Any, take: Any, tmp_path: Path) -> None:
    growing = take()
    growing.stable = 4 * PART
    backend = weed.backend(tmp_path, live=True)
    backend.deliver_live(growing.job())
    growing.sent.check(3 * PART)
    held: list[int] = []
    sent: list[int] = []
    backend.deliver(evolve(growing.delivery(), held=held.append, progress=sent.append))
    assert held == [PART] * 3
    assert sent[-1] == LENGTH


def test_cancelled_within_a_part(weed: Any, take: Any, tmp_path: Path) -> None:
    growing = take()
    growing.stable = 4 * PART
    with pytest.raises(Cancelled):
        weed.backend(tmp_path, live=True).deliver_live(growing.job(cancelled=lambda: growing.sent.last > PART + MIB))
    assert noted(growing) == ["2"]
    assert growing.sent.last < 2 * PART


def test_cut_while_it_is_sent_is_transient(weed: Any, take: Any, tmp_path: Path) -> None:
    growing = take()
    growing.stable = 4 * PART
    del growing.recorded[3 * PART + 17 :]
    with pytest.raises(Transient, match="was cut"):
        weed.backend(tmp_path, live=True).deliver_live(growing.job())
    assert noted(growing) == ["2", "3"]


@pytest.mark.slow
def test_a_broken_connection_costs_one_part(weed: Any, fault_proxy: Any, take: Any, tmp_path: Path) -> None:
    growing = take()
    growing.stable = 4 * PART
    proxy: FaultProxy = fault_proxy(weed.port)
    proxy.faults.append(Fault(reset_after_up=PART + MIB))
    backend = weed.backend(tmp_path, proxy.port, live=True)
    with pytest.raises(Transient):
        backend.deliver_live(growing.job())
    assert noted(growing) == ["2"]
    backend.deliver_live(growing.job())
    assert noted(growing) == ["2", "3", "4"]
    assert weed.content(backend.deliver(growing.delivery()).remote_name) == content(growing)


@pytest.mark.slow
def test_an_upload_that_the_server_lost_is_begun_anew(weed: Any, take: Any, tmp_path: Path) -> None:
    growing = take()
    growing.stable = 3 * PART
    backend = weed.backend(tmp_path, live=True)
    backend.deliver_live(growing.job())
    backend.withdraw(growing.notes.last)
    growing.stable = 4 * PART
    with pytest.raises(Transient, match="lost the parts"):
        backend.deliver_live(growing.job())
    assert growing.notes.last is None
    backend.deliver_live(growing.job())
    assert noted(growing) == ["2", "3", "4"]


def test_withdrawn_leaves_no_upload(weed: Any, take: Any, tmp_path: Path) -> None:
    before = weed.uploads()
    growing = take()
    growing.stable = 4 * PART
    backend = weed.backend(tmp_path, live=True)
    backend.deliver_live(growing.job())
    assert len(weed.uploads()) == len(before) + 1
    backend.withdraw(growing.notes.last)
    assert weed.uploads() == before
    for strange in ({}, {"upload_id": 5, "parts": None}):
        backend.withdraw(strange)


@pytest.mark.slow
def test_an_object_that_nobody_heard_of_is_known_by_its_key(weed: Any, front: Any, take: Any, tmp_path: Path) -> None:
    """It was made, the answer was lost, and the server's checksums tell nothing: it bears the key of this delivery."""

    def obscure(method: str, path: str, headers: dict[str, str]) -> None:
        headers.pop("x-amz-checksum-sha256", None)
        if "etag" in headers:
            headers["etag"] = '"opaque"'

    growing = take()
    growing.stable = 4 * PART
    backend = weed.backend(tmp_path, live=True)
    backend.deliver_live(growing.job())
    backend.deliver(growing.delivery())
    veiled = weed.backend(tmp_path, front(edit=obscure).port, live=True)
    receipt = veiled.deliver(growing.delivery())
    assert (receipt.verified, receipt.size) == (False, LENGTH)
    with pytest.raises(Permanent, match="holds another object"):
        veiled.deliver(evolve(growing.delivery(), idempotency_key="of another"))


@pytest.mark.slow
def test_parts_grow_with_the_longest_take(weed: Any, take: Any, tmp_path: Path) -> None:
    """No more than 10,000 parts make an object."""
    growing = take(26 * MIB)
    growing.stable = 26 * MIB
    weed.backend(tmp_path, live=True).deliver_live(evolve(growing.job(), longest=120_000 * MIB))
    assert growing.notes.last["part_size"] == 12 * MIB

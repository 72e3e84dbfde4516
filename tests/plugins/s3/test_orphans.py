"""Unfinished uploads are aborted where they are this box's own, old, and nobody waits for them."""

import json
import os
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from appliance_upload_s3.bucket import Bucket
from appliance_upload_s3.errors import Target
from appliance_upload_s3.keys import own_keys
from appliance_upload_s3.orphans import Orphans

NAME = "box_2027-01-15_08-00-00+0000_abcdefghij.wav"


@pytest.fixture
def begin(weed: Any) -> Callable[[str], str]:
    def start(key: str) -> str:
        upload: str = weed.client().create_multipart_upload(Bucket="clips", Key=key)["UploadId"]
        return upload

    return start


def make(server: Any, own: tuple[str, re.Pattern[str] | None], age: timedelta, now: Callable[[], float]) -> Orphans:
    bucket = Bucket(server.client, "clips", Target("clips", server.url), {})
    return Orphans(bucket, own, age, now)


def test_only_own_old_and_forgotten_uploads_go(weed: Any, begin: Any, tmp_path: Path) -> None:
    prefix, hours = f"{tmp_path.name}/", [0.0]
    own = own_keys(prefix + "{device}/{file_name}", "box")
    mine, waiting = begin(f"{prefix}box/{NAME}"), begin(f"{prefix}box/{NAME}")
    others = [
        begin(f"{prefix}box2/{NAME}"),
        begin(f"{prefix}box/notes.txt"),
        begin(f"elsewhere/{tmp_path.name}/{NAME}"),
    ]
    everything = {mine, waiting, *others}

    def left() -> set[str]:
        return everything.intersection(weed.uploads())

    patient = make(weed, own, timedelta(days=1), lambda: hours[0] * 3600)
    hours[0] = 3
    patient.sweep_when_due()
    assert left() == everything, "they are not a day old"

    hours[0] = 0
    sweeper = make(weed, own, timedelta(seconds=-60), lambda: hours[0] * 3600)
    sweeper.in_use(waiting)
    hours[0] = 1
    sweeper.sweep_when_due()
    assert left() == everything, "pending deliveries may not have had their turn yet"
    hours[0] = 3
    sweeper.sweep_when_due()
    assert left() == everything - {mine}
    sweeper.finished(waiting)
    sweeper.sweep_when_due()
    assert left() == everything - {mine}, "once a day is enough"
    hours[0] = 28
    sweeper.sweep_when_due()
    assert left() == everything - {mine, waiting}


def test_nothing_goes_where_keys_do_not_tell_the_box(weed: Any, begin: Any, tmp_path: Path) -> None:
    upload, hours = begin(f"{tmp_path.name}/abcdefghij"), [0.0]
    sweeper = make(weed, own_keys(f"{tmp_path.name}/{{clip_id}}", "box"), timedelta(days=-1), lambda: hours[0] * 3600)
    hours[0] = 5
    sweeper.sweep_when_due()
    assert upload in weed.uploads()


def test_no_right_to_look_is_no_error(weed: Any, front: Any) -> None:
    hours = [0.0]
    denied = front(refuse=lambda *_: (403, "AccessDenied"))
    client = weed.client(denied.port)
    bucket = Bucket(lambda: client, "clips", Target("clips", weed.url), {})
    sweeper = Orphans(bucket, own_keys("{file_name}", "box"), now=lambda: hours[0] * 3600)
    hours[0] = 5
    sweeper.sweep_when_due()
    assert len(denied.seen) == 1


def test_an_upload_of_a_file_with_a_name_of_its_own_goes_as_well_also_after_a_restart(
    weed: Any, begin: Any, tmp_path: Path
) -> None:
    """What files are called there is a matter of the configuration, and tells nobody whose they are."""
    hours, ledger = [0.0], tmp_path / "uploads" / "cloud.json"
    bucket = Bucket(weed.client, "clips", Target("clips", weed.url), {})
    own = own_keys(f"{tmp_path.name}/{{file_name}}", "box")

    def sweeper() -> Orphans:
        hours[0] = 0
        return Orphans(bucket, own, timedelta(seconds=-60), lambda: hours[0] * 3600, ledger=ledger)

    key = f"{tmp_path.name}/27.11.2026 Anna.wav"
    mine, others = begin(key), begin(key)
    before = sweeper()
    before.in_use(mine)
    after = sweeper()
    hours[0] = 3
    after.sweep_when_due()
    left = weed.uploads()
    assert mine not in left and others in left
    assert json.loads(ledger.read_bytes()) == []


def test_two_destinations_with_the_same_keys_leave_each_other_their_uploads(
    weed: Any, begin: Any, tmp_path: Path
) -> None:
    hours, ledgers = [0.0], tmp_path / "uploads"
    bucket = Bucket(weed.client, "clips", Target("clips", weed.url), {})
    own = own_keys(f"{tmp_path.name}/{{file_name}}", "box")
    one, other = (
        Orphans(bucket, own, timedelta(seconds=-60), lambda: hours[0] * 3600, ledger=ledgers / f"{name}.json")
        for name in ("one", "other")
    )
    key = f"{tmp_path.name}/{NAME}"
    under_way, nobodys = begin(key), begin(key)
    other.in_use(under_way)
    hours[0] = 3
    one.sweep_when_due()
    left = weed.uploads()
    assert under_way in left and nobodys not in left


@pytest.mark.parametrize("template", ["{file_name}", "27.11.2026.wav"])
def test_what_a_destination_left_that_is_called_otherwise_now_goes_as_well(
    template: str, weed: Any, begin: Any, tmp_path: Path
) -> None:
    hours, ledgers, name = [0.0], tmp_path / "uploads", NAME if template == "{file_name}" else template
    bucket = Bucket(weed.client, "clips", Target("clips", weed.url), {})
    own = own_keys(f"{tmp_path.name}/{template}", "box")

    def orphans(name: str) -> Orphans:
        return Orphans(bucket, own, timedelta(seconds=-60), lambda: hours[0] * 3600, ledger=ledgers / f"{name}.json")

    left, waiting = begin(f"{tmp_path.name}/{name}"), begin(f"{tmp_path.name}/{name}")
    old, other = orphans("old"), orphans("other")
    old.in_use(left)
    other.in_use(waiting)
    for each in ledgers.iterdir():
        os.utime(each, (0, 0))
    other.in_use(waiting)  # an hour later, once more
    hours[0] = 3
    orphans("new").sweep_when_due()
    assert left in weed.uploads(), "not in its first hours"
    now = orphans("new")
    hours[0] = 6
    now.sweep_when_due()
    assert left not in weed.uploads() and waiting in weed.uploads()


@pytest.mark.parametrize("content", [b"", b"{", b"[[1]]", b"\xff", b"[" * 100_000])
def test_a_ledger_that_cannot_be_read_is_an_empty_one(content: bytes, weed: Any, tmp_path: Path) -> None:
    (ledger := tmp_path / "cloud.json").write_bytes(content)
    bucket = Bucket(weed.client, "clips", Target("clips", weed.url), {})
    Orphans(bucket, own_keys("{file_name}", "box"), ledger=ledger).in_use("a")
    assert json.loads(ledger.read_bytes()) == ["a"]


def test_what_the_server_has_no_more_is_noted_no_more_unless_somebody_waits_for_it(weed: Any, tmp_path: Path) -> None:
    hours, ledger = [0.0], tmp_path / "cloud.json"
    ledger.write_text('["gone", "waiting"]')
    bucket = Bucket(weed.client, "clips", Target("clips", weed.url), {})
    own = own_keys(f"{tmp_path.name}/{{file_name}}", "box")
    orphans = Orphans(bucket, own, now=lambda: hours[0] * 3600, ledger=ledger)
    orphans.in_use("waiting")
    hours[0] = 3
    orphans.sweep_when_due()
    assert json.loads(ledger.read_bytes()) == ["waiting"]


def test_what_is_finished_is_noted_no_more_and_a_disk_that_refuses_is_no_error(weed: Any, tmp_path: Path) -> None:
    ledger = tmp_path / "uploads" / "cloud.json"
    bucket = Bucket(weed.client, "clips", Target("clips", weed.url), {})
    orphans = Orphans(bucket, own_keys("{file_name}", "box"), ledger=ledger)
    orphans.in_use("a")
    orphans.in_use("b")
    orphans.finished("a")
    assert json.loads(ledger.read_bytes()) == ["b"]
    Orphans(bucket, own_keys("{file_name}", "box"), ledger=Path("/proc/nowhere/cloud.json")).in_use("c")

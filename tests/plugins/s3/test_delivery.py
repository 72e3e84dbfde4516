"""What arrives in the bucket, under which key, with what around it, and what the receipt is worth."""

import base64
import hashlib
import threading
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

import pytest
from appliance_upload_s3.options import Encryption
from attrs import evolve

from appliance.codec import from_json
from appliance.plugin import Cancelled, Clip, CopyMissing, Permanent, UploadJob
from appliance.testing.backends import make_upload_job

MIB = 1024 * 1024
LARGE = 12 * MIB + 12_345
PART = 5 * MIB


def content(size: int, seed: int = 0) -> bytes:
    block = hashlib.sha512(str(seed).encode()).digest()
    return (block * (size // len(block) + 1))[:size]


@pytest.fixture
def job(tmp_path: Path) -> Callable[..., UploadJob]:
    def make(size: int = 100_000, name: str = "") -> UploadJob:
        return make_upload_job(tmp_path / "clips", content(size), name or f"box_{tmp_path.name}")

    return make


class Notes(list[Any]):
    def __call__(self, note: Any) -> None:
        self.append(note)


def stored(server: Any, key: str) -> Any:
    return server.client().head_object(Bucket="clips", Key=key, ChecksumMode="ENABLED")


def test_small_file_goes_in_one_request_with_its_own_checksum(weed: Any, front: Any, job: Any, tmp_path: Path) -> None:
    small, proxy = job(), front()
    receipt = weed.backend(tmp_path, proxy.port).deliver(small)
    assert (receipt.verified, receipt.algorithm, receipt.checksum) == (True, "sha256", small.rendition.sha256)
    assert receipt.remote_name == f"box/{small.rendition.file_name}"
    [(method, _, headers)] = proxy.seen
    assert method == "PUT"
    assert headers["if-none-match"] == "*"
    assert headers["x-amz-checksum-sha256"]


@pytest.mark.parametrize(("limit", "most"), [(None, 32_768), (40_000, 10_000)])
@pytest.mark.parametrize("size", [1_000_000, LARGE])
def test_a_low_rate_limit_makes_small_blocks(
    weed: Any, job: Any, tmp_path: Path, limit: int | None, most: int, size: int
) -> None:
    """Four parts share it, and a server must not wait for any of them for longer than it likes."""
    sent = [0]
    backend = weed.backend(tmp_path, rate_limit=limit, part_size=PART)
    assert backend.deliver(evolve(job(size), progress=sent.append)).verified
    assert max(after - before for before, after in pairwise(sent)) <= most


def test_large_file_goes_in_parts_with_a_composite_checksum(weed: Any, job: Any, tmp_path: Path) -> None:
    large = job(LARGE)
    receipt = weed.backend(tmp_path, part_size=PART).deliver(large)
    data = large.rendition.path.read_bytes()
    parts = [hashlib.sha256(data[start : start + PART]).digest() for start in range(0, LARGE, PART)]
    assert receipt.verified
    assert receipt.algorithm == "sha256-composite"
    assert receipt.checksum == f"{hashlib.sha256(b''.join(parts)).hexdigest()}-{len(parts)}"
    assert weed.content(receipt.remote_name) == data


@pytest.mark.slow
def test_metadata_says_what_the_file_is(weed: Any, job: Any, tmp_path: Path) -> None:
    for each in (job(), job(LARGE, "large_metadata")):
        receipt = weed.backend(tmp_path).deliver(each)
        metadata = stored(weed, receipt.remote_name)["Metadata"]
        assert metadata["sha256"] == each.rendition.sha256
        assert metadata["idempotency-key"] == each.idempotency_key
        assert metadata["clip-id"] == each.clip.id
        assert metadata["device"] == "box"
        assert metadata["rate"] == "48000"


def test_tags_prefix_template_encryption_and_storage_class(weed: Any, front: Any, job: Any, tmp_path: Path) -> None:
    proxy = front()
    backend = weed.backend(
        tmp_path,
        proxy.port,
        prefix="wedding {1}/",
        key="{year}/{month}/{device}/{clip_id}-{kind}",
        tags={"project": "guest book", "a": "b&c"},
        storage_class="STANDARD_IA",
        encryption=Encryption.AES256,
    )
    small = job()
    receipt = backend.deliver(small)
    assert receipt.remote_name == f"wedding {{1}}/2027/01/box/{small.clip.id}-original"
    tags = weed.client().get_object_tagging(Bucket="clips", Key=receipt.remote_name)["TagSet"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"project": "guest book", "a": "b&c"}
    headers = proxy.seen[0][2]
    assert headers["x-amz-storage-class"] == "STANDARD_IA"
    assert headers["x-amz-server-side-encryption"] == "AES256"


def test_object_of_another_is_not_overwritten(server: Any, job: Any, tmp_path: Path) -> None:
    small, large = job(), job(LARGE, f"large_{tmp_path.name}_{server.port}")
    weed_only = [small] if server.process.args[0].endswith("weed") else []  # rclone ignores If-None-Match
    for each in [*weed_only, large]:
        key = f"box/{each.rendition.file_name}"
        server.client().put_object(Bucket="clips", Key=key, Body=b"somebody else's")
        with pytest.raises(Permanent, match="another object under the key"):
            server.backend(tmp_path).deliver(each)
        assert server.content(key) == b"somebody else's"


@pytest.mark.slow
def test_object_made_by_an_attempt_that_never_heard_of_it_is_accepted(server: Any, job: Any, tmp_path: Path) -> None:
    for each in (job(name=f"twice_{tmp_path.name}"), job(LARGE, f"twice_large_{tmp_path.name}")):
        first = server.backend(tmp_path, part_size=PART).deliver(each)
        before = stored(server, first.remote_name)["LastModified"]
        again = server.backend(tmp_path, part_size=6 * MIB).deliver(evolve(each, attempt=2))
        assert again.verified
        assert again.remote_name == first.remote_name
        if each.rendition.size == LARGE:
            assert stored(server, first.remote_name)["LastModified"] == before


def test_notes_are_left_per_part_and_name_the_parts(weed: Any, job: Any, tmp_path: Path) -> None:
    notes = Notes()
    weed.backend(tmp_path, part_size=PART, parallel_parts=1).deliver(evolve(job(LARGE), save_resume=notes))
    assert [sorted(note["parts"]) for note in notes] == [[], ["1"], ["1", "2"], ["1", "2", "3"]]
    assert len({note["upload_id"] for note in notes}) == 1


@pytest.mark.slow
def test_cancelled_upload_is_resumed_without_sending_parts_again(server: Any, job: Any, tmp_path: Path) -> None:
    notes, large = Notes(), job(LARGE, f"cancelled_{tmp_path.name}_{server.port}")
    cancelled = evolve(large, save_resume=notes, cancelled=lambda: len(notes) > 2)
    with pytest.raises(Cancelled):
        server.backend(tmp_path, part_size=PART, parallel_parts=1).deliver(cancelled)
    sent: list[int] = []
    again = evolve(large, attempt=2, resume=notes[-1], progress=sent.append)
    receipt = server.backend(tmp_path, part_size=8 * MIB).deliver(again)
    assert receipt.verified
    assert sent[:2] == [PART, 2 * PART]
    assert server.content(receipt.remote_name) == large.rendition.path.read_bytes()


@pytest.mark.slow
def test_vanished_upload_starts_anew(server: Any, job: Any, tmp_path: Path) -> None:
    notes, large = Notes(), job(LARGE, f"vanished_{tmp_path.name}_{server.port}")
    stopped = evolve(large, save_resume=notes, cancelled=lambda: len(notes) > 1)
    with pytest.raises(Cancelled):
        server.backend(tmp_path, part_size=PART).deliver(stopped)
    key = f"box/{large.rendition.file_name}"
    server.client().abort_multipart_upload(Bucket="clips", Key=key, UploadId=notes[-1]["upload_id"])
    receipt = server.backend(tmp_path).deliver(evolve(large, attempt=2, resume=notes[-1]))
    assert receipt.verified
    assert server.content(key) == large.rendition.path.read_bytes()


def test_part_that_the_server_has_otherwise_is_sent_again(weed: Any, job: Any, tmp_path: Path) -> None:
    notes, large = Notes(), job(LARGE)
    stopped = evolve(large, save_resume=notes, cancelled=lambda: len(notes) > 1)
    with pytest.raises(Cancelled):
        weed.backend(tmp_path, part_size=PART, parallel_parts=1).deliver(stopped)
    key = f"box/{large.rendition.file_name}"
    upload = {"Bucket": "clips", "Key": key, "UploadId": notes[-1]["upload_id"]}
    weed.client().upload_part(**upload, PartNumber=1, Body=bytes(PART))
    receipt = weed.backend(tmp_path).deliver(evolve(large, attempt=2, resume=notes[-1]))
    assert receipt.verified
    assert weed.content(key) == large.rendition.path.read_bytes()


def test_note_is_believed_where_parts_may_not_be_listed(weed: Any, front: Any, job: Any, tmp_path: Path) -> None:
    notes, large = Notes(), job(LARGE)
    stopped = evolve(large, save_resume=notes, cancelled=lambda: len(notes) > 2)
    with pytest.raises(Cancelled):
        weed.backend(tmp_path, part_size=PART, parallel_parts=1).deliver(stopped)
    listing_denied = front(refuse=lambda method, path, _: (403, "AccessDenied") if _lists_parts(method, path) else None)
    receipt = weed.backend(tmp_path, listing_denied.port).deliver(evolve(large, attempt=2, resume=notes[-1]))
    assert receipt.verified
    sent = [path for method, path, _ in listing_denied.seen if method == "PUT"]
    assert len(sent) == 1


def _lists_parts(method: str, path: str) -> bool:
    return method == "GET" and "uploadId" in path


@pytest.mark.slow
@pytest.mark.parametrize("size", [100_000, LARGE])
@pytest.mark.parametrize("unknown", ["if-none-match", "x-amz-checksum-"])
def test_server_that_refuses_a_header_gets_along_without(
    weed: Any, front: Any, job: Any, tmp_path: Path, unknown: str, size: int
) -> None:
    def refused(headers: dict[str, str]) -> bool:
        return any(name.startswith(unknown) for name in headers)

    strict = front(refuse=lambda _, __, headers: (501, "NotImplemented") if refused(headers) else None)
    each = job(size)
    receipt = weed.backend(tmp_path, strict.port, part_size=PART).deliver(each)
    assert receipt.verified
    assert weed.content(receipt.remote_name) == each.rendition.path.read_bytes()
    puts = [headers for method, _, headers in strict.seen if method == "PUT" and not refused(headers)]
    if unknown == "x-amz-checksum-":
        assert puts
        assert all("content-md5" in headers for headers in puts)


@pytest.mark.parametrize("size", [100_000, LARGE])
def test_server_without_sha256_proves_by_etag(weed: Any, front: Any, job: Any, tmp_path: Path, size: int) -> None:
    plain = front(edit=lambda _, __, headers: headers.pop("x-amz-checksum-sha256", None))
    each = job(size)
    backend = weed.backend(tmp_path, plain.port, part_size=PART)
    receipt = backend.deliver(each)
    assert receipt.verified
    if size < LARGE:
        assert receipt.algorithm == "md5"
        assert receipt.checksum == hashlib.md5(each.rendition.path.read_bytes()).hexdigest()
    assert backend.verify(each.rendition, receipt).verified


def test_opaque_etag_and_no_checksum_is_only_accepted(weed: Any, front: Any, job: Any, tmp_path: Path) -> None:
    def hide(_: str, __: str, headers: dict[str, str]) -> None:
        headers.pop("x-amz-checksum-sha256", None)
        headers["x-amz-server-side-encryption"] = "aws:kms"

    small = job()
    receipt = weed.backend(tmp_path, front(edit=hide).port).deliver(small)
    assert not receipt.verified
    assert weed.content(receipt.remote_name) == small.rendition.path.read_bytes()


def test_server_that_stores_other_bytes_is_caught(weed: Any, front: Any, job: Any, tmp_path: Path) -> None:
    def lie(_: str, __: str, headers: dict[str, str]) -> None:
        headers.pop("x-amz-checksum-sha256", None)
        headers["etag"] = '"' + "0" * 32 + '"'

    with pytest.raises(Permanent, match="stored other bytes"):
        weed.backend(tmp_path, front(edit=lie).port).deliver(job())


def test_echoed_checksum_is_no_proof(rclone_s3: Any, job: Any, tmp_path: Path) -> None:
    """`rclone serve s3` gives back the SHA-256 that came with an object, and never looks whether it is right."""
    large = job(LARGE)
    claimed = base64.b64encode(bytes.fromhex(large.rendition.sha256)).decode()
    key = f"box/{large.rendition.file_name}"
    rclone_s3.client().put_object(Bucket="clips", Key=key, Body=bytes(LARGE), ChecksumSHA256=claimed)
    assert stored(rclone_s3, key)["ChecksumSHA256"] == claimed
    with pytest.raises(Permanent, match="another object"):
        rclone_s3.backend(tmp_path).deliver(large)


def test_large_file_that_is_not_the_one_recorded_is_not_made(server: Any, job: Any, tmp_path: Path) -> None:
    large, notes = job(LARGE, f"not_recorded_{tmp_path.name}"), Notes()
    with large.rendition.path.open("r+b") as file:
        file.write(b"?")
    with pytest.raises(Permanent, match="changed on this box"):
        server.backend(tmp_path).deliver(evolve(large, save_resume=notes))
    assert notes[0]["upload_id"] not in server.uploads()
    assert notes[-1] is None
    assert not [key for key in server.listing() if large.clip.name in key]


def test_what_cannot_be_compared_is_accepted_only_with_our_mark(
    weed: Any, front: Any, job: Any, tmp_path: Path
) -> None:
    def encrypt(_: str, __: str, headers: dict[str, str]) -> None:
        headers.pop("x-amz-checksum-sha256", None)
        headers["x-amz-server-side-encryption"] = "aws:kms"

    proxy, small = front(edit=encrypt), job()
    key = f"box/{small.rendition.file_name}"
    weed.client().put_object(Bucket="clips", Key=key, Body=small.rendition.path.read_bytes())
    with pytest.raises(Permanent, match="another object"):
        weed.backend(tmp_path, proxy.port).deliver(small)
    ours = {"sha256": small.rendition.sha256}
    weed.client().put_object(Bucket="clips", Key=key, Body=small.rendition.path.read_bytes(), Metadata=ours)
    receipt = weed.backend(tmp_path, proxy.port).deliver(small)
    assert not receipt.verified


@pytest.mark.slow
def test_verify_finds_a_spoiled_or_missing_object(server: Any, job: Any, tmp_path: Path) -> None:
    for each in (job(name=f"v_{tmp_path.name}"), job(LARGE, f"vl_{tmp_path.name}")):
        backend = server.backend(tmp_path, part_size=PART)
        receipt = backend.deliver(each)
        assert backend.verify(each.rendition, receipt).verified
        server.spoil(receipt.remote_name)
        with pytest.raises(Permanent, match="other bytes"):
            backend.verify(each.rendition, receipt)
        server.client().delete_object(Bucket="clips", Key=receipt.remote_name)
        with pytest.raises(Permanent, match="no object"):
            backend.verify(each.rendition, receipt)


def test_cancel_does_not_wait_for_a_silent_server(weed: Any, front: Any, job: Any, tmp_path: Path) -> None:
    asked, release = threading.Event(), threading.Event()

    def silent(*_: Any) -> tuple[int, str]:
        asked.set()
        release.wait(30)
        return 503, "SlowDown"

    proxy = front(refuse=silent)
    backend = weed.backend(tmp_path, proxy.port)
    with pytest.raises(Cancelled):
        backend.deliver(evolve(job(), cancelled=asked.is_set))
    assert not release.is_set()
    release.set()


def test_probe_says_what_works(server: Any, tmp_path: Path) -> None:
    before = server.listing()
    assert "wrote, read and deleted" in server.backend(tmp_path).probe()
    assert server.listing() == before


def test_probe_of_a_box_that_may_not_delete(weed: Any, front: Any, tmp_path: Path) -> None:
    proxy = front(refuse=lambda method, *_: (403, "AccessDenied") if method == "DELETE" else None)
    assert "could not delete" in weed.backend(tmp_path, proxy.port).probe()


def test_fields_of_all_names_come_through_nginx_and_none_replaces_another(
    weed: Any, job: Any, behind_nginx: int, tmp_path: Path
) -> None:
    """It drops headers with an underscore unless it is told not to, and what was signed is not what arrives."""
    fields = {"room_name": "hall", "room-name": "attic", "Room_Name": "cellar", "room-name-2": "roof"}
    told = job()
    receipt = weed.backend(tmp_path, behind_nginx).deliver(evolve(told, clip=evolve(told.clip, fields=fields)))
    metadata = stored(weed, receipt.remote_name)["Metadata"]
    assert {name: text for name, text in metadata.items() if name.startswith("field-")} == {
        "field-room-name": "hall",
        "field-room-name-2": "attic",
        "field-room-name-3": "cellar",
        "field-room-name-2-2": "roof",
    }


def test_metadata_and_sidecar_are_read_back_and_the_sidecar_tells_what_is_known_last(
    weed: Any, job: Any, tmp_path: Path
) -> None:
    backend = weed.backend(tmp_path, sidecar=True)
    for each in (job(name=f"sidecar_{tmp_path.name}"), job(LARGE, f"sidecar_large_{tmp_path.name}")):
        told = evolve(each, clip=evolve(each.clip, fields={"room": "hall", "speaker": "Jörg % Söhne"}))
        receipt = backend.deliver(told)
        metadata = stored(weed, receipt.remote_name)["Metadata"]
        assert metadata["field-room"] == "hall"
        assert unquote(metadata["field-speaker"]) == "Jörg % Söhne"
        assert metadata["started"].startswith("2027-01-15T08:00:00") and metadata["channels"] == "1"
        beside = f"{receipt.remote_name.removesuffix('.wav')}.json"
        assert from_json(weed.content(beside), Clip) == told.clip
        assert weed.client().head_object(Bucket="clips", Key=beside)["ContentType"] == "application/json"
        again = backend.deliver(evolve(told, attempt=2, clip=evolve(told.clip, title="Anna")))
        assert again.remote_name == receipt.remote_name
        assert from_json(weed.content(beside), Clip).title == "Anna"
        assert weed.content(receipt.remote_name) == each.rendition.path.read_bytes()


def test_where_the_sound_is_refused_no_sidecar_is_left(weed: Any, front: Any, job: Any, tmp_path: Path) -> None:
    proxy = front(refuse=lambda method, path, *_: (403, "AccessDenied") if method == "PUT" and ".wav" in path else None)
    with pytest.raises(Permanent):
        weed.backend(tmp_path, proxy.port, sidecar=True).deliver(job(name=f"refused_{tmp_path.name}"))
    listed = weed.client().list_objects_v2(Bucket="clips")
    assert not [each["Key"] for each in listed.get("Contents", ()) if f"refused_{tmp_path.name}" in each["Key"]]


def test_without_it_there_is_no_sidecar(weed: Any, job: Any, tmp_path: Path) -> None:
    receipt = weed.backend(tmp_path).deliver(job(name=f"alone_{tmp_path.name}"))
    assert f"{receipt.remote_name.removesuffix('.wav')}.json" not in weed.listing()


def test_what_was_delivered_is_deleted(server: Any, job: Any, tmp_path: Path) -> None:
    sender = server.backend(tmp_path)
    gone, stays = (sender.deliver(job(name=f"box_{tmp_path.name}_{number}")) for number in range(2))
    sender.delete(gone)
    with pytest.raises(CopyMissing):
        sender.verify(job(name=f"box_{tmp_path.name}_0").rendition, gone)
    sender.verify(job(name=f"box_{tmp_path.name}_1").rendition, stays)
    sender.delete(gone)  # where it is gone all is well


def test_a_bucket_that_keeps_versions_says_so(weed: Any, job: Any, tmp_path: Path) -> None:
    client, bucket = weed.client(), f"versions-{uuid4().hex[:8]}"
    client.create_bucket(Bucket=bucket)
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    sender = weed.backend(tmp_path, bucket=bucket)
    receipt = sender.deliver(job())
    with pytest.raises(Permanent, match="keeps old versions"):
        sender.delete(receipt)


@pytest.mark.parametrize("key", ["{device}/{file_name}", "{device}/{clip_id}"])
def test_what_lies_beside_it_is_deleted_too(server: Any, job: Any, tmp_path: Path, key: str) -> None:
    sender = server.backend(tmp_path, sidecar=True, key=key)
    receipt = sender.deliver(job())
    beside = f"{receipt.remote_name.removesuffix('.wav')}.json"
    assert beside in server.listing()
    sender.delete(receipt)
    assert not {beside, receipt.remote_name} & set(server.listing())

"""What counts as a success, and what does in spite of its 200 not."""

import json
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest
from appliance_http import line
from appliance_upload_http.options import Proof, Success
from attrs import evolve

from appliance.plugin import Permanent, Receipt, Secret, Transient, UploadJob
from tests.plugins.http.conftest import SOUND, backend
from tests.plugins.receiver import Receiver, Reply

Start = Callable[..., Receiver]
HTML = {"Content-Type": "text/html; charset=utf-8"}
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, HTML, b"<html><title>Welcome to the hotel's network</title></html>"),
        Reply(200, HTML, b"<br />\n<b>Warning</b>: POST Content-Length exceeds the limit in <b>Unknown</b>"),
        Reply(200, {}, b"\n <!DOCTYPE html><html>"),
        Reply(200, {"Content-Type": "text/plain"}, b"<html>"),
        Reply(200, JSON, b'{"success": false, "reason": "disk full"}'),
        Reply(200, JSON, b'{"ok": false}'),
        Reply(200, JSON, b'{"error": "quota"}'),
        Reply(201, HTML, b'{"errors": ["quota"]}'),
        Reply(200, HTML, b"\xef\xbb\xbf<html>Log in</html>"),
        Reply(200, {"Content-Type": "text/plain"}, b"<br />\n<b>Warning</b>: POST Content-Length exceeds the limit"),
        Reply(200, HTML, b"\nWarning: POST Content-Length of 9000 bytes exceeds the limit of 8 bytes"),
        Reply(200, {}, b"ERROR: quota exceeded"),
        Reply(200, JSON, b'{"success": "false"}'),
        Reply(200, JSON, b'{"success": 0}'),
        Reply(200, JSON, b'{"status": "error", "message": "quota"}'),
        Reply(200, JSON, b'{"status": 413}'),
        Reply(207, {"Content-Type": "application/xml"}, b"<d:status>HTTP/1.1 507 Insufficient Storage</d:status>"),
    ],
    ids=range(17),
)
def test_an_answer_that_is_no_success(reply: Reply, receiver: Receiver, job: UploadJob) -> None:
    receiver.replies.append(reply)
    with pytest.raises(Permanent, match=r"web page|it failed"):
        backend(receiver.url()).deliver(job)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, HTML, b"OK"),
        Reply(200, HTML),
        Reply(204),
        Reply(200, {"Content-Type": "application/xml"}, b"<?xml version='1.0'?><stored/>"),
        Reply(200, JSON, b'{"success": true, "error": null, "errors": []}'),
        Reply(200, JSON, b'["error"]'),
        Reply(200, JSON, b'{"success": 1, "status": "stored", "state": 200, "result": "no errors"}'),
        Reply(207, {"Content-Type": "application/xml"}, b"<d:status>HTTP/1.1 201 Created</d:status>"),
        Reply(200, {"Content-Type": "text/plain"}, b"stored without errors"),
    ],
    ids=range(9),
)
def test_an_answer_that_may_be_one(reply: Reply, receiver: Receiver, job: UploadJob) -> None:
    receiver.replies.append(reply)
    backend(receiver.url()).deliver(job)


@pytest.mark.parametrize(
    ("success", "good", "bad"),
    [
        (Success(text="Thank you"), Reply(200, HTML, b"<html>Thank you!"), Reply(200, HTML, b"<html>Log in")),
        (Success(header="X-Stored"), Reply(200, {"X-Stored": "1"}), Reply(200)),
        (Success(header="X-Stored", text="yes"), Reply(200, {"X-Stored": "yes"}), Reply(200, {"X-Stored": "no"})),
        (Success(json_pointer="/a/b"), Reply(200, body=b'{"a": {"b": 7}}'), Reply(200, body=b'{"a": {"b": false}}')),
        (Success(json_pointer="/a"), Reply(200, body=b'{"a": true, "error": "none"}'), Reply(200, body=b"<html>")),
        (Success(json_pointer="/n", text="3"), Reply(200, body=b'{"n": 3}'), Reply(200, body=b'{"n": 4}')),
    ],
    ids=str,
)
def test_what_is_asked_for_decides_alone(
    success: Success, good: Reply, bad: Reply, receiver: Receiver, job: UploadJob
) -> None:
    receiver.replies += [good, bad]
    sender = backend(receiver.url(), success=success)
    sender.deliver(job)
    with pytest.raises(Permanent, match="which the option success asks for"):
        sender.deliver(job)


def test_a_checksum_is_worth_more_than_any_words(receiver: Receiver, job: UploadJob) -> None:
    receiver.replies.append(Reply(200, {**HTML, "X-Sum": job.rendition.sha256}, b"<html>"))
    assert backend(receiver.url(), proof=Proof(header="X-Sum")).deliver(job).verified


@pytest.mark.parametrize("size", [4, 1000, len(SOUND)])
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_who_answers_before_the_whole_file_does_not_have_it(
    method: str, size: int, receiver: Receiver, upload_job: Callable[..., UploadJob], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "_MOMENT", 10.0)  # the machine may be busy: it ends with the answer
    job = upload_job(SOUND[:size])
    receiver.always = Reply(200, body=b"ok", early=1)
    with pytest.raises(Transient, match=r"200 before it had the whole file|broke the connection|closed the connection"):
        backend(receiver.url("/{file_name}"), method=method).deliver(job)


def test_put_sends_the_file_as_it_is_to_a_place_of_its_own(
    receiver: Receiver, upload_job: Callable[..., UploadJob]
) -> None:
    first, second = upload_job(SOUND, "a b"), upload_job(SOUND[:10], "c")
    receiver.always = Reply(201)
    sent: list[int] = []
    sender = backend(receiver.url("/dav/{file_name}"), method="PUT")
    receipts = [sender.deliver(evolve(job, progress=sent.append)) for job in (first, second)]
    one, two = receiver.seen
    assert (one.method, one.path, one.body) == ("PUT", "/dav/a%20b.wav", SOUND)
    assert (two.method, two.path, two.body) == ("PUT", "/dav/c.wav", SOUND[:10])
    assert one.headers["content-type"] == "audio/wav"
    assert one.headers["repr-digest"].startswith("sha-256=:")
    assert one.headers["content-length"] == str(len(SOUND))
    assert receipts[0].remote_name == receiver.url("/dav/a%20b.wav")
    assert sent[-1] == 10


@pytest.mark.parametrize(
    ("place", "path"),
    [
        ("/dav", "/dav/clip.wav"),
        ("/dav/", "/dav/clip.wav"),
        ("/dav/?token=7", "/dav/clip.wav?token=7"),
        ("/{device}/", "/box/clip.wav"),
        ("/dav/{id}.wav", None),
    ],
)
def test_no_two_files_are_put_into_one_place(
    place: str, path: str | None, receiver: Receiver, upload_job: Callable[..., UploadJob]
) -> None:
    job = upload_job(SOUND[:10], "clip")
    receiver.always = Reply(201)
    backend(receiver.url(place), method="PUT").deliver(job)
    assert receiver.seen[0].path == (path or f"/dav/{job.rendition.clip_id}.wav")


def test_a_file_that_changed_never_arrives_whole(receiver: Receiver, job: UploadJob) -> None:
    job.rendition.path.write_bytes(SOUND[:-1] + b"!")
    with pytest.raises(Permanent, match="not what it was"):
        backend(receiver.url("/{file_name}"), method="PUT").deliver(job)
    assert receiver.seen == []


def test_a_form_is_taken_back_where_the_server_has_told_its_place(receiver: Receiver, job: UploadJob) -> None:
    receiver.replies = [Reply(201, {"Location": "/files/7"}), Reply(204), Reply(404)]
    sender = backend(receiver.url("/upload?key=7"), headers={"X-Key": Secret("k" * 12)})
    sender.delete(sender.deliver(job))
    asked = [(seen.method, seen.path, seen.headers.get("x-key")) for seen in receiver.seen[1:]]
    assert asked == [(method, "/files/7?key=7", "k" * 12) for method in ("DELETE", "HEAD")]


@pytest.mark.parametrize(
    ("replies", "error", "words"),
    [
        ([Reply(202), Reply(200)], Transient, "still has it"),
        ([Reply(403)], Permanent, "forbids to delete"),
        ([Reply(503)], Transient, "503"),
        ([Reply(302, {"Location": "/login"})], Permanent, "302"),
        ([Reply(200), Reply(405)], None, ""),
    ],
)
def test_what_keeps_a_clip_from_being_deleted_is_said(
    replies: list[Reply], error: type[Exception] | None, words: str, receiver: Receiver
) -> None:
    receiver.replies = list(replies)
    sender, receipt = backend(receiver.url("/dav/"), method="PUT"), Receipt(receiver.url("/dav/a.wav"), 1, False)
    with pytest.raises(error, match=words) if error else nullcontext():
        sender.delete(receipt)


@pytest.mark.parametrize(("name", "beside"), [("/{name}", 2), ("/{file_name}", 1)])
def test_what_lies_beside_it_is_deleted_where_all_that_is_asked_is_said_to_be_done(
    name: str, beside: int, receiver: Receiver, job: UploadJob
) -> None:
    named = evolve(job, rendition=evolve(job.rendition, called="27.11.wav"))
    sender = backend(receiver.url(f"/files{name}"), method="PUT", sidecar=True)
    receiver.always = Reply(204)
    receipt = sender.deliver(named)
    sound, sidecar = (seen.path for seen in receiver.seen)
    receiver.replies = [Reply(204), Reply(404), *[Reply(404)] * (beside - 1), Reply(200), Reply(204), Reply(404)]
    sender.delete(receipt)
    gone = [seen.path for seen in receiver.seen if seen.method == "DELETE"]
    assert gone == [sound, sidecar]


@pytest.mark.parametrize("name", ["clip.wav", "https://elsewhere.example.org/clip.wav", "/dav/***/clip.wav"])
def test_no_place_is_guessed(name: str, receiver: Receiver) -> None:
    name = receiver.url(name) if name.startswith("/") else name
    with pytest.raises(Permanent, match="by hand"):
        backend(receiver.url("/upload")).delete(Receipt(name, 1, False))
    assert receiver.seen == []


def test_the_probe_asks_the_folder_of_what_is_put(receiver: Receiver) -> None:
    backend(receiver.url("/dav/{device}/{file_name}?x={id}"), method="PUT").probe()
    assert (receiver.seen[0].method, receiver.seen[0].path) == ("OPTIONS", "/dav/")


@pytest.mark.slow
def test_a_server_that_thinks_long_is_given_more_time(receiver: Receiver, job: UploadJob) -> None:
    receiver.replies += [Reply(silent=True), Reply(silent=True)]
    sender = backend(receiver.url(), read=0.3)
    with pytest.raises(Transient, match=r"took the whole file.*within 0.3 s.*Idempotency-Key.*waits 0.6 s"):
        sender.deliver(job)
    with pytest.raises(Transient, match=r"within 0.6 s.*waits 1.2 s"):
        sender.deliver(job)
    sender.deliver(job)


@pytest.mark.slow
def test_what_was_learned_of_a_server_that_thinks_long_outlasts_a_restart(receiver: Receiver, job: UploadJob) -> None:
    notes: list[dict[str, object] | None] = []
    receiver.replies += [Reply(silent=True), Reply(silent=True)]
    with pytest.raises(Transient, match=r"set a longer timeouts\.read") as caught:
        backend(receiver.url(), read=0.5).deliver(evolve(job, save_resume=notes.append))
    assert caught.value.tell
    with pytest.raises(Transient, match=r"within 1 s"):
        backend(receiver.url(), read=0.5).deliver(evolve(job, resume=notes[-1]))
    backend(receiver.url()).deliver(evolve(job, resume={"patience": float("nan")}))


def test_provisional_answers_without_end_are_given_up(receiver: Receiver, job: UploadJob) -> None:
    receiver.always = Reply(garbage=b"HTTP/1.1 100 Continue\r\n\r\n" * 2000)
    with pytest.raises(Transient):
        backend(receiver.url()).deliver(job)


def test_the_sidecar_comes_after_the_sound_which_does_not_go_twice_for_it(
    receiver: Receiver, upload_job: Callable[..., UploadJob]
) -> None:
    notes: list[Any] = []
    job = evolve(upload_job(SOUND, "clip"), save_resume=lambda note: notes.append(json.loads(json.dumps(note))))
    sender = backend(receiver.url("/{file_name}?x=1"), method="PUT", sidecar=True)
    receiver.replies = [Reply(201), Reply(403)]
    with pytest.raises(Permanent, match="forbids the upload"):
        sender.deliver(job)
    assert [each.path for each in receiver.seen] == ["/clip.wav?x=1", "/clip.json?x=1"]
    receiver.always = Reply(201)
    again = evolve(job, attempt=2, resume=notes[-1])
    receipt = sender.deliver(again)
    assert [each.path for each in receiver.seen][2:] == ["/clip.json?x=1"]
    assert (receipt.remote_name, receipt.size) == (receiver.url("/clip.wav"), len(SOUND))
    assert receiver.seen[2].headers["content-type"] == "application/json"
    elsewhere = backend(receiver.url("/{file_name}?x=2"), method="PUT", sidecar=True)
    foreign = evolve(again, resume={"taken": notes[-1]["taken"], "receipt": {"of": "another release"}})
    for each, wanted in ((elsewhere, again), (sender, foreign), (sender, None)):  # what is meant now is something else
        receiver.seen.clear()
        each.deliver(wanted or evolve(upload_job(SOUND[:-2], "clip"), resume=notes[-1]))
        assert receiver.seen[0].path.startswith("/clip.wav?")


def test_a_server_that_keeps_an_older_sidecar_is_no_trouble(
    receiver: Receiver, upload_job: Callable[..., UploadJob]
) -> None:
    receiver.replies = [Reply(201), Reply(409)]
    backend(receiver.url("/{file_name}"), method="PUT", sidecar=True).deliver(upload_job(SOUND, "clip"))


def test_a_sound_that_is_refused_leaves_no_sidecar(receiver: Receiver, job: UploadJob) -> None:
    receiver.always = Reply(403)
    with pytest.raises(Permanent):
        backend(receiver.url("/"), method="PUT", sidecar=True).deliver(job)
    assert len(receiver.seen) == 1


def test_a_form_has_a_field_for_what_is_known(receiver: Receiver) -> None:
    with pytest.raises(ValueError, match=r"a form is one request.*\{metadata\}"):
        backend(receiver.url("/"), sidecar=True)

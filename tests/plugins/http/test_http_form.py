"""The form on the wire, and what a receiver makes of it."""

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from appliance_http.body import FormBody
from appliance_upload_http.options import Algorithm, Auth, Digest, Proof
from appliance_upload_http.templates import WORDS, check_template, fill
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.circumstances import Place, Text
from appliance.plugin import Permanent, Secret, Transient, UploadJob
from appliance.testing.backends import make_upload_job
from tests.plugins.http.conftest import SOUND, backend
from tests.plugins.receiver import Receiver, Reply, parse_form

texts = st.text(st.characters(codec="utf-8"), max_size=30)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(content=st.binary(max_size=3000), name=texts, field=texts, fields=st.dictionaries(texts, texts, max_size=3))
def test_any_form_is_read_back_and_as_long_as_announced(
    content: bytes, name: str, field: str, fields: dict[str, str], tmp_path: Path
) -> None:
    job = make_upload_job(tmp_path, content, "clip")
    body = FormBody(
        job.rendition,
        field,
        name,
        fields=fields,
        part_headers={"X-Test": "1"},
        hash_md5=True,
        progress=lambda _: None,
        check=lambda: None,
    )
    for _ in range(2):
        wire = b"".join(bytes(block) for block in body)
        assert len(wire) == body.len
        assert body.complete
        assert body.md5 == hashlib.md5(content).hexdigest()
        *others, file = parse_form(body.headers["Content-Type"], wire)
        assert {part.name: part.content.decode() for part in others} == {_quoted(k): v for k, v in fields.items()}
        assert (file.name, file.file_name, file.content) == (_quoted(field), _quoted(name), content)
        assert file.headers["X-Test"] == "1"


def _quoted(text: str) -> str:
    return text.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")


def test_what_arrives_by_default(receiver: Receiver, job: UploadJob) -> None:
    receipt = backend(receiver.url()).deliver(job)
    (seen,) = receiver.seen
    (part,) = seen.parts
    assert (seen.method, seen.path) == ("POST", "/upload")
    assert seen.headers["content-length"] == str(len(seen.body))
    assert "transfer-encoding" not in seen.headers
    assert "referer" not in seen.headers
    assert seen.headers["idempotency-key"] == job.idempotency_key
    assert (part.name, part.file_name, part.content) == ("file", job.rendition.file_name, SOUND)
    assert part.headers["Content-Type"] == "audio/wav"
    digest = base64.b64encode(hashlib.sha256(SOUND).digest()).decode()
    assert part.headers["Repr-Digest"] == f"sha-256=:{digest}:"
    assert (receipt.remote_name, receipt.verified, receipt.checksum) == (job.rendition.file_name, False, "")
    assert receipt.detail.startswith("201 Created\n{")


def test_what_can_be_chosen(receiver: Receiver, job: UploadJob) -> None:
    sender = backend(
        receiver.url(),
        method="PATCH",
        field="audio",
        file_name="{device}/{id}.wav",
        fields={"box": "{device}", "literally": "{{{size}}}", "when": "{started}"},
        headers={"X-Tenant": Secret("seven")},
        digest=Digest.CONTENT_MD5,
    )
    receipt = sender.deliver(job)
    (seen,) = receiver.seen
    *fields, file = seen.parts
    assert seen.method == "PATCH"
    assert seen.headers["x-tenant"] == "seven"
    assert {part.name: part.content.decode() for part in fields} == {
        "box": "box",
        "literally": f"{{{len(SOUND)}}}",
        "when": "2027-01-15T09:00:00+01:00",
    }
    assert job.clip and (file.name, file.file_name) == ("audio", f"box/{job.clip.id}.wav")
    assert base64.b64decode(file.headers["Content-MD5"]) == hashlib.md5(SOUND).digest()
    assert "Repr-Digest" not in file.headers
    assert receipt.remote_name == f"box/{job.clip.id}.wav"


def test_no_digest(receiver: Receiver, job: UploadJob) -> None:
    backend(receiver.url(), digest=Digest.NONE).deliver(job)
    assert set(receiver.seen[0].file.headers) == {"Content-Disposition", "Content-Type"}


def test_progress_counts_the_bytes_of_the_file(receiver: Receiver, job: UploadJob) -> None:
    sent: list[int] = []
    backend(receiver.url()).deliver(evolve(job, progress=sent.append))
    assert sent == sorted(sent)
    assert sent[-1] == len(SOUND)
    assert len(sent) > 2


def test_where_the_server_put_it(receiver: Receiver, job: UploadJob) -> None:
    receiver.replies.append(Reply(201, {"Location": "/clips/17"}, b"thank you"))
    receipt = backend(receiver.url()).deliver(job)
    assert receipt.remote_name == receiver.url("/clips/17")
    assert receipt.detail == f"201 Created, Location: {receiver.url('/clips/17')}\nthank you"


def test_the_answer_is_kept_only_so_far(receiver: Receiver, job: UploadJob) -> None:
    receiver.replies.append(Reply(200, body=b"\xff\x00x" * 2_000_000))
    assert len(backend(receiver.url()).deliver(job).detail) == 2000


@pytest.mark.parametrize(("status", "accepted"), [(200, True), (202, True), (204, True), (299, True)])
def test_any_2xx_means_that_it_arrived(status: int, accepted: bool, receiver: Receiver, job: UploadJob) -> None:
    receiver.replies.append(Reply(status))
    assert not backend(receiver.url()).deliver(job).verified


def test_expected_statuses(receiver: Receiver, job: UploadJob) -> None:
    receiver.replies += [Reply(200), Reply(409)]
    sender = backend(receiver.url(), expect=(201, 409))
    with pytest.raises(Permanent, match="200 OK, which is not in the option expect"):
        sender.deliver(job)
    sender.deliver(job)
    sender.deliver(job)


SHA256 = hashlib.sha256(SOUND)
MD5 = hashlib.md5(SOUND)


@pytest.mark.parametrize(
    ("proof", "reply"),
    [
        (Proof(header="X-Hash"), Reply(200, {"X-Hash": SHA256.hexdigest().upper()})),
        (Proof(header="x-hash"), Reply(200, {"X-Hash": base64.b64encode(SHA256.digest()).decode()})),
        (
            Proof(header="Repr-Digest"),
            Reply(200, {"Repr-Digest": f"md5=:AAAA:, sha-256=:{base64.b64encode(SHA256.digest()).decode()}:"}),
        ),
        (Proof(header="ETag", algorithm=Algorithm.MD5), Reply(200, {"ETag": f'"{MD5.hexdigest()}"'})),
        (Proof(json_pointer="/a~1b/1/c"), Reply(200, body=b'{"a/b": [0, {"c": "%s"}]}' % SHA256.hexdigest().encode())),
        (Proof(json_pointer=""), Reply(200, body=b'"%s"' % SHA256.hexdigest().encode())),
    ],
    ids=str,
)
def test_proof(proof: Proof, reply: Reply, receiver: Receiver, job: UploadJob) -> None:
    receiver.replies.append(reply)
    sender = backend(receiver.url(), proof=proof)
    receipt = sender.deliver(job)
    assert sender.proves
    assert receipt.verified
    expected = SHA256 if proof.algorithm is Algorithm.SHA256 else MD5
    assert (receipt.algorithm, receipt.checksum) == (proof.algorithm.value, expected.hexdigest())


@pytest.mark.parametrize("proof", [Proof(header="X-Content-SHA256"), Proof(json_pointer="/file/sha256")], ids=str)
def test_a_server_that_stores_other_bytes_is_caught(
    proof: Proof, start_receiver: Callable[..., Receiver], job: UploadJob
) -> None:
    receiver = start_receiver(spoil=True)
    with pytest.raises(Permanent, match="stored other bytes"):
        backend(receiver.url(), proof=proof).deliver(job)


@pytest.mark.parametrize(
    "body", [b"", b"no JSON", b"[]", b"{}", b'{"file": 7}', b'{"file": {"sha256": null}}', b"[" * 100_000], ids=range(7)
)
def test_an_answer_without_proof(body: bytes, receiver: Receiver, job: UploadJob) -> None:
    receiver.replies.append(Reply(200, body=body))
    with pytest.raises(Permanent, match="tells no checksum"):
        backend(receiver.url(), proof=Proof(json_pointer="/file/sha256")).deliver(job)


def test_verify_says_that_it_cannot(receiver: Receiver, job: UploadJob) -> None:
    sender = backend(receiver.url())
    with pytest.raises(Permanent, match="look for"):
        sender.verify(job.rendition, sender.deliver(job))


def test_probe_takes_no_login_page_for_the_server(receiver: Receiver) -> None:
    page = {"Content-Type": "text/html"}
    receiver.replies += [Reply(200, page, b"<html>Welcome"), Reply(200, {**page, "Allow": "POST"}, b"<html>API")]
    with pytest.raises(Transient, match="has this network a login page"):
        backend(receiver.url()).probe()
    assert "allows POST" in backend(receiver.url()).probe()


def test_probe_makes_no_clip(receiver: Receiver) -> None:
    line = backend(receiver.url(), auth=Auth(bearer=Secret("token"))).probe()
    assert line.startswith("127.0.0.1 answers (204 No Content, allows OPTIONS, POST)")
    assert receiver.files == {}
    assert receiver.seen[0].headers["authorization"] == "Bearer token"


@pytest.mark.parametrize(
    ("status", "error"),
    [(405, None), (501, None), (422, None), (401, Permanent), (404, Permanent), (302, Permanent), (503, Transient)],
)
def test_what_probe_makes_of_answers(status: int, error: type[Exception] | None, receiver: Receiver) -> None:
    receiver.replies.append(Reply(status))
    if error is None:
        assert str(status) in backend(receiver.url()).probe()
    else:
        with pytest.raises(error, match=str(status)):
            backend(receiver.url()).probe()


@given(text=st.text(max_size=40))
def test_a_template_is_refused_or_can_be_filled_in(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    job = make_upload_job(tmp_path_factory.getbasetemp(), b"x", "clip")
    try:
        check_template(text)
    except ValueError as error:
        assert "\n" not in str(error) or "\n" in text
    else:
        fill(text, job)


def test_every_word_has_a_value(job: UploadJob) -> None:
    assert job.clip
    job = evolve(
        job, clip=evolve(job.clip, title="Anna", note="aged 90", place=Place("here"), texts=(Text("words", "Hello"),))
    )
    for word in WORDS:
        check_template(f"{{{word}}}")
        assert fill(f"{{{word}}}", job)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{devise}", "did you mean {device}?"),
        ("{xyzzy}", "known words: name, "),
        ("{device.name}", "not known"),
        ("{size:>10}", "not known"),
        ("{0}", "not known"),
        ("{", "braces themselves"),
    ],
)
def test_a_template_that_cannot_work(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words.replace("{", r"\{").replace("}", r"\}").replace("?", r"\?")):
        check_template(text)

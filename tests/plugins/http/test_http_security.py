"""Certificates, credentials, redirects and proxies: what goes to whom."""

import base64
import itertools
import re
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from appliance_http.errors import translate
from appliance_http.options import Tls
from appliance_upload_http.options import Auth, Success

from appliance.plugin import AbsolutePath, Permanent, Secret, Transient, UploadJob
from tests.plugins.certificates import Authority
from tests.plugins.http.conftest import SOUND, backend
from tests.plugins.receiver import Receiver, Reply

Start = Callable[..., Receiver]


@pytest.fixture
def trusting(authority: Authority) -> Tls:
    return Tls(ca=AbsolutePath(authority.path))


def test_a_good_certificate(start_receiver: Start, authority: Authority, trusting: Tls, job: UploadJob) -> None:
    receiver = start_receiver(tls=authority.issue("good").server())
    backend(receiver.url(), tls=trusting).deliver(job)
    assert receiver.files == {job.rendition.file_name: SOUND}


def test_an_own_authority_is_trusted_that_python_3_13_would_refuse(
    start_receiver: Start, tmp_path: Path, job: UploadJob
) -> None:
    plain = Authority(tmp_path / "plain", plain=True)
    receiver = start_receiver(tls=plain.issue("plain").server())
    backend(receiver.url(), tls=Tls(ca=AbsolutePath(plain.path))).deliver(job)
    assert receiver.files == {job.rendition.file_name: SOUND}


def test_an_authority_of_the_system_that_is_bad_by_the_letter_only_is_told_with_a_way_out(tmp_path: Path) -> None:
    plain = Authority(tmp_path / "plain", plain=True)
    by_the_letter = ssl.create_default_context(cafile=plain.path)
    by_the_letter.verify_flags |= ssl.VERIFY_X509_STRICT
    said = translate(requests.exceptions.SSLError(refused(by_the_letter, plain.issue("plain").server())), "there")
    assert isinstance(said, Permanent) and re.search(r"there is bad: Missing .* Identifier\..*tls\.ca", str(said))


def refused(client: ssl.SSLContext, server: ssl.SSLContext) -> ssl.SSLError:
    """Why this client refuses that server."""
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (client.wrap_bio(down, up, server_hostname="127.0.0.1"), server.wrap_bio(up, down, server_side=True))
    for end in itertools.cycle(ends):
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            continue
        except ssl.SSLError as error:
            return error
    raise AssertionError


@pytest.mark.parametrize(
    ("certificate", "error", "words"),
    [
        ({"name": "expired", "from_day": -30, "to_day": -1}, Permanent, "has expired.*clock"),
        ({"name": "future", "from_day": 1, "to_day": 30}, Permanent, "not valid yet.*clock"),
        ({"name": "self-signed", "self_signed": True}, Permanent, "signed by itself"),
        ({"name": "other", "host": "example.org"}, Permanent, "another name"),
    ],
    ids=lambda value: value.get("name", "") if isinstance(value, dict) else "",
)
def test_a_bad_certificate(
    certificate: dict[str, Any],
    error: type[Exception],
    words: str,
    start_receiver: Start,
    authority: Authority,
    trusting: Tls,
    job: UploadJob,
) -> None:
    receiver = start_receiver(tls=authority.issue(**certificate).server())
    with pytest.raises(error, match=words):
        backend(receiver.url(), tls=trusting).deliver(job)
    assert receiver.attempts == 0


@pytest.mark.parametrize(("from_day", "to_day"), [(-30, -1), (1, 30)], ids=["expired", "future"])
def test_no_certificate_has_a_wrong_date_for_a_clock_that_was_never_set(
    from_day: int, to_day: int, start_receiver: Start, authority: Authority, trusting: Tls, job: UploadJob
) -> None:
    receiver = start_receiver(tls=authority.issue("dated", from_day=from_day, to_day=to_day).server())
    with pytest.raises(Transient, match="never set"):
        backend(receiver.url(), tls=trusting, clock_trusted=lambda: False).deliver(job)


def test_an_authority_that_is_not_known(start_receiver: Start, authority: Authority, job: UploadJob) -> None:
    receiver = start_receiver(tls=authority.issue("unknown").server())
    with pytest.raises(Permanent, match=r"set tls\.ca"):
        backend(receiver.url()).deliver(job)


def test_a_server_that_wants_to_know_who_is_there(
    start_receiver: Start, authority: Authority, tmp_path: Path, job: UploadJob
) -> None:
    context = authority.issue("strict").server()
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(authority.path)
    receiver = start_receiver(tls=context)
    own = authority.issue("box", host="box.local")
    strangers = Authority(tmp_path / "strangers", "Another Authority").issue("stranger")
    ca = AbsolutePath(authority.path)
    with pytest.raises(Permanent, match=r"does not accept this box's certificate"):
        backend(receiver.url(), tls=Tls(ca)).deliver(job)
    with pytest.raises(Permanent, match=r"does not accept this box's certificate"):
        backend(receiver.url(), tls=Tls(ca, AbsolutePath(strangers.path))).deliver(job)
    with pytest.raises(Permanent, match="belong together"):
        backend(receiver.url(), tls=Tls(ca, AbsolutePath(own.path), AbsolutePath(strangers.path))).deliver(job)
    with pytest.raises(Permanent, match="belong together"):
        backend(receiver.url(), tls=Tls(ca, ca)).deliver(job)
    with pytest.raises(Permanent, match="cannot be read by the service"):
        backend(receiver.url(), tls=Tls(ca, AbsolutePath(tmp_path / "nowhere.pem"))).deliver(job)
    backend(receiver.url(), tls=Tls(ca, AbsolutePath(own.path))).deliver(job)
    assert receiver.files == {job.rendition.file_name: SOUND}


@pytest.mark.parametrize(("status", "error"), [(413, Permanent), (200, Transient)])
def test_an_encrypted_answer_before_the_body_is_heard(
    status: int,
    error: type[Exception],
    start_receiver: Start,
    authority: Authority,
    trusting: Tls,
    upload_job: Callable[..., UploadJob],
) -> None:
    receiver = start_receiver(tls=authority.issue("early").server(), replies=[Reply(status, early=20_000_000)])
    with pytest.raises(error, match=f"{status}"):
        backend(receiver.url(), tls=trusting).deliver(upload_job(bytes(40_000_000)))


def test_certificates_of_the_environment_that_are_not_there(
    start_receiver: Start, authority: Authority, job: UploadJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver = start_receiver(tls=authority.issue("plain").server())
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere.pem")
    with pytest.raises(Permanent, match="the environment names"):
        backend(receiver.url()).deliver(job)


def test_https_where_only_http_is_spoken(receiver: Receiver, job: UploadJob) -> None:
    with pytest.raises(Transient, match="speaks no TLS there: is the port right"):
        backend(receiver.url().replace("http:", "https:")).deliver(job)


def test_credentials(receiver: Receiver, job: UploadJob) -> None:
    bearer = Auth(bearer=Secret("token-1"))
    basic = Auth(user="Aladdin", password=Secret("open sesame"))
    backend(receiver.url(), auth=bearer, headers={"X-Api-Key": Secret("key-2")}).deliver(job)
    backend(receiver.url(), auth=basic).deliver(job)
    first, second = receiver.seen
    assert first.headers["authorization"] == "Bearer token-1"
    assert first.headers["x-api-key"] == "key-2"
    assert second.headers["authorization"] == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="  # the example of RFC 7617


def test_401_and_then_other_credentials(receiver: Receiver, job: UploadJob) -> None:
    receiver.replies.append(Reply(401, {"WWW-Authenticate": "Bearer"}))
    with pytest.raises(Permanent, match="auth") as caught:
        backend(receiver.url(), auth=Auth(bearer=Secret("old-token"))).deliver(job)
    assert "old-token" not in str(caught.value)
    backend(receiver.url(), auth=Auth(bearer=Secret("new-token"))).deliver(job)
    assert receiver.files == {job.rendition.file_name: SOUND}


def test_a_netrc_file_does_not_displace_credentials(
    receiver: Receiver, job: UploadJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login nobody password nothing\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    backend(receiver.url(), auth=Auth(bearer=Secret("token"))).deliver(job)
    assert receiver.seen[0].headers["authorization"] == "Bearer token"


@pytest.mark.parametrize("status", [307, 308])
def test_redirects_that_keep_the_form_are_followed(status: int, receiver: Receiver, job: UploadJob) -> None:
    receiver.replies.append(Reply(status, {"Location": "/there"}))
    backend(receiver.url("/here"), auth=Auth(bearer=Secret("token"))).deliver(job)
    here, there = receiver.seen
    assert (here.path, there.path) == ("/here", "/there")
    assert there.headers["authorization"] == "Bearer token"
    assert there.headers["idempotency-key"] == here.headers["idempotency-key"] == job.idempotency_key
    assert there.file.content == SOUND


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(301, {"Location": "/there"}), "301.*loses its file.*/there$"),
        (Reply(302, {"Location": "/there"}, early=20_000_000), "302.*loses its file.*/there$"),
        (Reply(303, {"Location": "/there"}, early=20_000_000), "303.*loses its file.*/there$"),
        (Reply(302), "302.*loses its file"),
        (Reply(303, {"Location": ""}), "303.*loses its file"),
        (Reply(301, {"Location": "http://[::1/there"}), "301.*loses its file"),
    ],
)
def test_redirects_that_lose_the_form_are_errors(reply: Reply, words: str, receiver: Receiver, job: UploadJob) -> None:
    receiver.replies.append(reply)
    with pytest.raises(Permanent, match=words):
        backend(receiver.url()).deliver(job)
    assert receiver.attempts == 1


@pytest.mark.parametrize("status", [302, 303])
def test_a_form_may_lead_to_its_answer(status: int, start_receiver: Start, job: UploadJob) -> None:
    here, there = start_receiver(), start_receiver(always=Reply(200, body=b"thanks"))
    here.replies += [Reply(status, {"Location": "/thanks"}), Reply(200, body=b"thanks")]
    sender = backend(here.url(), auth=Auth(bearer=Secret("token")))
    assert sender.deliver(job).detail == "200 OK\nthanks"
    form, thanks = here.seen
    assert (form.file.content, thanks.method, thanks.path, thanks.body) == (SOUND, "GET", "/thanks", b"")
    assert thanks.headers["authorization"] == "Bearer token"

    here.replies.append(Reply(status, {"Location": there.url("/thanks")}))
    sender.deliver(job)
    assert "authorization" not in there.seen[0].headers


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Reply(404), "404"),
        (Reply(200, {"Content-Type": "text/html"}, b"<html>Log in"), "web page"),
    ],
)
def test_a_form_that_leads_to_no_success_is_an_error(
    answer: Reply, words: str, receiver: Receiver, job: UploadJob
) -> None:
    receiver.replies += [Reply(302, {"Location": "/login"}), answer]
    with pytest.raises(Permanent, match=words):
        backend(receiver.url()).deliver(job)


def test_a_redirect_that_is_expected_is_a_success_by_itself(receiver: Receiver, job: UploadJob) -> None:
    page = {"Location": "/thanks", "Content-Type": "text/html"}
    receiver.replies.append(Reply(302, page, b"<html>Redirecting</html>"))
    backend(receiver.url(), expect=(302,)).deliver(job)
    assert receiver.attempts == 1
    receiver.replies += [Reply(302, page), Reply(200, {"Content-Type": "text/html"}, b"<html>Thank you</html>")]
    backend(receiver.url(), expect=(302,), success=Success(text="Thank you")).deliver(job)


def test_secrets_do_not_follow_a_redirect_to_another_host(start_receiver: Start, job: UploadJob) -> None:
    here, there = start_receiver(), start_receiver()
    here.replies.append(Reply(307, {"Location": there.url("/there")}))
    sender = backend(here.url(), auth=Auth(bearer=Secret("token")), headers={"X-Api-Key": Secret("key")})
    sender.deliver(job)
    assert here.seen[0].headers["x-api-key"] == "key"
    assert not {"authorization", "x-api-key"} & set(there.seen[0].headers)
    assert there.files == {job.rendition.file_name: SOUND}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("location", "words"),
    [
        (
            "http://example.org/upload",
            r"org/upload, which is not encrypted: that may be the login page",
        ),
        ("ftp://example.org/upload", "not a valid URL"),
        ("http://user:secret@127.0.0.1/", "password"),
        ("/upload", "circle"),
    ],
)
def test_redirect_traps(location: str, words: str, receiver: Receiver, job: UploadJob) -> None:
    receiver.always = Reply(307, {"Location": location})
    with pytest.raises(Permanent, match=words):
        backend(receiver.url()).deliver(job)


def test_a_redirect_never_leaves_encryption(
    start_receiver: Start, receiver: Receiver, authority: Authority, trusting: Tls, job: UploadJob
) -> None:
    encrypted = start_receiver(tls=authority.issue("redirecting").server())
    encrypted.replies.append(Reply(307, {"Location": receiver.url()}))
    with pytest.raises(Permanent, match="not encrypted"):
        backend(encrypted.url(), tls=trusting, allow_http=True).deliver(job)
    assert receiver.attempts == 0


def test_the_proxy_of_the_environment(receiver: Receiver, job: UploadJob, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://user:word@127.0.0.1:{receiver.port}")
    backend("http://recorder.invalid/upload", allow_http=True).deliver(job)
    (seen,) = receiver.seen
    assert seen.path == "http://recorder.invalid/upload"
    assert base64.b64decode(seen.headers["proxy-authorization"].removeprefix("Basic ")) == b"user:word"
    assert receiver.files == {job.rendition.file_name: SOUND}


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (407, Permanent, "wants credentials. Put them into HTTPS_PROXY"),
        (403, Permanent, "forbids that address"),
        (502, Transient, "through the proxy"),
    ],
)
def test_a_proxy_that_opens_no_tunnel(
    status: int,
    error: type[Exception],
    words: str,
    receiver: Receiver,
    job: UploadJob,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    receiver.always = Reply(status)
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{receiver.port}")
    with pytest.raises(error, match=words):
        backend("https://recorder.invalid/upload").deliver(job)


def test_a_proxy_that_is_not_there(job: UploadJob, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    with pytest.raises(Transient, match="proxy"):
        backend("https://recorder.invalid/upload").deliver(job)

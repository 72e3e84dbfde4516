"""The destination `mail`, against a mail server."""

import base64
from pathlib import Path
from typing import Any

import attrs
import pytest
from appliance_http.options import Tls
from appliance_mail.options import Security
from appliance_upload_mail.backend import MailBackend
from appliance_upload_mail.letter import encoded_size
from appliance_upload_mail.options import MailOptions

from appliance.circumstances import Text
from appliance.codec import from_json
from appliance.config.options import AbsolutePath, ByteCount, Secret
from appliance.plugin import BackendContext, CannotVerify, Clip, Permanent, Transient
from appliance.testing.backends import check_upload_backend, make_upload_job
from tests.plugins.certificates import Authority
from tests.plugins.mailserver import Serve

ANNA, BEN = "anna@home.example", "ben@home.example"


def backend(port: int, *, trusted: bool = True, **more: Any) -> MailBackend:
    given: dict[str, Any] = {"security": Security.NONE, "to": (ANNA, BEN), **more}
    options = MailOptions(host="127.0.0.1", port=port, sender="box@home.example", **given)
    return MailBackend(options, BackendContext("family", "box", Path("/nowhere"), lambda: trusted))


@pytest.mark.slow
def test_conformance(serve: Serve, tmp_path: Path) -> None:
    letters = serve(data_size_limit=None)
    check_upload_backend(
        lambda: backend(letters.port),
        letters.sound,
        directory=tmp_path,
        listing=lambda: list(letters.got),
        large=300_000,
    )


def test_a_letter_tells_people_what_is_in_it(serve: Serve, tmp_path: Path) -> None:
    letters = serve()
    job = make_upload_job(tmp_path, b"RIFF" * 100, "Grüße")
    assert job.clip
    clip = attrs.evolve(job.clip, title="For you", note=".hidden\n.dots", texts=(Text("whisper", "Hello Anna"),))
    receipt = backend(letters.port).deliver(attrs.evolve(job, clip=clip))
    letter = letters.got[receipt.remote_name]
    assert (letter["From"], letter["To"], letter["Subject"]) == (
        "box@home.example",
        f"{ANNA}, {BEN}",
        "box: For you",
    )
    assert letter["Date"]
    body = letter.get_body()
    assert body
    words = body.get_content().splitlines()
    assert words[0] == "Recorded by box, 2027-01-15 09:00, 4.17 ms long."
    assert words[2:] == [".hidden", ".dots", "", "Hello Anna"]
    [attached] = letter.iter_attachments()
    assert (attached.get_filename(), attached.get_content_type()) == ("Grüße.wav", "audio/wav")
    assert not receipt.verified and receipt.detail == "250 2.0.0 queued as 4711"
    assert letters.envelopes[0].rcpt_tos == [ANNA, BEN]


def test_what_is_known_of_the_clip_is_attached_where_that_is_wanted(serve: Serve, tmp_path: Path) -> None:
    letters = serve()
    job = make_upload_job(tmp_path, b"RIFF" * 100, "Grüße")
    receipt = backend(letters.port, sidecar=True).deliver(job)
    beside, sound = letters.got[receipt.remote_name].iter_attachments()
    assert (beside.get_filename(), beside.get_content_type()) == ("Grüße.json", "application/json")
    assert from_json(bytes(beside.get_payload(decode=True)), Clip) == job.clip
    assert sound.get_payload(decode=True) == b"RIFF" * 100


def test_a_clock_that_was_never_set_dates_no_letter(serve: Serve, tmp_path: Path) -> None:
    letters = serve()
    receipt = backend(letters.port, trusted=False).deliver(make_upload_job(tmp_path, b"x", "a"))
    assert letters.got[receipt.remote_name]["Date"] is None


def test_what_is_too_large_waits_for_a_person(serve: Serve, tmp_path: Path) -> None:
    """By its own limit, and by that of the server, before a word of it is sent."""
    small, any_size = serve(data_size_limit=20_000), serve(data_size_limit=None)
    job = make_upload_job(tmp_path, bytes(30_000), "long")
    for refusing, words in (
        (
            backend(any_size.port, max_size=ByteCount(10_000)),
            r"0\.0 MB is too large \(the option max_size allows 0\.01",
        ),
        (backend(small.port), r"too large \(the mail server takes 0\.02 MB\)\. Set deliver_as: opus"),
    ):
        with pytest.raises(Permanent, match=words):
            refusing.deliver(job)
    any_size.refuses = "552 5.3.4 message exceeds fixed limit"
    with pytest.raises(Permanent, match=r"too large \(5\.3\.4 message exceeds fixed limit\)"):
        backend(any_size.port).deliver(job)
    assert small.got == any_size.got == {}


def test_nobody_gets_what_one_of_them_cannot(serve: Serve, tmp_path: Path) -> None:
    letters = serve()
    with pytest.raises(Permanent, match=r"does not take mail for nobody@home\.example: 5\.1\.1 no such person\. Check"):
        backend(letters.port, to=(ANNA, "nobody@home.example")).deliver(make_upload_job(tmp_path, b"x", "a"))
    letters.refuses = "452 4.3.1 the disk is full"
    with pytest.raises(Transient, match=r"452 4\.3\.1 the disk is full"):
        backend(letters.port).deliver(make_upload_job(tmp_path, b"x", "a"))
    assert letters.got == {}


def test_it_is_encrypted_and_says_who_sends(serve: Serve, tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    context = authority.issue("127.0.0.1").server()
    known: dict[str, Any] = {
        "user": "box",
        "password": Secret("hushhush"),
        "tls": Tls(ca=AbsolutePath(authority.path)),
    }
    job = make_upload_job(tmp_path, b"x" * 1000, "a")
    one = serve(tls_context=context, require_starttls=True, auth_required=True)
    other = serve(ssl_context=context, auth_require_tls=False, auth_required=True)
    for letters, security in ((one, Security.STARTTLS), (other, Security.TLS)):
        receipt = backend(letters.port, security=security, **known).deliver(job)
        assert letters.sound(receipt.remote_name) == b"x" * 1000
    with pytest.raises(Permanent, match="does not let us in: check user and password"):
        backend(one.port, security=Security.STARTTLS, **known | {"password": Secret("wrong-one")}).deliver(job)


def test_the_doctor_is_told_what_the_server_takes(serve: Serve) -> None:
    letters = serve(data_size_limit=25_000_000)
    assert backend(letters.port).probe().startswith("127.0.0.1 takes mail for 2 addresses, up to 25 MB; ")
    with pytest.raises(Permanent, match="does not take mail for nobody@"):
        backend(letters.port, to=("nobody@home.example",)).probe()
    assert letters.got == {}


def test_a_receipt_cannot_be_looked_up(serve: Serve, tmp_path: Path) -> None:
    job = make_upload_job(tmp_path, b"x", "a")
    letters = serve()
    sending = backend(letters.port)
    with pytest.raises(CannotVerify, match=r"look for it where letters arrive"):
        sending.verify(job.rendition, sending.deliver(job))


def test_a_password_goes_nowhere_in_the_clear() -> None:
    def options(host: str, **given: Any) -> MailOptions:
        return MailOptions(host=host, security=Security.NONE, sender=ANNA, to=(BEN,), **given)

    assert options("localhost") and options("smtp.example.org", allow_plain=True)
    with pytest.raises(ValueError, match="would get everything without encryption, the password too"):
        options("smtp.example.org")


@pytest.mark.parametrize("size", [0, 1, 2, 3, 56, 57, 58, 114, 1000])
def test_the_size_that_is_announced_is_that_of_the_letter(size: int) -> None:
    assert encoded_size(size) == len(base64.encodebytes(bytes(size)).replace(b"\n", b"\r\n"))

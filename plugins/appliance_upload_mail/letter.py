"""The letter that a clip goes with (RFC 5322, 2045): what stands around the sound, which is encoded on its way."""

import re
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate

from attrs import frozen

from appliance.plugin import BackendContext, Clip, UploadJob, began, duration
from appliance_upload_mail.options import MailOptions

_LINE = 57
"""Bytes in a line of base64 of 76 characters (RFC 2045, 6.8)."""

BLOCK = _LINE * 1024
"""Bytes that are encoded at once: whole lines."""


@frozen
class Letter:
    """`head` and `tail` as they go over the line, the sound between them; `size` is that of the whole in bytes."""

    id: str
    head: bytes
    tail: bytes
    size: int


def letter(job: UploadJob, options: MailOptions, context: BackendContext, now: float | None) -> Letter:
    """The letter for one delivery, the same at every attempt but for its date, which is `now` in seconds since 1970."""
    rendition, clip = job.rendition, job.clip
    message = EmailMessage(policy=SMTP)
    message["From"] = options.sender
    message["To"] = ", ".join(options.to)
    message["Subject"] = f"{context.device}: {clip.title or clip.name if clip else rendition.file_name}"
    message["Message-ID"] = f"<{_plain(job.idempotency_key)}@{options.sender.rpartition('@')[2]}>"
    if now is not None:
        message["Date"] = formatdate(now)
    message.set_content(_words(job, context), cte="quoted-printable")
    if options.sidecar and job.sidecar:
        message.add_attachment(job.sidecar, maintype="application", subtype="json", filename=job.sidecar_name)
    main, _, sub = rendition.recipe.media_type.partition("/")
    message.add_attachment(b"", maintype=main, subtype=sub, filename=rendition.file_name)
    whole = message.as_bytes()
    end = whole.rindex(b"\r\n--" + str(message.get_boundary()).encode() + b"--")
    head, tail = _stuffed(whole[:end].rstrip(b"\r\n") + b"\r\n\r\n"), whole[end + 2 :]
    return Letter(str(message["Message-ID"]), head, tail, len(head) + encoded_size(rendition.size) + len(tail))


def encoded_size(size: int) -> int:
    """How long `size` bytes are in lines of base64."""
    return -(-size // 3) * 4 + -(-size // _LINE) * 2


def _words(job: UploadJob, context: BackendContext) -> str:
    clip = job.clip
    when = f"{began(job.rendition, clip):%Y-%m-%d %H:%M}"
    if clip is None:
        return f"A file of {context.device}, {when}.\n"
    return "\n\n".join([f"Recorded by {clip.device}, {when}, {duration(clip.seconds)} long.", *_said(clip)]) + "\n"


def _said(clip: Clip) -> list[str]:
    return [text for text in (clip.note, *(each.text for each in clip.texts)) if text]


def _plain(key: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "-", key)


def _stuffed(lines: bytes) -> bytes:
    """With the dots that SMTP wants doubled (RFC 5321, 4.5.2)."""
    return re.sub(rb"(?m)^\.", b"..", lines)

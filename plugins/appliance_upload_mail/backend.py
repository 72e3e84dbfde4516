"""Delivers clips by e-mail (RFC 5321): the sound is read, encoded and sent block by block."""

import base64
import hashlib
import smtplib
import time
from collections.abc import Iterator

from appliance_http.watch import Watch
from appliance_mail.smtp import connected, said

from appliance.plugin import (
    BackendContext,
    CannotVerify,
    Permanent,
    Receipt,
    Rendition,
    Transient,
    UploadJob,
    counted,
)
from appliance_upload_mail.letter import BLOCK, Letter, letter
from appliance_upload_mail.options import MailOptions

_SILENCE = 60.0
"""Seconds that the server may be silent, or take nothing."""

_THINKS = 600.0
"""Seconds that it may think about a letter that it has whole (RFC 5321, 4.5.3.2.6)."""

_TOTAL = 86_400.0
_LONGEST_NUMBER = 20


class MailBackend:
    """Hands letters to one mail server. That is all it can say: whether they are read shows elsewhere."""

    proves = False

    def __init__(self, options: MailOptions, context: BackendContext) -> None:
        self._options = options
        self._context = context

    def deliver(self, job: UploadJob) -> Receipt:
        job.check_cancelled()
        trusted = self._context.clock_trusted
        content = letter(job, self._options, self._context, time.time() if trusted() else None)
        self._check_size(content.size, self._options.max_size, "max_size")
        with (
            Watch(job.check_cancelled, _TOTAL) as watch,
            connected(self._options, watch, trusted, _SILENCE) as server,
        ):
            self._announce(server, content.size)
            answer = self._hand_over(server, content, job)
        return Receipt(content.id, job.rendition.size, False, received_at=time.time_ns(), detail=answer)

    def verify(self, rendition: Rendition, receipt: Receipt) -> Receipt:
        raise CannotVerify(
            f"a mail server cannot be asked what became of {rendition.file_name}: look for it where letters arrive"
        )

    def probe(self) -> str:
        """Go as far as a letter goes before its first word, and take it back."""
        options = self._options
        with Watch(lambda: None, _TOTAL) as watch, connected(options, watch, self._context.clock_trusted) as server:
            self._announce(server, 0)
            server.rset()
            most = _most(server)
        limit = f", up to {most / 1e6:g} MB" if most else ""
        readers = counted(len(options.to), "address", "addresses")
        return f"{options.host} takes mail for {readers}{limit}; whether it arrives shows only with one"

    def close(self) -> None:
        pass

    def _announce(self, server: smtplib.SMTP, size: int) -> None:
        """Say from whom and for whom, unless the letter is too large. Nobody gets what somebody of them would not."""
        options = self._options
        server.ehlo_or_helo_if_needed()
        if most := _most(server):
            self._check_size(size, most, "")
        code, answer = server.mail(options.sender, [f"SIZE={size}"] if server.has_extn("size") else [])
        if code == 552:
            raise Permanent(self._too_large(size, said(answer)))
        if code != 250:
            raise smtplib.SMTPSenderRefused(code, answer, options.sender)
        answers = {address: server.rcpt(address) for address in options.to}
        if refused := {address: found for address, found in answers.items() if found[0] not in (250, 251)}:
            server.rset()
            raise smtplib.SMTPRecipientsRefused(refused)

    def _hand_over(self, server: smtplib.SMTP, content: Letter, job: UploadJob) -> str:
        """The words of the server that took the letter. Where the file is not the one recorded the letter never ends,
        so that nobody gets it.
        """
        code, answer = server.docmd("DATA")
        if code != 354:
            raise smtplib.SMTPDataError(code, answer)
        server.send(content.head)
        for block in self._blocks(job):
            server.send(block)
        if server.sock is not None:
            server.sock.settimeout(_THINKS)
        server.send(content.tail + b".\r\n")
        code, answer = server.getreply()
        if code == 552:
            raise Permanent(self._too_large(content.size, said(answer)))
        if code != 250:
            raise smtplib.SMTPDataError(code, answer)
        return f"{code} {said(answer)}"

    def _blocks(self, job: UploadJob) -> Iterator[bytes]:
        """The sound in lines of base64. Raises Permanent where it is another than was recorded."""
        rendition, sha256, sent = job.rendition, hashlib.sha256(), 0
        step = max(57, self._context.block(BLOCK) // 57 * 57)
        try:
            with rendition.path.open("rb") as file:
                while sent < rendition.size and (block := file.read(min(step, rendition.size - sent))):
                    sha256.update(block)
                    sent += len(block)
                    yield _lines(block)
                    job.check_cancelled()
                    job.progress(sent)
                more = file.read(1)
        except OSError as error:
            raise Transient(f"{rendition.file_name} cannot be read: {error.strerror}") from error
        if sent != rendition.size or more or sha256.hexdigest() != rendition.sha256:
            raise Permanent(f"{rendition.file_name} changed while it was sent: look at the card of this box")

    def _check_size(self, size: int, most: int, option: str) -> None:
        if size > most:
            whose = f"the option {option} allows" if option else "the mail server takes"
            raise Permanent(self._too_large(size, f"{whose} {most / 1e6:g} MB"))

    def _too_large(self, size: int, why: str) -> str:
        return (
            f"{self._options.host}: a letter of {size / 1e6:.1f} MB is too large ({why}). Set deliver_as: opus, and a "
            "shorter audio.max_duration or another destination for long recordings"
        )


def _most(server: smtplib.SMTP) -> int:
    """How many bytes a letter may have (RFC 1870); 0 where the server does not tell, or knows no limit."""
    text = server.esmtp_features.get("size", "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < _LONGEST_NUMBER else 0


def _lines(block: bytes) -> bytes:
    return base64.encodebytes(block).replace(b"\n", b"\r\n")

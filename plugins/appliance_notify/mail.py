"""Word by e-mail (RFC 5321, 5322), encrypted by TLS from the start or by STARTTLS."""

import logging
import smtplib
import socket
import ssl
from email.message import EmailMessage
from email.utils import formatdate
from typing import Any

from appliance_http.errors import translate
from appliance_http.watch import Watch

from appliance.plugin import Cancelled, House, Permanent, Transient
from appliance_notify.notes import Message
from appliance_notify.options import EmailOptions, Security

_PORTS = {Security.TLS: 465, Security.STARTTLS: 587, Security.NONE: 25}
_SILENCE = 30.0
"""Seconds that the server may be silent."""

_TOTAL = 600.0
"""Seconds that one message may take."""


log = logging.getLogger(__name__)


class Mail:
    """Hands messages to one mail server."""

    sounds = True

    def __init__(self, options: EmailOptions, house: House) -> None:
        self._options = options
        self._house = house
        self._port = options.port or _PORTS[options.security]

    def send(self, message: Message) -> None:
        with Watch(self._check_stopping, _TOTAL) as watch:
            try:
                self._hand_over(self._letter(message), watch)
            except (smtplib.SMTPException, OSError) as error:
                watch.check()
                raise self._translated(error) from error

    def _letter(self, message: Message) -> EmailMessage:
        options, letter = self._options, EmailMessage()
        letter["From"] = options.sender
        letter["To"] = ", ".join(options.to)
        letter["Subject"] = message.title
        letter["Message-ID"] = f"<{message.id}.{self._house.device}@{options.sender.rpartition('@')[2]}>"
        if self._house.clock_trusted():
            letter["Date"] = formatdate(self._house.now().wall_ns / 1e9)
        if message.urgent:
            letter["Importance"] = "high"
        letter.set_content(message.body)
        if message.sound:
            main, sub = message.sound.media_type.split("/")
            letter.add_attachment(message.sound.data, maintype=main, subtype=sub, filename=message.sound.name)
        return letter

    def _hand_over(self, letter: EmailMessage, watch: Watch) -> None:
        options = self._options
        context = self._context() if options.security is Security.TLS else None
        with _connected(options.host, self._port, context, watch) as server:
            if options.security is Security.STARTTLS:
                server.starttls(context=self._context())
            if options.user:
                server.login(options.user, options.password.reveal() if options.password else "")
            refused = server.send_message(letter)
        if refused:
            names = ", ".join(refused)
            log.warning("%s does not take mail for %s: check `to`. Others have got it", options.host, names)

    def _context(self) -> ssl.SSLContext:
        """Whom to trust, and who we are. Raises Permanent where the files cannot be used."""
        tls = self._options.tls
        try:
            context = ssl.create_default_context(cafile=tls.ca)
            if tls.certificate is not None:
                context.load_cert_chain(tls.certificate, tls.key, password="")
        except OSError as error:
            raise Permanent(f"the files in the section tls cannot be used: {error}") from error
        return context

    def _translated(self, error: smtplib.SMTPException | OSError) -> Permanent | Transient:
        """What an error of smtplib, ssl or the socket means."""
        host = self._options.host
        match error:
            case smtplib.SMTPAuthenticationError():
                return Permanent(f"{host} does not let us in: check user and password ({_said(error.smtp_error)})")
            case smtplib.SMTPRecipientsRefused():
                codes = [code for code, _ in error.recipients.values()]
                words = "; ".join(f"{who}: {_said(said)}" for who, (_, said) in error.recipients.items())
                kind = Permanent if all(code >= 500 for code in codes) else Transient
                return kind(f"{host} does not take mail for {words}. Check `to`")
            case smtplib.SMTPResponseException():
                kind = Permanent if error.smtp_code >= 500 else Transient
                return kind(f"{host} answers {error.smtp_code} {_said(error.smtp_error)}")
            case smtplib.SMTPNotSupportedError():
                return Permanent(f"{host} cannot do what is wanted: {error}. Check `security`, and `user`")
            case smtplib.SMTPServerDisconnected():
                return Transient(f"{host} broke the connection")
            case smtplib.SMTPException():
                return Transient(f"{host} failed: {error}")
            case socket.gaierror():
                return Transient(f"{host} is not found: is the network up, and the name right?")
            case TimeoutError():
                return Transient(f"{host} does not answer: is the network up, and the port right?")
        return translate(error, host, clock_trusted=self._house.clock_trusted())

    def _check_stopping(self) -> None:
        if self._house.stopping:
            raise Cancelled("the box stops")


def _connected(host: str, port: int, context: ssl.SSLContext | None, watch: Watch) -> smtplib.SMTP:
    """A connection that `watch` can end; encrypted from the start where there is a `context`."""

    class Plain(smtplib.SMTP):
        def _get_socket(self, *arguments: Any) -> Any:
            made = super()._get_socket(*arguments)  # type: ignore[misc]
            watch.attach(made)
            return made

    class Secure(smtplib.SMTP_SSL):
        def _get_socket(self, *arguments: Any) -> Any:
            made = super()._get_socket(*arguments)  # type: ignore[misc]
            watch.attach(made)
            return made

    if context is not None:
        return Secure(host, port, timeout=_SILENCE, context=context)
    return Plain(host, port, timeout=_SILENCE)


def _said(words: object) -> str:
    return words.decode(errors="replace") if isinstance(words, bytes) else str(words)

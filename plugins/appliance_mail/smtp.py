"""Hands letters to a mail server (RFC 5321), encrypted by TLS from the start or by STARTTLS."""

import contextlib
import smtplib
import ssl
from collections.abc import Callable, Iterator
from typing import Any

from appliance_http.watch import Watch

from appliance.plugin import Permanent, Transient
from appliance_mail.connection import broken_line, tls_context
from appliance_mail.options import Security, SmtpOptions

_PORTS = {Security.TLS: 465, Security.STARTTLS: 587, Security.NONE: 25}
_SILENCE = 30.0
"""Seconds that the server may be silent."""

_MOST_SAID = 200


@contextlib.contextmanager
def connected(
    options: SmtpOptions, watch: Watch, clock_trusted: Callable[[], bool], silence: float = _SILENCE
) -> Iterator[smtplib.SMTP]:
    """The server, ready to take a letter. `watch` can end the connection. Raises Permanent or Transient, also for what
    goes wrong inside the block, and what `watch` raises where that is why.
    """
    try:
        context = tls_context(options.tls) if options.security is Security.TLS else None
        server = _connection(options.host, options.port or _PORTS[options.security], context, watch, silence)
        try:
            if options.security is Security.STARTTLS:
                server.starttls(context=tls_context(options.tls))
            if options.user:
                _enter(server, options)
            yield server
            with contextlib.suppress(smtplib.SMTPException, OSError):  # what it took it has
                server.quit()
        finally:
            server.close()
    except (smtplib.SMTPException, OSError) as error:
        watch.check()
        raise _translated(error, options.host, clock_trusted) from error


def _enter(server: smtplib.SMTP, options: SmtpOptions) -> None:
    try:
        server.login(options.user, options.password.reveal() if options.password else "")
    except ValueError as error:  # smtplib leaves it at that where a challenge is no base64
        raise smtplib.SMTPException(f"what it says while we log in makes no sense ({error})") from error


def _translated(
    error: smtplib.SMTPException | OSError, host: str, clock_trusted: Callable[[], bool]
) -> Permanent | Transient:
    """What an error of smtplib, ssl or the socket means."""
    match error:
        case smtplib.SMTPAuthenticationError():
            return Permanent(f"{host} does not let us in: check user and password ({said(error.smtp_error)})")
        case smtplib.SMTPRecipientsRefused():
            codes = [code for code, _ in error.recipients.values()]
            words = "; ".join(f"{who}: {said(answer)}" for who, (_, answer) in error.recipients.items())
            kind = Permanent if all(code >= 500 for code in codes) else Transient
            return kind(f"{host} does not take mail for {words}. Check `to`")
        case smtplib.SMTPResponseException():
            kind = Permanent if error.smtp_code >= 500 else Transient
            return kind(f"{host} answers {error.smtp_code} {said(error.smtp_error)}")
        case smtplib.SMTPNotSupportedError():
            return Permanent(f"{host} cannot do what is wanted: {error}. Check `security`, and `user`")
        case smtplib.SMTPServerDisconnected():
            return Transient(f"{host} broke the connection")
        case smtplib.SMTPException():
            return Transient(f"{host} failed: {error}")
    return broken_line(error, host, clock_trusted)


def _connection(host: str, port: int, context: ssl.SSLContext | None, watch: Watch, silence: float) -> smtplib.SMTP:
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
        return Secure(host, port, timeout=silence, context=context)
    return Plain(host, port, timeout=silence)


def said(words: object) -> str:
    """What the server answered, as text of one line."""
    text = words.decode(errors="replace") if isinstance(words, bytes) else str(words)
    line = " ".join(text.split())
    return line if len(line) <= _MOST_SAID else f"{line[: _MOST_SAID - 3]}..."

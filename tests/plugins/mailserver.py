"""Mail servers on 127.0.0.1 that take letters."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from attrs import define, field


@define(eq=False)
class Letters:
    """Takes letters for anybody but `nobody@...`, from those who know the password. `got` by their Message-ID."""

    got: dict[str, EmailMessage] = field(factory=dict)
    envelopes: list[Envelope] = field(factory=list)
    refuses: str = ""
    port: int = 0

    async def handle_RCPT(self, _: SMTP, __: Session, envelope: Envelope, address: str, ___: object) -> str:
        if address.startswith("nobody@"):
            return "550 5.1.1 no such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:
        if self.refuses:
            return self.refuses
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=policy.default)
        self.envelopes.append(envelope)
        self.got[str(message["Message-ID"])] = message
        return "250 2.0.0 queued as 4711"

    def authenticate(self, _: object, __: object, ___: object, ____: object, login: Any) -> AuthResult:
        return AuthResult(success=(login.login, login.password) == (b"box", b"hushhush"), handled=False)

    def sound(self, letter: str) -> bytes:
        [attached] = self.got[letter].iter_attachments()
        content: bytes = attached.get_content()
        return content


class _Server(Controller):
    """On a port that the system chooses."""

    def _create_server(self) -> Any:
        bound = socket.create_server(("127.0.0.1", 0))
        self.port = bound.getsockname()[1]
        return self.loop.create_server(self._factory_invoker, sock=bound, ssl=self.ssl_context)


Serve = Callable[..., Letters]
"""Takes the options of aiosmtpd."""


@contextmanager
def mail_servers() -> Iterator[Serve]:
    """What starts a server, and tells what it got; all end with the block."""
    with ExitStack() as stack:

        def start(**options: Any) -> Letters:
            letters = Letters()
            controller = _Server(letters, hostname="127.0.0.1", port=0, authenticator=letters.authenticate, **options)
            controller.start()
            stack.callback(controller.stop)
            letters.port = controller.port
            return letters

        yield start

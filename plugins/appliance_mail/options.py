"""Configuration shared by everything that speaks with a mail server."""

from enum import StrEnum
from typing import Any

from appliance_http.options import Tls
from attrs import frozen
from attrs.validators import and_, deep_iterable, ge, le, matches_re, min_len, optional

from appliance.plugin import Secret, is_loopback, option

ADDRESS = r"[^@\s,;<>\"]{1,64}@[^@\s,;<>\"]{1,255}"
"""An address of e-mail, as far as it can be told by its look."""

HOST = matches_re(r"[0-9A-Za-z:.-]{1,253}")
PORT = optional(and_(ge(1), le(65535)))


class Security(StrEnum):
    """How a connection to a mail server is encrypted."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


def check_security(options: Any, _: Any, security: Security) -> None:
    """Raise ValueError where a password would go in the clear to another machine, and nobody said that it may."""
    if security is Security.NONE and not is_loopback(options.host) and not options.allow_plain:
        raise ValueError(
            f"{options.host} would get everything without encryption, the password too. Use tls or starttls, or add "
            "the line `allow_plain: true`"
        )


@frozen(kw_only=True)
class SmtpOptions:
    """The mail server that takes letters, and who gets them."""

    host: str = option(help="The mail server (SMTP).", check=HOST, example="smtp.example.org")
    port: int | None = option(None, "Its port. Default: 465 for `tls`, 587 for `starttls`, 25 for `none`.", check=PORT)
    allow_plain: bool = option(False, "Send without encryption to hosts other than this one.")
    security: Security = option(Security.TLS, "How the connection is encrypted.", check=check_security)
    tls: Tls = option(Tls, "Certificates.")
    user: str = option("", "User, where the server wants one. Mostly the whole address.")
    password: Secret | None = option(None, "Password of that user.", example="!secret mail_password")
    sender: str = option(help="The address it comes from.", check=matches_re(ADDRESS), example="box@example.org")
    to: tuple[str, ...] = option(
        help="Who gets it.",
        check=and_(min_len(1), deep_iterable(matches_re(ADDRESS))),
        example="[anna@example.org]",
    )

"""The options of the feed backend `mail`."""

from appliance_http.options import Tls
from appliance_mail.options import ADDRESS, HOST, PORT, Security, check_security
from attrs import frozen
from attrs.validators import and_, deep_iterable, ge, gt, le, matches_re, min_len

from appliance.plugin import ByteCount, Secret, option


@frozen(kw_only=True)
class MailboxOptions:
    """A mailbox (IMAP): the sound that certain people send there is brought. Nothing in it is changed."""

    host: str = option(help="The mail server (IMAP).", check=HOST, example="imap.example.org")
    port: int | None = option(None, "Its port. Default: 993 for `tls`, 143 for `starttls` and `none`.", check=PORT)
    allow_plain: bool = option(False, "Read without encryption from hosts other than this one.")
    security: Security = option(Security.TLS, "How the connection is encrypted.", check=check_security)
    tls: Tls = option(Tls, "Certificates.")
    user: str = option(help="User. Mostly the whole address.", check=min_len(1), example="box@example.org")
    password: Secret = option(help="Password of that user.", example="!secret mail_password")
    senders: tuple[str, ...] = option(
        help="Who may send: addresses, or `@example.org` for everybody there. Letters of others are passed over.",
        check=and_(min_len(1), deep_iterable(matches_re(rf"{ADDRESS}|@[^@\s,;<>\"]{{1,255}}"))),
        example="[anna@example.org]",
    )
    authenticated_by: str = option(
        "",
        "The name by which the mail server says whether a sender is real, as it stands at the beginning of "
        "`Authentication-Results` in a letter: where it says nothing of the kind, the letter is passed over. Default: "
        "what a letter says of its sender is believed, and anybody can write that.",
        check=matches_re(r"[0-9A-Za-z._-]{0,253}"),
        example="mx.example.org",
    )
    folder: str = option("INBOX", "The folder of the mailbox.", check=matches_re(r"[^\r\n]{1,500}"))
    newest: int = option(
        10, "Of the letters that are there at the first time, so many are looked at.", check=and_(ge(0), le(1000))
    )
    max_size: ByteCount = option(ByteCount(100_000_000), "Larger attachments are refused.", check=gt(0))

"""What rclone says when it fails, turned into Transient or Permanent. The one place where that happens."""

import re

from attrs import frozen

from appliance.plugin import Permanent, Transient

_CLOCK = re.compile(r"RequestTimeTooSkewed|certificate has expired or is not yet valid", re.I)
"""Go's TLS does not say which of the two the certificate is."""

_STATUS = r"(?:error|status ?code:?) "
"""What comes before the number of a status."""

_PATIENCE = re.compile(rf"rate ?limit|too many requests|too_many|{_STATUS}429\b|slow ?down|user ?rate", re.I)
_ADDRESS = re.compile(r"\w+://[^\s\"]*")
"""The address that a message is about: its words are those of a person, who may well have a room 401."""

_SECRET = re.compile(r"((?:pass|secret|token|key)\w*=)('[^']*'|\\?\"[^\"]*\"|[^,:\s\"]+)", re.I)
"""A secret in a connection string, which rclone repeats in its messages."""

MUST_ACT = (
    (
        r"didn't find section in config file",
        "is not configured. Run `sudo -H -u appliance rclone config`, or correct `remote` or `config`",
    ),
    (r"decrypt configuration", "cannot be opened: the configuration is encrypted. Set RCLONE_CONFIG_PASS"),
    (
        r"decrypt password|find backend called",
        "is not written as rclone wants it. Correct `remote`; passwords in it go through `rclone obscure` first",
    ),
    (r"unknown (shorthand )?(flag|command)|invalid argument .* for", "got a flag that rclone lacks. Correct `flags`"),
    (
        r"invalid_grant|token.*(expired|revoked)|empty token|fetch token|config reconnect",
        "must be signed in again: `sudo -H -u appliance rclone config reconnect`",
    ),
    (r"quota.*exceeded|storage ?quota|insufficient.?storage|no space left", "is full. Make room there"),
    (r"x509|certificate", "has a certificate that is not trusted. Use `flags: [--ca-cert=FILE]`"),
    (r"proxy authentication required", "is behind a proxy that wants credentials. Put them into HTTPS_PROXY"),
    (r"immutable file modified", "has another file of that name. Move it away"),
    (
        rf"{_STATUS}40[13]\b|unauthori[sz]ed|forbidden|access ?denied|permission denied|unable to authenticate"
        r"|InvalidAccessKeyId|SignatureDoesNotMatch|login incorrect",
        "refuses access. Check its credentials and rights",
    ),
    (r"NoSuchBucket|bucket.*not exist", "has no such bucket. Create it, or correct `remote`"),
    (
        rf"{_STATUS}413\b|\b413 (?:Request|Content)|EntityTooLarge",
        "does not take a file of that size. Raise its limit, or set deliver_as: flac or opus",
    ),
    (
        rf"^(?!.*(?:RequestTimeout|IncompleteBody|BadDigest)).*"
        rf"(?:{_STATUS}(?:400|404|410|415|422)\b|\b(?:400 Bad|404 Not|410 Gone|415 Uns|422 Unp))",
        "refuses the file, or takes none there. Correct `remote`, and look at its server",
    ),
)
PERMANENT_CODES = {
    3: "has no such folder. Correct `remote`",
    4: "has no such file. Correct `remote`",
    6: "refuses the file",
    7: "cannot be used",
}


def secrets_in(text: str) -> list[str]:
    """The secrets that a connection string or a flag holds."""
    return [match[2].strip("'\"") for match in _SECRET.finditer(text)]


@frozen
class Failure:
    """How a run of rclone ended badly: its exit code (negative: the signal that killed it) and its last words."""

    code: int
    words: str

    @property
    def not_found(self) -> bool:
        """Whether all that is wrong is that something is not there."""
        return self.code in (3, 4)


def translate(failure: Failure, name: str, *, clock_trusted: bool) -> Transient | Permanent:
    """What the outbox has to know. `name` is what the message calls the remote.

    Words first: the codes (rclone docs, "Exit code") say little, and 1 and 2 changed places in release 1.69.
    """
    words = _SECRET.sub(r"\1***", failure.words)
    said = f" ({words})" if words else f" (exit code {failure.code})"
    if failure.code < 0:
        return Transient(f"{name}: rclone was killed by signal {-failure.code}")
    matter = _ADDRESS.sub("", failure.words)
    if _CLOCK.search(matter):
        if not clock_trusted:
            return Transient(f"{name}: this box was never told the time{said}. Goes on once it is")
        return Permanent(
            f"{name}: the clock of this box is wrong, or a certificate expired. Look at `timedatectl`{said}"
        )
    if _PATIENCE.search(matter):
        return Transient(f"{name} asks to slow down{said}")
    for pattern, advice in MUST_ACT:
        if re.search(pattern, matter, re.I):
            return Permanent(f"{name} {advice}{said}")
    if failure.code in PERMANENT_CODES:
        return Permanent(f"{name} {PERMANENT_CODES[failure.code]}{said}")
    return Transient(f"{name} cannot be reached or failed{said}")

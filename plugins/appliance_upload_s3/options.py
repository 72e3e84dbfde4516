"""The options of an s3 destination."""

import re
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from attrs import frozen
from attrs.validators import and_, deep_mapping, ge, instance_of, le, matches_re

from appliance.plugin import AbsolutePath, ByteCount, Seconds, Secret, is_loopback, option
from appliance_upload_s3.keys import WORDS, check_template

MIB = 1024 * 1024
_LONGEST_PREFIX = 512


class Addressing(StrEnum):
    """Where the bucket's name goes: into the path or the host name of the URL."""

    AUTO = "auto"
    PATH = "path"
    VIRTUAL = "virtual"


class Encryption(StrEnum):
    """Who encrypts at rest, as the header `x-amz-server-side-encryption` says it."""

    AES256 = "AES256"
    KMS = "aws:kms"


def _check_endpoint(options: "S3Options", _: Any, url: str) -> None:
    if not url:
        return
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.username:
        raise ValueError(f"{url!r} is not an endpoint: write https://HOST or https://HOST:PORT")
    if parts.scheme == "http" and not options.allow_http and not is_loopback(parts.hostname):
        raise ValueError(
            f"{url!r} sends clips unencrypted: use https, or add the line `allow_http: true` to this destination"
        )


def _check_prefix(_: Any, __: Any, prefix: str) -> None:
    if prefix.startswith("/"):
        raise ValueError(f"{prefix!r} starts with '/', which makes a folder without a name: leave it out")
    if len(prefix.encode()) > _LONGEST_PREFIX:
        raise ValueError(f"it is {len(prefix.encode())} bytes long, and {_LONGEST_PREFIX} is the most")


def _check_credentials(options: "S3Options", _: Any, secret_key: Secret | None) -> None:
    if (secret_key is None) != (options.access_key is None):
        raise ValueError("access_key and secret_key come together: set both, or neither to use the environment's")
    for secret in (options.access_key, secret_key):
        _check_secret(secret)


def _check_token(options: "S3Options", _: Any, token: Secret | None) -> None:
    if token is not None and options.access_key is None:
        raise ValueError("session_token belongs to an access_key and a secret_key: set these too")
    _check_secret(token)


def _check_secret(secret: Secret | None) -> None:
    if secret is not None and not re.fullmatch(r"[!-~]+", secret.reveal()):
        raise ValueError("it holds characters that no key has, as dashes and spaces from a web page: copy it anew")


def _check_key(_: Any, __: Any, template: str) -> None:
    check_template(template)


@frozen
class S3Options:
    """Where the objects go and how they are kept."""

    bucket: str = option(
        help="Name of the bucket. It must exist.",
        check=matches_re(r"[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]"),
        example="guestbook",
    )
    prefix: str = option("", "Put before every key as it stands; end it with `/` for a folder.", check=_check_prefix)
    key: str = option(
        "{device}/{file_name}",
        "Template of the key. Words: " + ", ".join(f"`{{{word}}}` {meaning}" for word, meaning in WORDS.items()) + ".",
        check=_check_key,
    )
    endpoint_url: str = option(
        "",
        "Address of the server, for anything that is not AWS.",
        check=_check_endpoint,
        example="https://s3.example.org",
    )
    allow_http: bool = option(False, "Allow an endpoint without encryption. Loopback is always allowed.")
    region: str = option(
        "",
        "Region of the bucket. Default: the environment's, else us-east-1.",
        check=matches_re(r"|(?![0-9]+$)(?!-)[A-Za-z0-9-]{1,63}(?<!-)"),
        example="eu-central-1",
    )
    addressing: Addressing = option(
        Addressing.AUTO,
        "Where the bucket's name goes: into the `path` of the URL, or before the host name (`virtual`). `auto` takes "
        "the path where there is an `endpoint_url`, unless that server is known to forbid it.",
    )
    ca_file: AbsolutePath | None = option(None, "Certificates (PEM) to trust instead of the system's.")
    access_key: Secret | None = option(
        None, "Key id. Default: what AWS tools use (environment, ~/.aws, instance role)."
    )
    secret_key: Secret | None = option(None, "Secret of that key.", check=_check_credentials)
    session_token: Secret | None = option(
        None, "Token of temporary credentials, where the key is such a one.", check=_check_token
    )
    storage_class: str = option("", "Storage class of the objects. Default: the bucket's.", example="STANDARD_IA")
    encryption: Encryption | None = option(None, "Encryption at rest: `AES256` or `aws:kms`. Default: the bucket's.")
    kms_key: str = option("", "Id of the KMS key for `aws:kms`. Default: the account's own.")
    tags: dict[str, str] = option(
        dict,
        "Tags of the objects.",
        check=deep_mapping(instance_of(str), instance_of(str)),
        example="{project: guestbook}",
    )
    part_size: ByteCount = option(
        ByteCount(8 * MIB),
        "Size of the parts of a large file; what a lost connection costs.",
        check=and_(ge(5 * MIB), le(1024 * MIB)),
    )
    sidecar: bool = option(
        False,
        "Put an object beside each clip that has everything that is known of it as JSON, under the same key with "
        "`.json` for an ending. It comes after the sound.",
    )
    live: bool = option(
        False,
        "Begin to send a take while it is still recorded, in parts of 5 MiB. Goes with `deliver_as: original` only.",
    )
    parallel_parts: int = option(4, "Parts of one file on their way at once.", check=and_(ge(1), le(8)))
    timeout: Seconds = option(
        Seconds(120), "Longest silence of the server before the attempt is given up.", check=and_(ge(1), le(3600))
    )

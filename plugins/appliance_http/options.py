"""Configuration shared by everything that speaks HTTP."""

from collections.abc import Mapping
from typing import Any

from attrs import frozen
from attrs.validators import gt

from appliance.plugin import AbsolutePath, Seconds, Secret, check_headers, check_url, option


@frozen
class Timeouts:
    """How patient to be."""

    connect: Seconds = option(Seconds(10), "How long connecting may take.", check=gt(0))
    read: Seconds = option(Seconds(60), "How long the server may be silent, or accept next to nothing.", check=gt(0))
    total: Seconds = option(Seconds(86_400), "How long one file may take as a whole.", check=gt(0))


@frozen
class Tls:
    """Certificates, where those that come with the system are not enough."""

    ca: AbsolutePath | None = option(
        None, "Certificates (PEM) to trust instead of the system's, also such as only Python 3.13 refuses."
    )
    certificate: AbsolutePath | None = option(None, "Certificate (PEM) by which the box proves who it is.")
    key: AbsolutePath | None = option(None, "Its private key (PEM), unless it is in the same file.")


def headers_validator(instance: Any, attribute: Any, value: Mapping[str, Secret]) -> None:
    """`check_headers` as an attrs validator."""
    check_headers(value)


def url_validator(instance: Any, attribute: Any, value: str) -> None:
    """`check_url` as an attrs validator, for options that have an `allow_http`."""
    check_url(value, allow_http=instance.allow_http)

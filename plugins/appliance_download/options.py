"""The options of the feed backend `urls`."""

from typing import Any

from appliance_http.options import Timeouts, Tls, headers_validator
from attrs import frozen
from attrs.validators import gt

from appliance.plugin import ByteCount, Secret, check_url, option


def _urls(options: Any, _: Any, urls: tuple[str, ...]) -> None:
    if not urls:
        raise ValueError("there is no URL to pull from")
    for url in urls:
        check_url(url, allow_http=options.allow_http)


@frozen
class UrlsOptions:
    """Audio files to pull, one URL each. A file that changes at its place arrives as a new track."""

    urls: tuple[str, ...] = option(help="Where the files are.", check=_urls, example="[https://example.org/news.mp3]")
    headers: dict[str, Secret] = option(
        dict,
        "Headers of the request.",
        check=headers_validator,
        example="{Authorization: !secret feed_authorization}",
    )
    allow_http: bool = option(False, "Pull without encryption from hosts other than this one.")
    allow_local: bool = option(
        False, "Follow redirects to this box itself, whose services a stranger must not ask for anything."
    )
    max_size: ByteCount = option(ByteCount(500_000_000), "Larger files are refused.", check=gt(0))
    tls: Tls = option(Tls, "Certificates.")
    timeouts: Timeouts = option(Timeouts, "Patience.")


def options_for_url(url: str) -> UrlsOptions | None:
    """Options that pull just this URL, encrypted or not as the person who named it says; None where it is no URL."""
    try:
        return UrlsOptions((url,), allow_http=True)
    except ValueError:
        return None

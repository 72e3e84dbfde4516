"""The options of the feed backend `urls`."""

from typing import Any

from appliance_fetch.options import FetchOptions, own_first
from attrs import frozen

from appliance.plugin import check_url, option


def _urls(options: Any, _: Any, urls: tuple[str, ...]) -> None:
    if not urls:
        raise ValueError("there is no URL to pull from")
    for url in urls:
        check_url(url, allow_http=options.allow_http)


@frozen(field_transformer=own_first)
class UrlsOptions(FetchOptions):
    """Audio files to pull, one URL each. A file that changes at its place takes the place of the old one."""

    urls: tuple[str, ...] = option(help="Where the files are.", check=_urls, example="[https://example.org/news.mp3]")


def options_for_url(url: str) -> UrlsOptions | None:
    """Options that pull just this URL, encrypted or not as the person who named it says; None where it is no URL."""
    try:
        return UrlsOptions((url,), allow_http=True)
    except ValueError:
        return None

"""How a box tells from afar that it lives."""

from collections.abc import Mapping
from typing import Any

from attrs import frozen
from attrs.validators import ge

from appliance.plugin import Seconds, Secret, check_headers, check_url, option


def _url(options: "HeartbeatOptions", _: Any, url: str) -> None:
    if url:
        check_url(url, allow_http=options.allow_http)


def _headers(_: Any, __: Any, headers: Mapping[str, Secret]) -> None:
    check_headers(headers)


@frozen
class HeartbeatOptions:
    """A sign of life, posted as JSON to a web server. `heartbeat:` at the top of the file is short for this service."""

    url: str = option(
        "",
        "Where the answer of `appliance status --json` is posted. Default: nowhere.",
        check=_url,
        example="https://example.org/boxes",
    )
    every: Seconds = option(Seconds(300), "How often.", check=ge(1))
    headers: dict[str, Secret] = option(
        dict, "Headers of the request.", check=_headers, example="{Authorization: !secret fleet_token}"
    )
    allow_http: bool = option(False, "Send without encryption to hosts other than this one.")

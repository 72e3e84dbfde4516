"""How a box tells from afar that it lives."""

from typing import Any

from appliance_http.options import headers_validator, url_validator
from attrs import frozen
from attrs.validators import ge

from appliance.plugin import Seconds, Secret, option


def _url(options: "HeartbeatOptions", attribute: Any, url: str) -> None:
    if url:
        url_validator(options, attribute, url)


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
        dict, "Headers of the request.", check=headers_validator, example="{Authorization: !secret fleet_token}"
    )
    allow_http: bool = option(False, "Send without encryption to hosts other than this one.")

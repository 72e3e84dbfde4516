"""Configuration shared by every feed that fetches its items over HTTP."""

from typing import Any

from appliance_http.options import Timeouts, Tls, headers_validator, url_validator
from attrs import frozen
from attrs.validators import and_, ge, gt, le

from appliance.plugin import ByteCount, Secret, option


def own_first(_: type, fields: list[Any]) -> list[Any]:
    """The fields of a class before those that it inherits, for `attrs`: what matters most stands first."""
    return sorted(fields, key=lambda field: bool(field.inherited))


@frozen(kw_only=True)
class FetchOptions:
    """How items are fetched."""

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


@frozen(field_transformer=own_first)
class ListingOptions(FetchOptions):
    """How the items of a list at a URL are fetched."""

    url: str = option(help="Where the list is.", check=url_validator, example="https://example.org/list")
    newest: int = option(
        10, "How many entries are brought: the newest, or the first of a playlist.", check=and_(ge(1), le(1000))
    )


def listing_at(url: str, kind: type[ListingOptions], newest: int) -> ListingOptions | None:
    """The options that pull a list at a URL, encrypted or not as the person who named it says."""
    try:
        return kind(url, newest, allow_http=True)
    except ValueError:
        return None

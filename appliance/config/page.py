"""The options of the page."""

from attrs import frozen
from attrs.validators import deep_iterable, matches_re

from appliance.config.options import AbsolutePath, option


def _both_or_none(settings: "WebSettings", _: object, key: AbsolutePath | None) -> None:
    if (settings.certificate is None) != (key is None):
        raise ValueError("certificate and key belong together: give both, or none")


@frozen
class WebSettings:
    listen: str = option(
        "127.0.0.1:8080",
        "Where `appliance web` serves the page, `ADDRESS:PORT`. Anything wider than this machine needs a password "
        "first: `appliance web password`.",
        check=matches_re(r"(\[[0-9a-fA-F:]+\]|[0-9A-Za-z.-]+):[0-9]{1,5}"),
        example='"0.0.0.0:8080"',
    )
    names: tuple[str, ...] = option(
        (),
        "Names that browsers may call the box by, beside its host name, that name with `.local`, and its addresses.",
        check=deep_iterable(matches_re(r"[0-9A-Za-z.-]{1,253}")),
        example="[recorder.example.org]",
    )
    certificate: AbsolutePath | None = option(
        None, "Certificate for HTTPS, with its chain, as PEM. Default: plain HTTP."
    )
    key: AbsolutePath | None = option(None, "The private key of the certificate, as PEM.", check=_both_or_none)

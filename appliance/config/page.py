"""The options of the page."""

import ipaddress

from attrs.validators import deep_iterable, matches_re

from appliance.config.options import AbsolutePath, option
from appliance.values import frozen


def _both_or_none(settings: "WebSettings", _: object, key: AbsolutePath | None) -> None:
    if (settings.certificate is None) != (key is None):
        raise ValueError("certificate and key belong together: give both, or none")


def _one_of_both(settings: "WebSettings", _: object, self_made: bool) -> None:
    if self_made and settings.certificate is not None:
        raise ValueError("there is a certificate already: take out self_made, or certificate and key")


def _networks(_: object, __: object, proxies: tuple[str, ...]) -> None:
    for proxy in proxies:
        try:
            ipaddress.ip_network(proxy)
        except ValueError as error:
            raise ValueError(f'found "{proxy}", expected an address or a network, such as 10.0.0.0/24') from error


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
    self_made: bool = option(
        False,
        "Serve HTTPS with a certificate of the box's own making, which browsers do not know: compare the fingerprint "
        "that `appliance web` shows.",
        check=_one_of_both,
    )
    proxies: tuple[str, ...] = option(
        (),
        "Addresses or networks of proxies whose word counts for who asks (`X-Forwarded-For`) and how "
        "(`X-Forwarded-Proto`). Default: nobody's.",
        check=_networks,
        example="[127.0.0.1]",
    )

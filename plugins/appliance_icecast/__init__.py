"""Service `icecast`: what the microphone hears, live, by an Icecast server."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from appliance.plugin import House, Service, ServiceType, hookimpl

if TYPE_CHECKING:
    from appliance_icecast.options import IcecastOptions


def _options() -> type:
    from appliance_icecast.options import IcecastOptions

    return IcecastOptions


def _create(options: "IcecastOptions", house: House) -> Service:
    from appliance_icecast.service import Icecast

    return Icecast(options, house)


@hookimpl
def appliance_services() -> Sequence[ServiceType]:
    return [ServiceType("icecast", _options, _create)]

"""Service `rtp`: what the microphone hears, live, to players in the same network."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from appliance.plugin import House, Service, ServiceType, hookimpl

if TYPE_CHECKING:
    from appliance_rtp.options import RtpOptions


def _options() -> type:
    from appliance_rtp.options import RtpOptions

    return RtpOptions


def _create(options: "RtpOptions", house: House) -> Service:
    from appliance_rtp.service import Rtp

    return Rtp(options, house)


@hookimpl
def appliance_services() -> Sequence[ServiceType]:
    return [ServiceType("rtp", _options, _create)]

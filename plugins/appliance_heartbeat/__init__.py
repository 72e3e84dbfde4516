"""Service `heartbeat`: posts how the box is to a web server, again and again."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from appliance.plugin import House, Service, ServiceType, hookimpl

if TYPE_CHECKING:
    from appliance_heartbeat.options import HeartbeatOptions


def _options() -> type:
    from appliance_heartbeat.options import HeartbeatOptions

    return HeartbeatOptions


def _create(options: "HeartbeatOptions", house: House) -> Service:
    from appliance_heartbeat.service import Heartbeat

    return Heartbeat(options, house)


@hookimpl
def appliance_services() -> Sequence[ServiceType]:
    return [ServiceType("heartbeat", _options, _create)]

"""Service `level_history`: how loud it was, a line for each minute, kept for weeks."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from appliance.plugin import House, Service, ServiceType, hookimpl

if TYPE_CHECKING:
    from appliance_level_history.options import LevelHistoryOptions


def _options() -> type:
    from appliance_level_history.options import LevelHistoryOptions

    return LevelHistoryOptions


def _create(options: "LevelHistoryOptions", house: House) -> Service:
    from appliance_level_history.service import LevelHistory

    return LevelHistory(options, house)


@hookimpl
def appliance_services() -> Sequence[ServiceType]:
    return [ServiceType("level_history", _options, _create)]

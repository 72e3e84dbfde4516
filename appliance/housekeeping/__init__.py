"""Keeps room for the next take: deletes what has safely arrived elsewhere, and says ahead when nothing may go."""

from appliance.housekeeping.disk import Disk, Space, StateDisk
from appliance.housekeeping.housekeeper import Housekeeper
from appliance.housekeeping.outlook import Outlook

__all__ = ["Disk", "Housekeeper", "Outlook", "Space", "StateDisk"]

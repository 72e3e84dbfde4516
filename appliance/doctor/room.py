"""The room on the disk where no appliance is running that could be asked."""

from contextlib import ExitStack, suppress
from pathlib import Path

from appliance.config.settings import Settings
from appliance.errors import ApplianceError
from appliance.housekeeping.disk import StateDisk
from appliance.housekeeping.outlook import Outlook, obstacle, reserve_bytes
from appliance.housekeeping.prospects import prospects
from appliance.plugin_host import PluginHost


def outlook(settings: Settings, plugins: PluginHost) -> Outlook:
    """What is to come of the room that is left; nobody knows here how much is recorded in a day."""
    directory: Path = settings.storage.directory
    existing = next(path for path in (directory, *directory.parents) if path.exists())
    backends = {}
    with ExitStack() as close:
        for name, wanted in settings.destinations.items():
            with suppress(ApplianceError):
                backends[name] = plugins.build_upload(name, wanted, settings.device.label, directory)
                close.callback(backends[name].close)
        hindrance = obstacle(settings.storage.keep_days, prospects(settings.destinations, backends))
    byte_rate = settings.audio.capture.format.byte_rate
    return Outlook(StateDisk(existing).space(), reserve_bytes(settings), byte_rate, None, hindrance)

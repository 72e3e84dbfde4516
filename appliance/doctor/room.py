"""The room on the disk where no appliance is running that could be asked."""

from contextlib import ExitStack, suppress

from appliance.config.settings import Settings
from appliance.errors import ApplianceError
from appliance.housekeeping.outlook import Outlook
from appliance.housekeeping.prospects import foresee
from appliance.plugin_host import PluginHost


def outlook(settings: Settings, plugins: PluginHost) -> Outlook:
    """What is to come of the room that is left; nobody knows here how much is recorded in a day."""
    backends = {}
    with ExitStack() as close:
        for name, wanted in settings.destinations.items():
            with suppress(ApplianceError):
                backends[name] = plugins.build_upload(name, wanted, settings.device.label, settings.storage.directory)
                close.callback(backends[name].close)
        return foresee(settings, backends)

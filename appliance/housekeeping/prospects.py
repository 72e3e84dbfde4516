"""What may be hoped of the configured destinations."""

from collections.abc import Mapping

from appliance.config.settings import DestinationSettings
from appliance.housekeeping.outlook import Prospect
from appliance.plugin.upload import UploadBackend, on_own_disk


def prospects(
    destinations: Mapping[str, DestinationSettings], backends: Mapping[str, UploadBackend]
) -> tuple[Prospect, ...]:
    """One for each of `destinations`; those without a backend cannot be used."""
    return tuple(_prospect(name, settings, backends.get(name)) for name, settings in destinations.items())


def _prospect(name: str, settings: DestinationSettings, backend: UploadBackend | None) -> Prospect:
    if backend is None:
        return Prospect(name, settings.delete_after, usable=False)
    try:
        proves, own_disk = bool(backend.proves), bool(on_own_disk(backend))
    except Exception:  # a plugin may do anything
        proves, own_disk = False, False
    return Prospect(name, settings.delete_after, proves=proves, on_own_disk=own_disk)

"""What may be hoped of the configured destinations."""

from collections.abc import Mapping

from appliance.config.settings import DestinationSettings, Settings
from appliance.housekeeping.disk import StateDisk
from appliance.housekeeping.outlook import Outlook, Prospect, obstacle, reserve_bytes
from appliance.plugin.upload import UploadBackend, on_own_disk


def prospects(
    destinations: Mapping[str, DestinationSettings], backends: Mapping[str, UploadBackend]
) -> tuple[Prospect, ...]:
    """One for each of `destinations`; those without a backend cannot be used."""
    return tuple(_prospect(name, settings, backends.get(name)) for name, settings in destinations.items())


def foresee(settings: Settings, backends: Mapping[str, UploadBackend], days: float | None = None) -> Outlook:
    """What is to come of the room that is left, without the appliance that uses it; `days` until that is used up, where
    it is known. Raises OSError.
    """
    directory = settings.storage.directory
    existing = next(path for path in (directory, *directory.parents) if path.exists())
    hindrance = obstacle(settings.storage.keep_days, prospects(settings.destinations, backends))
    byte_rate = settings.audio.capture.format.byte_rate
    return Outlook(StateDisk(existing).space(), reserve_bytes(settings), byte_rate, days, hindrance)


def _prospect(name: str, settings: DestinationSettings, backend: UploadBackend | None) -> Prospect:
    if backend is None:
        return Prospect(name, settings.delete_after, usable=False)
    try:
        proves, own_disk = bool(backend.proves), bool(on_own_disk(backend))
    except BaseException:  # a plugin may do anything
        proves, own_disk = False, False
    return Prospect(name, settings.delete_after, proves=proves, on_own_disk=own_disk)

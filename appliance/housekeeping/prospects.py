"""What may be hoped of the configured destinations."""

from collections.abc import Callable, Mapping
from functools import partial

from appliance.config.settings import DestinationSettings, Settings
from appliance.events import Event
from appliance.faults import PLUGIN_SILENT
from appliance.housekeeping.disk import StateDisk
from appliance.housekeeping.outlook import Outlook, Prospect, obstacle, reserve_bytes
from appliance.limits import PATIENCE, Errand
from appliance.plugin.upload import UploadBackend, on_own_disk


class Prospects:
    """Asks the backends of destinations what their receipts prove. One that hangs is asked no more until it answers."""

    def __init__(
        self,
        destinations: Mapping[str, DestinationSettings],
        backends: Mapping[str, UploadBackend],
        post: Callable[[Event], None] = lambda _: None,
        patience: float = PATIENCE,
    ) -> None:
        """Those without a backend cannot be used. `patience` is in seconds."""
        self._destinations = destinations
        self._backends = backends
        self._post = post
        self._patience = patience
        self._hanging: dict[str, Errand[tuple[bool, bool]]] = {}

    def __call__(self) -> tuple[Prospect, ...]:
        """One for each destination. From any thread."""
        return tuple(self._prospect(name, settings) for name, settings in self._destinations.items())

    def _prospect(self, name: str, settings: DestinationSettings) -> Prospect:
        backend = self._backends.get(name)
        answer = None if backend is None else self._ask(name, backend)
        if answer is None:
            return Prospect(name, settings.delete_after, usable=False)
        proves, own_disk = answer
        return Prospect(name, settings.delete_after, proves=proves, on_own_disk=own_disk)

    def _ask(self, name: str, backend: UploadBackend) -> tuple[bool, bool] | None:
        """Whether its receipts prove anything, and whether it lies on the box's own disk; None where it hangs."""
        errand = self._hanging.get(name)
        wait = 0.0 if errand else self._patience
        errand = errand or Errand(partial(_facts, backend), f"ask:{name}")
        if not errand.is_over(wait):
            if self._hanging.setdefault(name, errand) is errand and wait:
                words = f"the plugin of destination {name} hangs. Update or remove it, then restart"
                self._post(PLUGIN_SILENT.raised(words, name))
            return None
        if self._hanging.pop(name, None):
            self._post(PLUGIN_SILENT.cleared(name))
        return errand.result()


def foresee(settings: Settings, backends: Mapping[str, UploadBackend], days: float | None = None) -> Outlook:
    """What is to come of the room that is left, without the appliance that uses it; `days` until that is used up, where
    it is known. Raises OSError.
    """
    directory = settings.storage.directory
    existing = next(path for path in (directory, *directory.parents) if path.exists())
    hindrance = obstacle(settings.storage.keep_days, Prospects(settings.destinations, backends)())
    byte_rate = settings.audio.capture.format.byte_rate
    return Outlook(StateDisk(existing).space(), reserve_bytes(settings), byte_rate, days, hindrance)


def _facts(backend: UploadBackend) -> tuple[bool, bool]:
    try:
        return bool(backend.proves), bool(on_own_disk(backend))
    except BaseException:  # a plugin may do anything
        return False, False

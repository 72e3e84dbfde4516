"""Sidecars that do not say yet what the catalogue has learned about their clips."""

from collections.abc import Callable

from appliance import durable
from appliance.store.catalogue import Catalogue
from appliance.store.places import Places


def freshen(places: Places, catalogue: Catalogue, beat: Callable[[], None] = lambda: None) -> None:
    """Write them; `beat` is called between two. Raises OSError: what is left is written another time."""
    stale = catalogue.dates.stale()
    for name, body in stale.items():
        beat()
        durable.write_file(places.sidecar(name), body.encode())
    if stale:
        with catalogue.transaction():
            catalogue.dates.told(stale)

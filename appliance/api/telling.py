"""What a script wants to be told."""

import logging
from collections.abc import Callable

from appliance.events import Event

log = logging.getLogger(__name__)


def tell(callback: Callable[[Event], None] | None, event: Event) -> None:
    """Call a script's own function. What it raises is logged, and harms neither a take nor a playback."""
    if callback:
        try:
            callback(event)
        except Exception:
            log.exception("the callback for events failed at %s", event)

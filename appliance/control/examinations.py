"""The doctor's visits to the running appliance: one at a time, with what the daemon holds."""

import threading
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from appliance.control.parts import Parts
from appliance.errors import Refused
from appliance.machine import Player, Recorder

if TYPE_CHECKING:
    from appliance.doctor import Box


class Examinations:
    """Examines the box from inside the daemon. A take or a message that begins meanwhile gets the card at once."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._one = threading.Lock()

    def stream(
        self, buttons: bool = False, leds: bool = False, only: list[str] | None = None
    ) -> Generator[dict[str, Any], None, None]:
        """Findings as they are made; a `prompt` is what a person should do or know meanwhile. Raises Refused."""
        from appliance.doctor import examine, plain

        if not self._one.acquire(blocking=False):
            raise Refused("an examination is in progress already. Try again when it is over")
        try:
            for step in examine(self._box(), buttons=buttons, leds=leds, only=only):
                yield plain(step)
        finally:
            self._one.release()

    def _box(self) -> "Box":
        from appliance.doctor import Box

        parts = self._parts
        parts.turn.controller.settle()
        faults = {fault.name: fault.message for fault in parts.turn.controller.status.faults}
        return Box(
            settings=parts.settings,
            read=lambda: parts.turn.read().settings,
            plugins=parts.plan.plugins,
            cards=parts.cards.lent,
            panel=None if "panel" in faults else parts.panel,
            panel_error=faults.get("panel", ""),
            outlook=parts.housekeeper.outlook,
            occupied=self._occupied,
            clock=parts.clock,
            is_running=True,
            real_cards=parts.real_cards,
            real_pins=parts.real_pins,
        )

    def _occupied(self) -> str:
        """Why microphone and speaker cannot be had; empty where they can."""
        status = self._parts.turn.controller.status
        if status.recorder is not Recorder.IDLE:
            return "a take is in progress"
        return "a message is playing" if status.player is not Player.STOPPED else ""

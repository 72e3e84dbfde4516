"""The parts of the running appliance that calls are about."""

from appliance.audio.shared import SharedCards
from appliance.clock import Clock
from appliance.config.settings import Settings
from appliance.control.levels import Leveller
from appliance.delivery.outbox import Outbox
from appliance.feeds.feeds import Feeds
from appliance.guests import Guests
from appliance.housekeeping import Housekeeper
from appliance.panel.ports import Panel
from appliance.reporting import Reporter
from appliance.sounds import Arriving
from appliance.store import Store
from appliance.turn import Plan, Turn
from appliance.values import frozen


@frozen
class Parts:
    """One turn's parts; `real_cards` and `real_pins` tell hardware from what simulates it."""

    plan: Plan
    turn: Turn
    store: Store
    outbox: Outbox
    feeds: Feeds
    guests: Guests
    sounds: Arriving
    cards: SharedCards
    panel: Panel
    clock: Clock
    housekeeper: Housekeeper
    reporter: Reporter
    leveller: Leveller
    real_cards: bool
    real_pins: bool

    @property
    def settings(self) -> Settings:
        """The configuration in use."""
        return self.plan.settings

"""A box to examine, made of fakes, and a clock that does not wait."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.audio.ports import SoundCards
from appliance.config.settings import Settings
from appliance.doctor import Box, Finding, Prompt, Step, System
from appliance.housekeeping.disk import Space
from appliance.housekeeping.outlook import Outlook
from appliance.panel.ports import Panel
from appliance.plugin_host import PluginHost
from appliance.simulation.cards import FakeCards
from appliance.simulation.panel import FakePanel
from appliance.testing.clock import ManualClock


class QuickClock(ManualClock):
    """A clock whose time passes while somebody waits for it. `later` is called after every wait."""

    def __init__(self) -> None:
        super().__init__()
        self.later: Callable[[float], None] = lambda now: None

    def wait(self, condition: threading.Condition, timeout: float | None) -> bool:
        self.advance(timeout or 0.0)
        self.later(self.monotonic())
        return False


@pytest.fixture
def clock() -> QuickClock:
    return QuickClock()


@pytest.fixture
def panel() -> FakePanel:
    panel = FakePanel()
    panel.start(lambda command: None)
    return panel


@pytest.fixture
def make_box(tmp_path: Path, clock: QuickClock, panel: FakePanel) -> Callable[..., Box]:
    """A box that has nothing wrong with it, apart from what is said."""

    def make(
        settings: Settings | None = None,
        cards: SoundCards | None = None,
        panel: Panel | None = panel,
        system: System | None = None,
        **other: Any,
    ) -> Box:
        settings = settings or Settings()
        values: dict[str, Any] = {
            "settings": settings,
            "read": lambda: settings,
            "plugins": PluginHost(),
            "cards": cards or FakeCards(),
            "panel": panel,
            "panel_error": "",
            "outlook": lambda: Outlook(Space(10**9, 10**10), 10**8, 96_000),
            "occupied": lambda: "",
            "clock": clock,
            "is_running": True,
            "system": system or System(root=tmp_path, environment={}, user="appliance"),
        }
        return Box(**{**values, **other})

    return make


@pytest.fixture
def findings() -> Callable[[Iterator[Step]], list[Finding]]:
    """What a check finds, without its prompts."""
    return lambda steps: [step for step in steps if not isinstance(step, Prompt)]

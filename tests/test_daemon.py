"""The process that goes from configuration to configuration."""

import gc
import os
import signal
import threading
import time
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.app import Hardware
from appliance.clock import Clock, SystemClock
from appliance.config.options import AbsolutePath
from appliance.config.settings import ControlSettings, PanelSettings, Settings
from appliance.config.storage import StorageSettings
from appliance.daemon import Daemon
from appliance.plans import BuiltIn
from appliance.plugin_host import PluginHost
from appliance.simulation.cards import simulated_cards
from appliance.simulation.panel import FakePanel
from appliance.vitals import Vitals

SOON = 20.0


@pytest.fixture
def as_a_process() -> Iterator[None]:
    """The garbage collector as `appliance run` has it, and what the daemon sets for its process set back afterwards."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    gc.disable()
    yield
    gc.unfreeze()
    gc.enable()
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("as_a_process")
def test_what_a_turn_was_made_of_goes_with_the_turns_after_it(tmp_path: Path) -> None:
    clock, turns = SystemClock(), list[weakref.ref[Vitals]]()
    settings = Settings(
        storage=StorageSettings(directory=AbsolutePath(tmp_path / "state")),
        control=ControlSettings(socket=AbsolutePath(tmp_path / "control.sock")),
    )

    def panel(_: PanelSettings, __: Clock, vitals: Vitals) -> FakePanel:
        turns.append(weakref.ref(vitals))
        return FakePanel()

    daemon = Daemon(BuiltIn(lambda: settings, PluginHost), Hardware(simulated_cards(clock), panel), clock)

    def reload() -> None:
        for number in range(1, 7):
            limit = time.monotonic() + SOON
            while len(turns) < number and time.monotonic() < limit:
                time.sleep(0.01)
            daemon.reload()
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=reload)
    thread.start()
    daemon.run()
    thread.join(SOON)
    assert len(turns) >= 6
    assert [turn() for turn in turns[:4]] == [None] * 4

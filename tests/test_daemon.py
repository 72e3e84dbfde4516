"""The process that goes from configuration to configuration."""

import gc
import os
import signal
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest

from appliance.app import Hardware
from appliance.clock import Clock, SystemClock
from appliance.config.options import AbsolutePath
from appliance.config.settings import ControlSettings, PanelSettings, Settings
from appliance.config.storage import StorageSettings
from appliance.control.client import Client
from appliance.daemon import Daemon
from appliance.errors import NotRunning
from appliance.plans import BuiltIn
from appliance.plugin_host import PluginHost
from appliance.simulation.cards import simulated_cards
from appliance.simulation.panel import FakePanel
from appliance.turn import Plan
from appliance.vitals import Vitals

SOON = 20.0
T = TypeVar("T")


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


class Odd(BuiltIn):
    """A configuration that was good at the start, and is an error that nobody has foreseen when it is read anew."""

    def read(self) -> Plan:
        raise KeyError("odd")


def settings_in(folder: Path) -> Settings:
    return Settings(
        storage=StorageSettings(directory=AbsolutePath(folder / "state")),
        control=ControlSettings(socket=AbsolutePath(folder / "control.sock")),
    )


def until(found: Callable[[], T | None]) -> T:
    limit = time.monotonic() + SOON
    while time.monotonic() < limit:
        with suppress(NotRunning):
            if (result := found()) is not None:
                return result
        time.sleep(0.01)
    raise AssertionError("not soon")


def configuration_fault(path: Path) -> str | None:
    with Client(path) as client:
        faults = client.call("status")["faults"]
    return next((fault["message"] for fault in faults if fault["name"] == "configuration"), None)


@pytest.mark.usefixtures("as_a_process")
@pytest.mark.parametrize("odd", ["reading", "starting"])
def test_an_error_that_nobody_has_foreseen_in_a_new_configuration_is_told_and_the_one_before_goes_on(
    tmp_path: Path, odd: str
) -> None:
    clock, turns, told = SystemClock(), list[int](), list[str]()
    settings = settings_in(tmp_path)

    def panel(_: PanelSettings, __: Clock, ___: Vitals) -> FakePanel:
        turns.append(len(turns))
        if odd == "starting" and len(turns) == 2:
            raise KeyError("odd")
        return FakePanel()

    plans = (Odd if odd == "reading" else BuiltIn)(lambda: settings, PluginHost)
    daemon = Daemon(plans, Hardware(simulated_cards(clock), panel), clock)

    def person() -> None:
        path = tmp_path / "control.sock"
        until(lambda: Client(path).call("status"))
        os.kill(os.getpid(), signal.SIGHUP)
        try:
            told.append(until(partial(configuration_fault, path)))
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=person)
    thread.start()
    daemon.run()
    thread.join(SOON)
    assert "KeyError: 'odd'" in told[0] and "the one before goes on" in told[0]


@pytest.mark.usefixtures("as_a_process")
def test_what_a_turn_was_made_of_goes_with_the_turns_after_it(tmp_path: Path) -> None:
    clock, turns = SystemClock(), list[weakref.ref[Vitals]]()
    settings = settings_in(tmp_path)

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

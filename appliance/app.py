"""The whole program on one page: what is started, in this order, and stopped, in the mirrored one."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial

from attrs import frozen

from appliance import sdnotify
from appliance.audio.player import Player
from appliance.audio.ports import SoundCards
from appliance.audio.recorder import Recorder
from appliance.audio.shared import SharedCards
from appliance.audio.watch import DeviceWatch
from appliance.clock import Clock
from appliance.config.settings import PanelSettings, Settings
from appliance.control.heartbeat import Heartbeat
from appliance.control.methods import Methods
from appliance.control.server import ControlServer
from appliance.control.services import Services
from appliance.controller import End
from appliance.delivery.feeds import FETCHED, Feed, Feeds
from appliance.delivery.network import NetworkWatch
from appliance.delivery.outbox import Destination, Outbox
from appliance.describe import describe
from appliance.effects import Effects
from appliance.errors import ApplianceError
from appliance.events import (
    ApplianceReady,
    DeliveryProgress,
    Event,
    FaultRaised,
    InboxChanged,
    PlaybackProgress,
    QueueChanged,
    TakeProgress,
)
from appliance.housekeeping import Housekeeper, StateDisk
from appliance.housekeeping.outlook import reserve_bytes
from appliance.housekeeping.policy import Rules
from appliance.housekeeping.prospects import prospects
from appliance.machine import Input
from appliance.models import Fault
from appliance.panel.ports import Panel, PanelState
from appliance.plugin_host import PluginHost
from appliance.status import Status, panel_state
from appliance.store import Store
from appliance.timekeeping import Timekeeper
from appliance.turn import Plan, Turn
from appliance.vitals import Vitals

HEARTBEAT = 5.0
"""Seconds between two looks at the pulses, where systemd does not ask for more."""

_TOO_MANY = (TakeProgress, DeliveryProgress, PlaybackProgress, QueueChanged, InboxChanged)
"""Events that would bury the others in the log."""

_NOT_SHOWN = (TakeProgress, PlaybackProgress)
"""Events that come many times a second and change nothing that the panel shows."""

Post = Callable[[Input], None]
log = logging.getLogger(__name__)


@frozen
class Hardware:
    """What the appliance is plugged into: real cards and pins, or simulated ones."""

    cards: SoundCards
    panel: Callable[[PanelSettings, Clock, Vitals], Panel]
    real_cards: bool = True
    real_pins: bool = True


def run(plan: Plan, hardware: Hardware, clock: Clock, turn: Turn) -> End:
    """Run the appliance until the controller stops, and say why it did. Raises ApplianceError where it cannot start."""
    settings, plugins, controller = plan.settings, plan.plugins, turn.controller
    audio, name, directory = settings.audio, settings.device.label, settings.storage.directory
    vitals = Vitals(clock)
    cards = SharedCards(hardware.cards)
    post = controller.post

    with ExitStack() as stop:
        store = Store(directory, clock, post, vitals)
        store.set_destinations({key: destination.deliver_as for key, destination in settings.destinations.items()})
        store.start()
        stop.callback(store.close)

        plugins.start(post)
        stop.callback(plugins.close)
        controller.listen(lambda event, _: plugins.publish(event), closely=plugins.listening)
        controller.listen(_write_log)
        stop.callback(controller.drain)

        # Before whatever takes long to start, and closed after it: no press is missed while the configuration changes.
        panel = hardware.panel(settings.panel, clock, vitals)
        with _tell_and_go_on("panel", post):
            panel.start(post)
            stop.callback(panel.close)
            controller.listen(_PanelListener(panel))

        destinations = _destinations(settings, plugins, post)
        outbox = Outbox(store, destinations, clock, post, vitals)
        fetcher = partial(plugins.build_fetcher, name=FETCHED, device=name, state_directory=directory)
        feeds = Feeds(store, _feeds(settings, plugins, post), clock, post, vitals, fetcher)
        player = Player(cards, audio.playback, audio.playback.rate or audio.capture.rate, clock, post, vitals)
        takes, watched, follow = store.takes_directory, controller.watched, outbox.follow
        recorder = Recorder(cards, audio.capture, settings.recording, takes, name, clock, post, vitals, watched, follow)
        effects = Effects(recorder, player, store, outbox, post)
        controller.connect(effects.table())
        outbox.start()
        stop.callback(outbox.close)
        network = NetworkWatch(outbox.hurry)
        network.start()
        stop.callback(network.close)
        feeds.start()
        stop.callback(feeds.close)
        stop.callback(player.close)
        stop.callback(recorder.close)
        stop.callback(cards.close)

        timekeeper = Timekeeper(store, clock, vitals, partial(outbox.hurry, parked=True))
        controller.listen(timekeeper.hear)
        timekeeper.start()
        stop.callback(timekeeper.close)
        housekeeper = _housekeeper(settings, store, destinations, effects, clock, post, vitals)
        controller.listen(housekeeper.hear)
        housekeeper.start()
        stop.callback(housekeeper.close)

        watch = DeviceWatch(cards, audio.capture.device, audio.playback.device, clock, post)
        watch.start()
        stop.callback(watch.close)

        real = (hardware.real_cards, hardware.real_pins)
        services = Services(plan, turn, store, outbox, feeds, cards, panel, clock, housekeeper, *real)
        methods = Methods(services)
        control = ControlServer(settings.control.socket, settings.control.group, methods.table())
        control.start()
        stop.callback(control.close)
        sign_of_life = Heartbeat(settings.heartbeat, methods.status, clock, post)
        sign_of_life.start()
        stop.callback(sign_of_life.close)

        post(ApplianceReady())
        turn.ready()
        sdnotify.notify(f"READY=1\nSTATUS=ready, state in {directory}")
        watchdog = sdnotify.watchdog_seconds()
        end = controller.run(lambda: _heartbeat(vitals), watchdog / 3 if watchdog else HEARTBEAT)
        sdnotify.notify("STOPPING=1" if end is End.STOP else sdnotify.reloading(clock.monotonic()))
        return end


def _heartbeat(vitals: Vitals) -> None:
    """Feed the watchdog, unless a thread hangs: then name it and let systemd act."""
    if hanging := vitals.overdue():
        log.error("hanging: %s", ", ".join(hanging))
    else:
        sdnotify.notify("WATCHDOG=1")


def _destinations(settings: Settings, plugins: PluginHost, post: Post) -> dict[str, Destination]:
    """The destinations that can be used; for each of the others a fault. Their clips wait."""
    ready: dict[str, Destination] = {}
    for name, wanted in settings.destinations.items():
        with _tell_and_go_on(f"delivery:{name}", post):
            backend = plugins.build_upload(name, wanted, settings.device.label, settings.storage.directory)
            ready[name] = Destination(name, wanted, backend)
    return ready


def _housekeeper(
    settings: Settings,
    store: Store,
    destinations: Mapping[str, Destination],
    effects: Effects,
    clock: Clock,
    post: Post,
    vitals: Vitals,
) -> Housekeeper:
    """Whoever keeps room on the disk: what may be deleted is a matter of all destinations, also of unusable ones."""
    storage, wanted = settings.storage, settings.destinations
    return Housekeeper(
        store,
        StateDisk(storage.directory),
        Rules({name: each.delete_after for name, each in wanted.items()}, storage.keep_days),
        reserve_bytes(settings),
        settings.audio.capture.format.byte_rate,
        lambda: prospects(wanted, {name: each.backend for name, each in destinations.items()}),
        effects.disk_works,
        clock,
        post,
        vitals,
    )


def _feeds(settings: Settings, plugins: PluginHost, post: Post) -> dict[str, Feed]:
    """The feeds that can be used; for each of the others a fault."""
    ready: dict[str, Feed] = {}
    for name, wanted in settings.feeds.items():
        with _tell_and_go_on(f"feed:{name}", post):
            backend = plugins.build_feed(name, wanted, settings.device.label, settings.storage.directory)
            ready[name] = Feed(name, wanted, backend)
    return ready


@contextmanager
def _tell_and_go_on(part: str, post: Post) -> Iterator[None]:
    """Without this part the box still records: what is wrong with it becomes a fault."""
    try:
        yield
    except ApplianceError as error:
        log.error("%s: %s", part, error)
        post(FaultRaised(Fault(part, str(error))))


def _write_log(event: Event, _: Status) -> None:
    if not isinstance(event, _TOO_MANY):
        log.info("%s", describe(event))


class _PanelListener:
    """Shows what has changed, and nothing else."""

    def __init__(self, panel: Panel) -> None:
        self._panel = panel
        self._shown: PanelState | None = None

    def __call__(self, event: Event, status: Status) -> None:
        if isinstance(event, _NOT_SHOWN):
            return
        state = panel_state(status)
        if state != self._shown:
            self._shown = state
            self._panel.show(state)

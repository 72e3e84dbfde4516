"""The whole program on one page: what is started, in this order, and stopped, in the mirrored one."""

from collections import defaultdict
from collections.abc import Callable
from functools import partial

from attrs import evolve

from appliance import sdnotify
from appliance.alarm import Alarm
from appliance.audio.card_notes import CardNotes
from appliance.audio.foresight import Foresight
from appliance.audio.microphone import PATIENCE
from appliance.audio.player import Player
from appliance.audio.ports import SoundCards
from appliance.audio.recheck import recheck
from appliance.audio.recorder import Recorder
from appliance.audio.shared import SharedCards
from appliance.audio.tuner import TunedCards, Tuner
from appliance.audio.volume import KeptVolume
from appliance.audio.watch import DeviceWatch
from appliance.beside import destinations_of, feeds_of, keep_playlist, start_beside, start_speaking, start_triggers
from appliance.clock import Clock
from appliance.config.audio import WhileRecording
from appliance.config.routing import routes
from appliance.config.settings import PanelSettings
from appliance.config.takes import Briefing
from appliance.control.levels import Leveller
from appliance.control.methods import Methods
from appliance.control.parts import Parts
from appliance.control.server import ControlServer
from appliance.control.streams import Streams
from appliance.controller import PULSE_LIMIT, End
from appliance.delivery.outbox import Outbox
from appliance.effects import Effects, refusing
from appliance.errors import StorageError
from appliance.events import ApplianceReady, Event, VolumeChanged
from appliance.faults import CONTROL, STORAGE_AT_START
from appliance.feeds.feeds import FETCHED, Feeds
from appliance.front import start_panel, tell_and_go_on, write_log
from appliance.housekeeping import Housekeeper, StateDisk
from appliance.loops import Loop
from appliance.machine import Input
from appliance.mountwatch import MountWatch
from appliance.network import NetworkWatch
from appliance.panel.ports import Panel
from appliance.plugin_host.house import Doors
from appliance.plugin_host.services import Services
from appliance.reporting import Reporter, StatusLine
from appliance.schedules.watch import Schedules, ScheduleWatch
from appliance.status import Status
from appliance.stops import StopList
from appliance.store import Store
from appliance.timekeeping import Timekeeper
from appliance.turn import Plan, Turn
from appliance.values import frozen
from appliance.vitals import Vitals
from appliance.watchdog import Watchdog

TRY_AGAIN = 10.0
"""Seconds between two tries to start on a disk that refuses."""

Post = Callable[[Input], None]


@frozen
class Hardware:
    """What the appliance is plugged into: real cards and pins, or simulated ones. `watch` looks on from close by."""

    cards: SoundCards
    panel: Callable[[PanelSettings, Clock, Vitals], Panel]
    real_cards: bool = True
    real_pins: bool = True
    watch: Callable[[Event, Status], None] | None = None


def run(plan: Plan, hardware: Hardware, clock: Clock, turn: Turn) -> End:
    """Run the appliance until the controller stops, and say why it did. Raises ApplianceError where it cannot start."""
    settings, plugins, controller = plan.settings, plan.plugins, turn.controller
    audio, name, directory = settings.audio, settings.device.label, settings.storage.directory
    post = controller.post
    vitals = Vitals(clock, post)

    with StopList(post) as stop:
        stop.callback(controller.listen(write_log))
        stop.callback(controller.listen(turn.history.hear))
        if hardware.watch:
            stop.callback(controller.listen(hardware.watch, closely=True))
        stop.callback(controller.react(turn.reactions.listener(post)))
        # Before whatever takes long, and closed after it: no press is missed while the box starts, or changes its ways.
        stop.callback(controller.drain)
        panel = hardware.panel(settings.panel, clock, vitals)
        start_panel(panel, controller, stop)

        store = Store(directory, clock, post, vitals)
        goes = routes({key: each.only for key, each in settings.destinations.items()})
        store.set_destinations(settings.sent_as, settings.recipes, goes)
        store.start()
        stop.callback(store.close)

        plugins.start(post, clock)
        stop.callback(plugins.close)
        controller.listen(lambda event, _: plugins.publish(event), closely=plugins.listening)
        streams = Streams(controller, clock)
        control = ControlServer(settings.control.socket, settings.control.group, clock, vitals, door=turn.door)
        stop.callback(control.close)
        stop.callback(streams.close)
        stop.callback(controller.drain)

        for fault in plan.faults:
            post(fault)
        destinations = destinations_of(plan, post)
        outbox = Outbox(store, destinations, clock, post, vitals)
        tuner = Tuner(hardware.cards, audio.capture, CardNotes(store.places.cards), post)
        cards = SharedCards(TunedCards(hardware.cards, tuner), clock)
        volume = KeptVolume(store.places.volume, audio.playback.volume.start)
        wanted = audio.playback.volume
        playback = evolve(audio.playback, volume=evolve(wanted, start=wanted.within(volume.percent)))
        player = Player(cards, playback, playback.rate or audio.capture.format.rate, clock, post, vitals)
        post(VolumeChanged(playback.volume.start))
        keep_playlist(store, controller)
        takes, watched, follow = store.places.takes, controller.watched, outbox.follow
        wishes = (audio.capture, settings.recorded)
        about = (settings.monitor, settings.device.location.place)
        reach = max((trigger.reach for trigger in settings.triggers.values()), default=0.0)
        patience = min(PATIENCE, settings.recorded.sync_interval)
        recorder = Recorder(cards, *wishes, takes, name, clock, post, vitals, watched, follow, *about, reach, patience)
        alarm = Alarm(post, clock, vitals)
        stop.callback(alarm.close)
        orders = {key: feed.order for key, feed in settings.feeds.items()}
        effects = Effects(
            recorder,
            player,
            volume,
            store,
            outbox,
            post,
            Briefing.of(settings),
            alarm.at,
            orders,
            playback.only_approved,
        )
        controller.connect(effects.table(), shares=playback.while_recording is not WhileRecording.REFUSE)
        if playback.while_recording is WhileRecording.DUCK:
            stop.callback(controller.react(effects.duck))
        start_speaking(settings, store, controller, player.voice, clock, vitals, stop)
        outbox.start()
        stop.callback(outbox.close)
        stop.callback(tuner.close)
        stop.callback(player.close)
        stop.callback(recorder.close)
        stop.callback(cards.close)

        disk = StateDisk(directory)
        backends = {key: each.backend for key, each in destinations.items()}
        housekeeper = Housekeeper.of(settings, store, disk, backends, effects.disk_works, clock, post, vitals)
        controller.listen(housekeeper.hear)
        housekeeper.start()
        stop.callback(housekeeper.close)
        fetcher = partial(plugins.build_fetchers, name=FETCHED, device=name, state_directory=directory)
        arrivals, has_room = player.voice.arrivals, housekeeper.has_room_for
        feeds = Feeds(store, feeds_of(plan, post), clock, post, vitals, has_room, fetcher, arrivals=arrivals)
        stop.callback(controller.react(feeds.hear))
        feeds.start()
        stop.callback(feeds.close)

        def hurry() -> None:
            outbox.hurry()
            feeds.hurry()

        guests, sounds = start_beside(plan, store, controller, clock, vitals, stop, has_room, outbox)

        network = NetworkWatch(hurry, clock, vitals)
        network.start()
        stop.callback(network.close)

        def remounted() -> None:
            disk.remounted()
            outbox.hurry()

        mounted = MountWatch(remounted, clock, vitals)
        mounted.start()
        stop.callback(mounted.close)
        timekeeper = Timekeeper(store, clock, vitals, hurry)
        controller.listen(timekeeper.hear)
        timekeeper.start()
        stop.callback(timekeeper.close)

        def look_again() -> None:
            if controller.status.take_id is None:
                tuner.look_again()
            recheck(recorder, controller.status, post)

        autoplay = any(feed.autoplay or feed.loop for feed in settings.feeds.values())
        microphone, speaker = audio.capture.device, audio.playback.device
        foresight = Foresight(cards, audio.capture, post)
        watch = DeviceWatch(cards, microphone, speaker, clock, post, vitals, autoplay, look_again, foresight)
        watch.start()
        stop.callback(watch.close)

        real = (hardware.real_cards, hardware.real_pins)
        schedules = Schedules.of(settings, post)
        watching = ScheduleWatch(schedules, clock, post, vitals, lambda: controller.status.take_id is None)
        watching.start()
        stop.callback(watching.close)
        triggers = start_triggers(settings, recorder, player, controller, clock, vitals, stop)
        outlook, heard = housekeeper.outlook, triggers.report if triggers else dict
        reporter = Reporter(turn, settings, store, outbox, feeds, outlook, clock, schedules, heard, recorder.seconds)
        said, records = (lambda: player.voice.sounded_until), (lambda: controller.status.take_id is not None)
        leveller = Leveller(recorder.eavesdrop, tuner, said, records, clock)
        beside = (cards, panel, clock, housekeeper, reporter, leveller)
        parts = Parts(plan, turn, store, outbox, feeds, guests, sounds, *beside, *real)
        methods = Methods(parts, streams)
        with tell_and_go_on(post, CONTROL):
            control.start(methods.table())
            stop.callback(control.deafen)
        answers, listen, hear = methods.table(), controller.listen, recorder.overhear
        doors = Doors(name, directory, reporter.report, answers, methods.clip_path, listen, post, hear)
        services = Services(plugins, settings.services, doors, clock, vitals)
        services.start()
        stop.callback(services.close)

        post(ApplianceReady())
        store.submit(plan.used)
        turn.ready()
        watchdog = Watchdog(clock, post, vitals)
        watchdog.start()
        stop.callback(watchdog.close)
        sdnotify.notify(f"READY=1\nSTATUS=ready, state in {directory}")
        line = StatusLine(lambda: controller.status, reporter.report, clock, vitals)
        line.start()
        stop.callback(line.close)
        end = controller.run(vitals.pulse("controller", PULSE_LIMIT))
        sdnotify.notify("STOPPING=1" if end is End.STOP else sdnotify.reloading(clock.monotonic()))
        if end is End.STOP:
            control.deafen()
            turn.door.close()  # so that who calls hears at once that nobody answers, however long the end takes
        return end


def out_of_order(plan: Plan, hardware: Hardware, clock: Clock, turn: Turn, error: StorageError) -> End:
    """Say by every means that the disk keeps the appliance from starting, until it is time to try that again."""
    settings, controller, words = plan.settings, turn.controller, str(error)
    post, until = controller.post, clock.monotonic() + TRY_AGAIN
    vitals = Vitals(clock, post)

    def refuse(**_: object) -> None:
        raise error

    def look() -> float | None:
        if (left := until - clock.monotonic()) > 0:
            return left
        controller.reload()
        return None

    with StopList(post) as stop:
        stop.callback(controller.listen(write_log))
        stop.callback(controller.react(turn.reactions.listener(post)))
        stop.callback(controller.drain)
        start_panel(hardware.panel(settings.panel, clock, vitals), controller, stop)
        with tell_and_go_on(post, CONTROL):
            control = ControlServer(settings.control.socket, settings.control.group, clock, vitals, door=turn.door)
            control.start(defaultdict(lambda: refuse))
            stop.callback(control.close)
        controller.connect(refusing(words, type(error).__name__, post))
        post(STORAGE_AT_START.raised(words))
        turn.ready()
        again = Loop("start", look, TRY_AGAIN, TRY_AGAIN, clock, vitals)
        for part in (again, Watchdog(clock, post, vitals)):
            part.start()
            stop.callback(part.close)
        sdnotify.notify(f"READY=1\nSTATUS={words}")
        return controller.run(vitals.pulse("controller", PULSE_LIMIT))

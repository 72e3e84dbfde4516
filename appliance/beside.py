"""What a run has beside recorder and player, and can do without: destinations, feeds, speech, clips, guests."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from attrs import evolve

from appliance.audio.player import Player
from appliance.audio.playlist_file import KeptPlaylist
from appliance.audio.recorder import Recorder as Taking
from appliance.audio.saying import Voice
from appliance.clock import Clock
from appliance.config.flow import Script
from appliance.config.settings import Settings
from appliance.controller import Controller
from appliance.delivery.outbox import Destination, Outbox
from appliance.effects import GUARD
from appliance.errors import StorageError
from appliance.events import Event, PlaybackStarted, PlaylistChanged, PlaylistRestore
from appliance.faultkind import FaultKind
from appliance.faults import DELIVERY, FEED, PROCESSOR
from appliance.feeds.feeds import Feed
from appliance.feeds.safefile import Room
from appliance.flow import flow_of
from appliance.front import tell_and_go_on
from appliance.guests import Guests
from appliance.machine import Recorder
from appliance.models import Clip
from appliance.plugin import BackendContext
from appliance.plugin.kinds import PROCESSOR as KIND
from appliance.prompts import DIGITS, Prompts, sounds_of
from appliance.reactions import Reactions
from appliance.sounds import Arriving, KeptSounds
from appliance.status import Status
from appliance.stops import StopList
from appliance.store import Store
from appliance.turn import Plan
from appliance.vitals import Vitals

if TYPE_CHECKING:
    from appliance.audio.speech import Speech
    from appliance.narration import Narration
    from appliance.triggers.watch import TriggerWatch

Post = Callable[[Event], None]
T = TypeVar("T")


def start_beside(
    plan: Plan,
    store: Store,
    controller: Controller,
    clock: Clock,
    vitals: Vitals,
    stop: StopList,
    has_room: Room,
    outbox: Outbox,
) -> tuple[Guests, Arriving]:
    """Start the processors, and what takes in the recordings of guests, and the box's own sounds: these two."""
    _start_processors(plan, store, controller, clock, vitals, stop)
    guests = Guests(store, plan.settings, clock, has_room, outbox.wake)
    guests.start()
    kept = KeptSounds(store, clock, controller.post, plan.settings.flow.languages)
    sounds = Arriving(store, kept, clock, has_room)
    sounds.start()
    stop.callback(sounds.close)
    if plan.settings.storage.keep_encrypted:
        _start_keeper(plan, store, outbox, controller, clock, vitals, stop)
    return guests, sounds


def _start_keeper(
    plan: Plan, store: Store, outbox: Outbox, controller: Controller, clock: Clock, vitals: Vitals, stop: StopList
) -> None:
    from appliance.delivery.keeper import Keeper  # most boxes keep clips as they were recorded

    keeper = Keeper(store, outbox, plan.settings.recipes, clock, controller.post, vitals)
    stop.callback(controller.listen(keeper.hear))
    keeper.start()
    stop.callback(keeper.close)


def _start_processors(
    plan: Plan, store: Store, controller: Controller, clock: Clock, vitals: Vitals, stop: StopList
) -> None:
    """Start them, and have them stopped by `stop`. For each that cannot be used there is a fault."""

    def recording() -> bool:
        return controller.status.recorder is not Recorder.IDLE

    settings, begin = plan.settings, plan.plugins.begin
    context = BackendContext("", settings.device.label, settings.storage.directory)
    begins = {
        name: partial(begin, KIND, name, each, evolve(context, name=name)) for name, each in settings.processors.items()
    }
    ready = _built(begins, controller.post, PROCESSOR)
    if ready:
        from appliance.processors import Processors

        processors = Processors(store, ready, recording, clock, controller.post, vitals)
        stop.callback(controller.listen(processors.hear))
        processors.start()
        stop.callback(processors.close)


def start_speaking(
    settings: Settings,
    store: Store,
    controller: Controller,
    voice: Voice,
    clock: Clock,
    vitals: Vitals,
    stop: StopList,
) -> None:
    """Let the flow, and the prompts, react to what happens until `stop`, and messages be announced."""
    if announce := settings.prompts.announce:
        from appliance.prompts.announcing import Announcer

        language = settings.prompts.language or next(iter(settings.flow.languages), "")
        voice.announces = Announcer(announce, language, _speech(stop), clock.wall_ns).sound
    replies = {name: feed.reply_to for name, feed in settings.feeds.items() if feed.reply_to}
    sounds = sounds_of(settings.prompts)

    def time(at: float) -> str:
        return clock.stamp(at).local.isoformat()

    def spell(language: str) -> Mapping[str, Path]:
        from appliance.prompts.wording import words_of

        return _speech(stop).ahead(DIGITS, words_of(language).voice)

    def undecided() -> Clip | None:
        with suppress(StorageError):  # the catalogue tells of that itself
            return store.greeting.undecided()
        return None

    handset = flow_of(settings.flow, settings.prompts, replies, store.places, time, spell, undecided, clock.monotonic())
    speaking = Reactions(handset, *_narrations(settings), Prompts(sounds))
    stop.callback(controller.react(speaking.listener(controller.post)))
    if store.places.greeting.exists():
        store.greeting.tell()
    KeptSounds(store, clock, controller.post).start()
    if replies and settings.flow.script is Script.MESSAGE_BOX:
        keep_heard(store, controller)
    if settings.flow.ring and settings.flow.script is Script.MESSAGE_BOX:
        from appliance.flow.bell import Bell

        bell = Bell(settings.flow.ring, clock, controller.post, vitals)
        bell.start()
        stop.callback(bell.close)


def _narrations(settings: Settings) -> "tuple[Narration, ...]":
    """What plays the feeds with `loop`; none where there are none."""
    orders = {name: feed.order for name, feed in settings.feeds.items() if feed.loop}
    if not orders:
        return ()
    from appliance.narration import Narration

    return (Narration(orders),)


def _speech(stop: StopList) -> "Speech":
    from appliance.audio.speech import Speech  # most boxes say nothing in words

    speech = Speech()
    stop.callback(speech.close)
    return speech


def start_triggers(
    settings: Settings,
    recorder: Taking,
    player: Player,
    controller: Controller,
    clock: Clock,
    vitals: Vitals,
    stop: StopList,
) -> "TriggerWatch | None":
    """Let triggers listen, and record what they hear, until `stop`. None, and nothing of it, where there are none."""
    if not settings.triggers:
        return None
    from appliance.triggers.machine import Triggered
    from appliance.triggers.watch import TriggerWatch

    def silent_from() -> float:
        return player.voice.sounded_until + GUARD

    overhear = partial(recorder.overhear, always=True)
    watch = TriggerWatch(settings, overhear, silent_from, clock, controller.post, vitals)
    stop.callback(controller.react(Reactions(Triggered(clock.monotonic)).listener(controller.post)))
    watch.start()
    stop.callback(watch.close)
    return watch


def keep_playlist(store: Store, controller: Controller) -> None:
    """Have the playlist again that was kept, and keep it whenever it changes."""
    kept = KeptPlaylist(store.places.playlist)

    def hear(event: Event, _: Status) -> None:
        if isinstance(event, PlaylistChanged):
            store.submit(partial(kept.keep, event))

    if before := kept.read():
        controller.post(PlaylistRestore(before.items, before.current, before.repeat))
    controller.listen(hear)


def keep_heard(store: Store, controller: Controller) -> None:
    """Keep which message was heard last."""
    from appliance.flow.heard import Heard, KeptHeard

    kept = KeptHeard(store.places.heard)

    def hear(event: Event, _: Status) -> None:
        if isinstance(event, PlaybackStarted) and event.track_id is not None:
            store.submit(partial(kept.keep, Heard(event.feed, event.title)))

    controller.listen(hear)


def destinations_of(plan: Plan, post: Post) -> dict[str, Destination]:
    """The destinations that can be used; for each of the others a fault. Their clips wait."""
    settings, begin = plan.settings, plan.plugins.begin_upload
    wanted = {name: each for name, each in settings.destinations.items() if f"destinations.{name}" not in plan.left_out}
    box = settings.device.label, settings.storage.directory
    built = _built({name: partial(begin, name, each, *box) for name, each in wanted.items()}, post, DELIVERY)
    return {name: Destination(name, wanted[name], backend) for name, backend in built.items()}


def feeds_of(plan: Plan, post: Post) -> dict[str, Feed]:
    """The feeds that can be used; for each of the others a fault."""
    settings, begin = plan.settings, plan.plugins.begin_feed
    box = settings.device.label, settings.storage.directory
    built = _built({name: partial(begin, name, each, *box) for name, each in settings.feeds.items()}, post, FEED)
    return {name: Feed(name, settings.feeds[name], backend) for name, backend in built.items()}


def _built(begins: Mapping[str, Callable[[], Callable[[], T]]], post: Post, kind: FaultKind) -> dict[str, T]:
    """What plugins build, all of it at once, as one may hang; for each that cannot be used there is a fault."""
    begun, ready = dict[str, Callable[[], T]](), dict[str, T]()
    for name, begin in begins.items():
        with tell_and_go_on(post, kind, name):
            begun[name] = begin()
    for name, built in begun.items():
        with tell_and_go_on(post, kind, name):
            ready[name] = built()
    return ready

"""The calls of a whole turn in one process, with a recorder and player that do at once what they are told."""

import threading
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar, cast

import pytest
from attrs import frozen

from appliance import events
from appliance.clock import SystemClock
from appliance.config.guests import GuestSettings
from appliance.config.settings import Settings
from appliance.control.levels import Leveller
from appliance.control.methods import Methods
from appliance.control.parts import Parts
from appliance.control.server import ControlServer
from appliance.control.streams import Streams
from appliance.controller import PULSE_LIMIT, Controller
from appliance.delivery.outbox import Outbox
from appliance.feeds.feeds import Feeds
from appliance.guests import Guests
from appliance.history import History
from appliance.machine import Do, Effect
from appliance.models import AudioFormat, Clip, ClockSource, ClockStamp, Verdict
from appliance.playlist import Playlist
from appliance.plugin import FeedBackend
from appliance.reactions import Reactions
from appliance.sounds import Arriving, KeptSounds
from appliance.store import Store
from appliance.vitals import Vitals

GROUP = "nogroup"

T = TypeVar("T")


def clip_of(take_id: str) -> Clip:
    stamp = ClockStamp(1_800_000_000 * 10**9, 5, "boot", ClockSource.NTP)
    return Clip(take_id, f"box_{take_id}", "box", AudioFormat(), 48_000, 96_044, stamp)


def wanted(effect: Effect, kind: type[T]) -> T:
    """What asked for the effect, which is of this kind."""
    assert isinstance(effect.cause, kind)
    return effect.cause


_FINDING_NOTHING = tuple(do for do in Do if do.value.startswith("choose_") and do is not Do.CHOOSE_NEXT)


def obedient(post: Callable[[Any], None]) -> Mapping[Do, Callable[[Effect], None]]:
    """Effects that happen at once."""
    told: dict[Do, Callable[[Effect], Any]] = {
        Do.START_TAKE: lambda effect: events.TakeStarted(effect.id, f"box_{effect.id}", AudioFormat(), 2.0),
        Do.PAUSE_TAKE: lambda effect: events.TakePaused(effect.id, 5),
        Do.RESUME_TAKE: lambda effect: events.TakeResumed(effect.id, 5),
        Do.MARK_TAKE: lambda effect: events.MarkSet(effect.id, 5),
        Do.SPLIT_TAKE: lambda effect: events.TakeContinues(effect.id, 5.0, AudioFormat(), "split"),
        Do.FINISH_TAKE: lambda effect: events.ClipFinished(clip_of(effect.id), Verdict.OK),
        Do.DISCARD_TAKE: lambda effect: events.TakeDiscarded(effect.id),
        Do.START_PLAYBACK: lambda effect: events.PlaybackStarted(effect.id, wanted(effect, events.Play).title, 5.0),
        Do.STOP_PLAYBACK: lambda effect: events.PlaybackFinished(effect.id, completed=False),
        Do.PAUSE_PLAYBACK: lambda effect: events.PlaybackPaused(effect.id, 2.5),
        Do.RESUME_PLAYBACK: lambda effect: events.PlaybackResumed(effect.id, 2.5),
        Do.SEEK_PLAYBACK: lambda effect: events.PlaybackSeeked(effect.id, wanted(effect, events.PlayerSeek).seconds),
        Do.SKIP_PLAYBACK: lambda effect: events.PlaybackSeeked(effect.id, 75.0),
        Do.CHOOSE_NEXT: lambda effect: events.Play(Path("/next.wav"), "next", playback_id=effect.id),
        **dict.fromkeys(_FINDING_NOTHING, lambda effect: events.NothingToPlay(effect.id, "nothing was recorded")),
        Do.SET_VOLUME: lambda effect: events.VolumeChanged(wanted(effect, events.VolumeSet).percent),
        Do.RAISE_VOLUME: lambda _: events.VolumeChanged(90),
        Do.LOWER_VOLUME: lambda _: events.VolumeChanged(70),
    }

    def start(do: Do) -> Callable[[Effect], None]:
        return lambda effect: post(told[do](effect)) if do in told else None

    return {do: start(do) for do in Do}


@frozen
class House:
    """A turn, and what is under its control socket."""

    controller: Controller
    store: Store
    streams: Streams
    server: ControlServer
    socket: Path
    methods: Methods
    pullers: dict[str, FeedBackend]
    """What fetches a URL."""
    thread: threading.Thread
    """The controller's."""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    clock = SystemClock()
    numbers = count(1)
    pullers: dict[str, FeedBackend] = {}
    controller = Controller(clock, lambda: f"id{next(numbers)}")
    controller.connect(obedient(controller.post))
    controller.react(Reactions(Playlist()).listener(controller.post))
    vitals = Vitals(clock)
    store = Store(tmp_path / "state", clock, controller.post, vitals)
    store.start()
    parts = Parts(
        plan=cast(Any, SimpleNamespace(settings=Settings(), plugins=SimpleNamespace(statuses=lambda: ()))),
        turn=cast(
            Any,
            SimpleNamespace(
                controller=controller,
                number=1,
                process_started=0.0,
                reload=lambda: True,
                history=History(clock),
            ),
        ),
        store=store,
        outbox=Outbox(store, {}, clock, controller.post, vitals),
        feeds=Feeds(store, {}, clock, controller.post, vitals, lambda size: True, lambda url: [pullers[url]]),
        guests=Guests(store, Settings(guests=GuestSettings(allowed=True)), clock, lambda size: True, lambda: None),
        sounds=Arriving(store, KeptSounds(store, clock, controller.post), clock, lambda size: True),
        cards=cast(Any, SimpleNamespace(cards=lambda: ())),
        panel=cast(Any, None),
        clock=clock,
        housekeeper=cast(Any, None),
        reporter=cast(Any, None),
        leveller=Leveller(lambda: None, cast(Any, None), lambda: 0.0, lambda: False, clock),
        real_cards=False,
        real_pins=False,
    )
    streams = Streams(controller, clock)
    methods = Methods(parts, streams)
    server = ControlServer(tmp_path / "control.sock", GROUP, clock)
    server.start(methods.table())
    thread = threading.Thread(target=controller.run, args=(vitals.pulse("controller", PULSE_LIMIT),), daemon=True)
    thread.start()
    controller.post(events.ApplianceReady())
    yield House(controller, store, streams, server, tmp_path / "control.sock", methods, pullers, thread)
    server.deafen()
    controller.stop()
    thread.join(5)
    streams.close()
    server.close()
    parts.feeds.close()
    store.close()

"""What can be asked over the control socket, as one class: a method named `record_start` is called `record.start`."""

import os
import queue
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any

from attrs import evolve

from appliance import __version__, events
from appliance.audio.decode import check_sound
from appliance.audio.ports import Card
from appliance.codec import event_to_plain, to_plain
from appliance.control.clips import ClipMethods
from appliance.control.examinations import Examinations
from appliance.control.services import Services
from appliance.errors import ApplianceError, NotFound
from appliance.events import Command, Event
from appliance.models import Track
from appliance.plugin_host import PluginStatus

PATIENCE = 10.0
"""Seconds that a call waits for what it asked for to happen."""

QUIET = 5.0
"""Seconds after which a stream of events says that there is nothing to tell."""

_BACKLOG = 1000


class Methods:
    """The calls. Each runs on its connection's own thread."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._controller = services.turn.controller
        self._store = services.store
        self._examinations = Examinations(services)

    def table(self) -> dict[str, Callable[..., object]]:
        """Every call by its name on the wire."""
        services = self._services
        clips = ClipMethods(services.store, services.outbox, services.settings.destinations)
        names = [name for name in vars(type(self)) if not name.startswith("_") and name != "table"]
        return {name.replace("_", ".", 1): getattr(self, name) for name in names} | clips.table()

    def _ask(self, command: Command, *outcomes: type[Event]) -> Event | None:
        """Post the command, and wait for the first of the outcomes where there are any. Raises Refused."""
        heard: queue.SimpleQueue[Event] = queue.SimpleQueue()
        forget = self._controller.listen(lambda event, _: heard.put(event) if isinstance(event, outcomes) else None)
        try:
            self._controller.request(command).result(PATIENCE)
            return heard.get(timeout=PATIENCE) if outcomes else None
        except (queue.Empty, TimeoutError) as error:
            raise ApplianceError(
                f"{type(command).__name__} was taken but did not happen. See `appliance status`"
            ) from error
        finally:
            forget()

    def _now(self) -> float:
        return self._services.clock.monotonic()

    # -- the box

    def status(self) -> dict[str, Any]:
        """How everything is."""
        services = self._services
        outlook = services.housekeeper.outlook()
        space = outlook.space
        status = evolve(self._controller.status, sending=services.outbox.progress())
        return {
            "device": services.settings.device.label,
            "version": __version__,
            "pid": os.getpid(),
            "turn": services.turn.number,
            "uptime": round(self._now() - services.turn.process_started, 1),
            "ok": status.ok,
            **to_plain(status),
            "deliveries": to_plain(self._store.delivery_counts()),
            "storage": {
                "free": space.free,
                "total": space.total,
                "free_seconds": space.free // outlook.byte_rate,
                "reserve": outlook.reserve,
                "full_in_days": outlook.days,
                "warning": outlook.warning,
            },
        }

    def config_reload(self) -> bool:
        """Read the configuration anew; whether it is used at once, else after the take in progress."""
        return self._services.turn.reload()

    def doctor(self, buttons: bool = False, leds: bool = False) -> Generator[dict[str, Any], None, None]:
        """Examine the box, and tell every finding as it is made; `prompt` is what a person should do meanwhile."""
        yield from self._examinations.stream(buttons, leds)

    def devices(self) -> Sequence[Card]:
        """The sound cards."""
        return self._services.cards.cards()

    def plugins(self) -> Sequence[PluginStatus]:
        """The plugins and how they are."""
        return self._services.plan.plugins.statuses()

    def events(self) -> Generator[dict[str, Any] | None, None, None]:
        """Everything that happens from now on."""
        heard: queue.Queue[Event] = queue.Queue(_BACKLOG)

        def listen(event: Event, _: object) -> None:
            if not heard.full():
                heard.put_nowait(event)

        forget = self._controller.listen(listen, closely=True)
        try:
            while True:
                try:
                    yield event_to_plain(heard.get(timeout=QUIET))
                except queue.Empty:
                    yield None
        finally:
            forget()

    # -- the recorder

    def record_start(self) -> Event | None:
        """Begin a take."""
        return self._begun(self._ask(events.RecordStart(self._now()), events.TakeStarted, events.TakeFailed))

    def record_pause(self) -> Event | None:
        """Pause the take."""
        return self._ask(events.RecordPause(self._now()), events.TakePaused)

    def record_resume(self) -> Event | None:
        """Go on with the take."""
        return self._ask(events.RecordResume(self._now()), events.TakeResumed)

    def record_stop(self) -> Event | None:
        """Finish the take; answers once the clip is safe."""
        return self._begun(self._ask(events.RecordStop(self._now()), events.ClipFinished, events.TakeFailed))

    def record_discard(self) -> Event | None:
        """Throw the take away."""
        return self._ask(events.RecordDiscard(), events.TakeDiscarded)

    def record_mark(self) -> Event | None:
        """Mark the position."""
        return self._ask(events.RecordMark(self._now()), events.MarkSet)

    def _begun(self, event: Event | None) -> Event | None:
        if isinstance(event, events.TakeFailed | events.PlaybackFailed):
            raise ApplianceError(event.message)
        if isinstance(event, events.NothingToPlay):
            raise NotFound("there is no message to play: nothing was recorded or pulled yet")
        return event

    # -- the player

    def play(self, source: str) -> Event | None:
        """Play `latest`, `next`, a URL, a clip (id or name) or an audio file on the box."""
        command = self._play_command(source)
        if isinstance(command, events.Play):
            check_sound(command.path)  # a file that nobody can play is the caller's mistake, and no fault of the box
        return self._begun(self._ask(command, events.PlaybackStarted, events.PlaybackFailed, events.NothingToPlay))

    def _play_command(self, source: str) -> Command:
        if source == "latest":
            return events.PlayLatest()
        if source == "next":
            return events.PlayNext()
        if source.startswith(("http://", "https://")):
            track = self._services.feeds.fetch(source)
            return events.Play(track.path, track.title, track.id)
        if Path(source).is_absolute():
            if not Path(source).is_file():
                raise NotFound(
                    f"the appliance sees no file {source}. Check its name, or put it into /srv: "
                    "/home and /tmp are hidden from the service"
                )
            return events.Play(Path(source), Path(source).name)
        clip = self._store.clip(source)
        return events.Play(self._store.clip_path(clip), clip.name)

    def player_pause(self) -> None:
        """Pause the playback."""
        self._ask(events.PlayerPause())

    def player_resume(self) -> None:
        """Go on with the playback."""
        self._ask(events.PlayerResume())

    def player_stop(self) -> None:
        """Stop the playback."""
        self._ask(events.PlayerStop(), events.PlaybackFinished)

    def player_seek(self, seconds: float) -> None:
        """Go to `seconds` from the start."""
        self._ask(events.PlayerSeek(seconds))

    def player_volume(self, percent: int) -> Event | None:
        """Set the volume."""
        return self._ask(events.VolumeSet(percent), events.VolumeChanged)

    # -- the inbox

    def feeds_pull(self, feed: str | None = None) -> None:
        """Pull a feed, or all, now."""
        self._services.feeds.pull_now(feed)

    def feeds_list(self) -> list[Track]:
        """The inbox."""
        return self._store.tracks()

"""What can be asked over the control socket: the table of verbs, each with what answers it."""

from base64 import b64decode
from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path
from typing import Any

from appliance import events
from appliance.arguments import wishes_in
from appliance.asking import Asking
from appliance.audio.decode import check_sound
from appliance.codec import event_to_plain, to_plain
from appliance.config.flow import Script
from appliance.config.takes import Briefing
from appliance.control.clips import ClipMethods
from appliance.control.contract import described, hello
from appliance.control.examinations import Examinations
from appliance.control.fetching import fetching
from appliance.control.parts import Parts
from appliance.control.sources import Sources
from appliance.control.streams import Streams
from appliance.errors import Refused, UsageError
from appliance.events import Command
from appliance.faults import DELIVERY
from appliance.flow import configured_sounds
from appliance.listed import Repeat
from appliance.player_verbs import MOST_TRACKS
from appliance.recipes import ORIGINAL, Recipe
from appliance.verbs import VERBS, Verb


class Methods:
    """The calls. Each runs on its connection's own thread."""

    def __init__(self, parts: Parts, streams: Streams) -> None:
        self._parts = parts
        self._streams = streams
        self._controller = parts.turn.controller
        self._asking = Asking(parts.turn.controller, parts.clock)
        self._store = parts.store
        self._sources = Sources(parts.store, parts.feeds)
        self._examinations = Examinations(parts)

    def table(self) -> dict[str, Callable[..., object]]:
        """Every word that can be called; its arguments are checked before anything else."""
        own = self.own()
        return {word: self._checked(verb, own.get(word)) for word, verb in VERBS.items()}

    def own(self) -> dict[str, Callable[..., object]]:
        """What answers the words that do not simply become a command."""
        parts = self._parts
        return {
            "record.start": partial(self.begin, "record.start"),
            "record.toggle": partial(self.begin, "record.toggle"),
            "record.choices": lambda: Briefing.of(parts.settings).choices,
            "status": self._status,
            "config.reload": parts.turn.reload,
            "doctor": self._examinations.stream,
            "hear": parts.leveller.hear,
            "levels": parts.leveller.levels,
            "history": parts.turn.history.tell,
            "support": self._support,
            "devices": parts.cards.cards,
            "plugins": parts.plan.plugins.statuses,
            "play": self.play,
            "play.url": self.play_url,
            "playlist.add": self.add_to_playlist,
            "playlist.list": self.playlist,
            "feeds.list": parts.store.inbox.page,
            "feeds.unheard": parts.store.inbox.mark_unheard,
            "feeds.remove": parts.store.inbox.remove,
            "feeds.send": parts.feeds.uploads.begin,
            "feeds.piece": self.receive,
            "feeds.sent": parts.feeds.uploads.end,
            "guests.rules": parts.guests.rules,
            "guests.send": parts.guests.begin,
            "guests.piece": self.receive_guest,
            "guests.sent": parts.guests.end,
            "sounds.list": self.sounds,
            "sounds.send": parts.sounds.begin,
            "sounds.piece": self.receive_sound,
            "sounds.sent": parts.sounds.end,
            "sounds.remove": parts.sounds.kept.remove,
            "sounds.restore": parts.sounds.kept.restore,
            "feeds.pull": lambda feed=None: parts.feeds.pull_now(feed),
            "events": self._streams.events,
            "subscribe": self._streams.events,
            "hello": hello,
            "describe": described,
            **({} if parts.settings.flow.script is not Script.NONE else self._without_a_flow()),
            **ClipMethods(parts.store, parts.outbox, parts.settings, self._troubles).table(),
        }

    def _without_a_flow(self) -> dict[str, Callable[..., object]]:
        """Whoever lifts the handset by a call hears what becomes of the take."""
        words = {"handset.lift": "record.start", "handset.hang_up": "record.stop"}
        return {word: self._checked(VERBS[direct], None) for word, direct in words.items()}

    def _status(self) -> dict[str, Any]:
        self._controller.settle()
        return self._parts.reporter.report().plain()

    def _support(self) -> dict[str, str]:
        from appliance.support import texts

        parts = self._parts
        more = {"devices": parts.cards.cards(), "plugins": parts.plan.plugins.statuses()}
        told = {name: to_plain(value) for name, value in more.items()}
        return texts(parts.settings, self._status(), parts.turn.history.tell(), **told)

    def _checked(self, verb: Verb, call: Callable[..., object] | None) -> Callable[..., object]:
        def checked(**given: object) -> object:
            arguments = verb.check(given)
            self._check_flow(verb)
            if call is not None:
                return call(**arguments)
            return self._ask(verb, verb.asked(self._now(), None, **arguments))

        return checked

    def _check_flow(self, verb: Verb) -> None:
        """Raise Refused for a word that no flow of this box would hear."""
        script = self._parts.settings.flow.script
        if verb.flows and script not in verb.flows:
            has = "no flow" if script is Script.NONE else f"the flow {script}"
            raise Refused(f"{verb.word} is for {' or '.join(verb.flows)}, and this box has {has}: set `flow.script`")

    def _ask(self, verb: Verb, command: Command) -> dict[str, Any] | None:
        event = self._asking.ask(command, verb.done, verb.failed, indirect=verb.indirect)
        return event_to_plain(event) if event else None

    def _troubles(self) -> dict[str, str]:
        """Why nothing goes to a destination at all, by its name."""
        faults, prefix = self._controller.status.faults, f"{DELIVERY.name}:"
        return {each.name.removeprefix(prefix): each.message for each in faults if each.name.startswith(prefix)}

    def _now(self) -> float:
        return self._parts.clock.monotonic()

    # -- the box

    def begin(self, word: str, **given: object) -> dict[str, Any] | None:
        """Begin a take as these arguments want it. Raises UsageError where the configuration has no such thing."""
        wishes = wishes_in(given)
        Briefing.of(self._parts.settings).check(wishes)
        verb = VERBS[word]
        return self._ask(verb, verb.asked(self._now(), wishes))

    def play(self, source: str, start_at: float = 0.0, loop: bool = False) -> dict[str, Any] | None:
        """Play `recording`, `next`, `latest`, a URL, a clip (id or name) or an audio file on the box."""
        command = self._sources.command(source, start_at, loop)
        if isinstance(command, events.Play):
            check_sound(command.path)  # a file that nobody can play is the caller's mistake, and no fault of the box
        return self._ask(VERBS["play"], command)

    def play_url(self, url: str) -> Generator[dict[str, Any] | None, None, None]:
        """Fetch a URL and play what it brings, telling how far it is."""
        wish = yield from fetching(self._parts.feeds, url, self._parts.clock)
        yield self._ask(VERBS["play"], wish)

    def add_to_playlist(self, sources: list[str]) -> dict[str, Any] | None:
        """Put files, folders, clips and URLs behind all others of the playlist."""
        items = self._sources.items(sources)
        playlist = self._controller.status.playlist
        if len(items) + (len(playlist.items) if playlist else 0) > MOST_TRACKS:
            raise UsageError(f"playlist.add: {len(items)} more are too many: the playlist holds {MOST_TRACKS} tracks")
        return self._ask(VERBS["playlist.add"], events.PlaylistAdd(items))

    def playlist(self) -> dict[str, Any]:
        """What is on it, and where it is."""
        playlist = self._controller.status.playlist or events.PlaylistChanged((), 0, Repeat.OFF)
        return {key: value for key, value in event_to_plain(playlist).items() if key != "event"}

    def receive(self, upload: str, offset: int, data: str) -> int:
        """Receive the next bytes of an upload; how many are there."""
        return self._parts.feeds.uploads.write(upload, offset, _bytes(data))

    def receive_guest(self, upload: str, offset: int, data: str) -> int:
        """Receive the next bytes of a guest's recording; how many are there."""
        return self._parts.guests.write(upload, offset, _bytes(data))

    def sounds(self) -> dict[str, Any]:
        """What the box says, by sounds that it was given, and by those of the configuration."""
        settings = self._parts.settings
        configured = {use: str(path) for use, path in configured_sounds(settings.flow, settings.prompts).items()}
        about = {"configured": configured, "flow": settings.flow.script.value, "order": settings.flow.order.value}
        return {**self._parts.sounds.kept.told(), **about, "languages": list(settings.flow.languages)}

    def receive_sound(self, upload: str, offset: int, data: str) -> int:
        """Receive the next bytes of one of the box's own sounds; how many are there."""
        return self._parts.sounds.write(upload, offset, _bytes(data))

    def clip_path(self, clip: str, recipe: str) -> Path:
        """The file of a clip, by its id, the beginning of one, or its name; or what a recipe makes of it.

        Raises NotFound, UsageError, Refused where nothing leaves the box in the clear, StorageError, Permanent,
        Transient.
        """
        if self._parts.settings.storage.encrypt_to:
            raise Refused("no service gets sound while `storage.encrypt_to` is set: what leaves the box is encrypted")
        found = self._store.clips.find(clip)
        if recipe == ORIGINAL.name:
            return self._store.clips.path(found)
        return self._parts.outbox.rendition(found, self._recipe(recipe))

    def _recipe(self, name: str) -> Recipe:
        recipes = self._store.recipes
        if name not in recipes:
            raise UsageError(f"there is no recipe {name!r}: expected any of {', '.join(recipes)}")
        return recipes[name]


def _bytes(data: str) -> bytes:
    try:
        return b64decode(data, validate=True)
    except ValueError as error:
        raise UsageError("data: found something else, expected Base64") from error

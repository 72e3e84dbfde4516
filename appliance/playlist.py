"""What plays one after the other: a pure machine beside the table, whose output is commands.

Of what plays it asks the player to have the next one ready, so that there is no gap between them. Where somebody
interrupts it, or plays something else, it goes on later where it was. One that cannot be played is passed over; a
speaker that fails holds all up.
"""

import random

from attrs import evolve

from appliance import events
from appliance.errors import TroubleKind
from appliance.events import Command, Event
from appliance.listed import PlaylistItem, Repeat
from appliance.machine import Player
from appliance.status import Status
from appliance.values import frozen

AGAIN = 3.0
"""Seconds after which `previous` begins the same one again."""

TOLD_EVERY = 30.0
"""Seconds of sound after which the position is told, to be kept."""

EMPTY = "the playlist is empty. Put something on it: `appliance playlist add PATH`"

Output = Command | Event


@frozen
class Playlist:
    """The list, and where it is."""

    items: tuple[PlaylistItem, ...] = ()
    current: int = 0
    """The one that plays, or with which it begins."""
    repeat: Repeat = Repeat.OFF
    playing: str | None = None
    """The playback that is the current one."""
    ready: str | None = None
    """The playback that follows it."""
    following: int | None = None
    """Which one that is."""
    serial: int = 0
    failed: int = 0
    """How many could not be played since the last one that could."""
    told: float = 0.0

    def react(self, input: Command | Event, status: Status) -> tuple["Playlist", tuple[Output, ...]]:
        """What it becomes after `input`, and what it asks for and tells."""
        match input:
            case events.PlaylistRestore():
                current = input.current if input.current < len(input.items) else 0
                kept = evolve(self, items=input.items, current=current, repeat=Repeat(input.repeat))
                return (self, ()) if self.items else kept._changed()
            case events.PlaylistAdd():
                return evolve(self, items=(*self.items, *input.items))._prepared(told=True)
            case events.PlaylistClear():
                stop = (events.PlayerStop(self.playing),) if self.playing else ()
                return evolve(Playlist(repeat=self.repeat, serial=self.serial))._changed(*stop)
            case events.PlaylistRepeat():
                return evolve(self, repeat=Repeat(input.mode))._prepared(told=True)
            case events.PlaylistShuffle():
                return self._shuffled(input.at)._prepared(told=True)
            case events.PlaylistToggle() if status.player is not Player.STOPPED:
                return self, ()  # the table pauses what plays, and lets it go on
            case events.PlaylistPlay() | events.PlaylistToggle():
                resume = (events.PlayerResume(self.playing),) if status.player is Player.PAUSED else ()
                return self._changed(*resume) if self.playing else self._play(self.current)
            case events.PlaylistNext():
                return self._play(self._after(self.current, by_hand=True))
            case events.PlaylistPrevious():
                return self._previous()
        return self._hear(input) if isinstance(input, Event) else (self, ())

    def _hear(self, event: Event) -> tuple["Playlist", tuple[Output, ...]]:
        named = getattr(event, "playback_id", None)
        if named is None or named not in (self.playing, self.ready):
            return self, ()
        match event:
            case events.PlaybackStarted():
                return evolve(self, failed=0, told=0.0)._prepared()
            case events.PlaybackContinues():
                done = self._at(0.0)
                moved = evolve(done, current=self.following or 0, playing=self.ready, ready=None, following=None)
                return moved._changed()
            case events.PlaybackProgress():
                at = self._at(event.position)
                if abs(event.position - self.told) < TOLD_EVERY:
                    return at, ()
                return evolve(at, told=event.position)._changed()
            case events.PlaybackPaused() | events.PlaybackWaiting():
                return self._at(event.position)._changed()
            case events.PlaybackFinished(completed=True):
                done, following = self._at(0.0), self._after(self.current)
                if following is not None:  # it was too short for the next one to be ready
                    return done._play(following)
                return evolve(done, current=0)._stopped()
            case events.PlaybackFinished() | events.CommandRefused():
                return self._stopped()
            case events.PlaybackFailed():
                return self._failed(event)
        return self, ()

    def _failed(self, event: events.PlaybackFailed) -> tuple["Playlist", tuple[Output, ...]]:
        if event.kind is TroubleKind.SYSTEM:
            return self._stopped()
        failed = evolve(self, failed=self.failed + 1)
        if event.playback_id == self.ready and self.following is not None:
            return failed._prepared(self.following)
        following = failed._after(self.current)
        if following is None or failed.failed >= len(self.items):
            return evolve(failed._at(0.0), failed=0)._stopped()
        return failed._at(0.0)._play(following)

    def _play(self, index: int | None) -> tuple["Playlist", tuple[Output, ...]]:
        if not self.items or index is None:
            why = "nothing follows on the playlist" if self.items else EMPTY
            return self, (events.NothingToPlay("", why),)
        name = f"playlist-{self.serial}"
        chosen = evolve(self, current=index, playing=name, ready=None, following=None, serial=self.serial + 1)
        return chosen._changed(_play(self.items[index], name))

    def _previous(self) -> tuple["Playlist", tuple[Output, ...]]:
        if not self.items:
            return self._play(None)
        if self.items[self.current].position > AGAIN or (self.current == 0 and self.repeat is not Repeat.ALL):
            return self._at(0.0)._play(self.current)
        before = (self.current - 1) % len(self.items)
        return evolve(self._at(0.0), current=before)._at(0.0)._play(before)

    def _prepared(self, after: int | None = None, *, told: bool = False) -> tuple["Playlist", tuple[Output, ...]]:
        """With what follows ready, behind `after` where that is given; `told` where the list has changed."""
        asked: tuple[Output, ...] = ()
        prepared = self
        if self.playing:
            following = self._after(self.current if after is None else after)
            if following is None or self.failed >= len(self.items):
                prepared = evolve(self, ready=None, following=None)
                asked = (events.PlayAfter(self.playing, None),)
            else:
                name = f"playlist-{self.serial}"
                prepared = evolve(self, ready=name, following=following, serial=self.serial + 1)
                asked = (events.PlayAfter(self.playing, _play(self.items[following], name)),)
        return prepared._changed(*asked) if told else (prepared, asked)

    def _after(self, index: int, *, by_hand: bool = False) -> int | None:
        """The one that follows by itself, or at the press of a button."""
        if self.repeat is Repeat.ONE and not by_hand:
            return index
        if index + 1 < len(self.items):
            return index + 1
        return 0 if self.items and self.repeat is Repeat.ALL else None

    def _shuffled(self, seed: float) -> "Playlist":
        """With what follows in another order; all of it, where nothing plays."""
        kept = self.current + 1 if self.playing else 0
        rest = list(self.items[kept:])
        random.Random(seed).shuffle(rest)
        return evolve(self, items=(*self.items[:kept], *rest), current=self.current if self.playing else 0)

    def _at(self, position: float) -> "Playlist":
        """With the current one at this position."""
        items = list(self.items)
        items[self.current] = evolve(items[self.current], position=position)
        return evolve(self, items=tuple(items))

    def _stopped(self) -> tuple["Playlist", tuple[Output, ...]]:
        return evolve(self, playing=None, ready=None, following=None)._changed()

    def _changed(self, *asked: Output) -> tuple["Playlist", tuple[Output, ...]]:
        return self, (*asked, events.PlaylistChanged(self.items, self.current, self.repeat))


def _play(item: PlaylistItem, name: str) -> events.Play:
    return events.Play(item.path, item.title, item.track_id, name, item.position, at_ns=item.at_ns)

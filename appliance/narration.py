"""What sounds over and over, by itself: one more pure machine beside the table, whose output is commands.

A museum's narration begins when the box does, gives way to whatever somebody wants to hear or to record, and begins
again after it. Whoever stops it by hand has quiet, until something else was played, or the box starts anew.
"""

import random
from collections.abc import Mapping

from attrs import evolve, field

from appliance import events
from appliance.config.feeds import Order
from appliance.errors import TroubleKind
from appliance.events import Command, subject
from appliance.faults import SPEAKER
from appliance.machine import Input
from appliance.models import Track
from appliance.reactions import is_free, may_free
from appliance.status import Status
from appliance.values import frozen


@frozen
class Narration:
    """Plays what these feeds have brought, round after round, each in its order, without a gap between two."""

    orders: Mapping[str, Order]
    seed: float = field(factory=random.random)
    """What the order of `random` ones comes from."""
    tracks: tuple[Track, ...] = ()
    resting: frozenset[str] = frozenset()
    """Feeds of which nothing plays in these hours."""
    current: Track | None = None
    """What plays, or played last."""
    playing: str | None = None
    """The playback that is the current one, or was asked for."""
    ready: str | None = None
    """The playback that follows it."""
    following: Track | None = None
    round: int = 0
    """How often all have sounded."""
    following_round: int = 0
    serial: int = 0
    failed: int = 0
    """How many could not be played since the last one that could."""
    held: bool = False
    """Whether somebody wants quiet, or there is no use in trying."""
    waited_for: bool = False
    """Whether a message is to play by itself, as soon as nothing else does."""

    def react(self, input: Input, status: Status) -> tuple["Narration", tuple[Command, ...]]:
        """See `appliance.reactions.Reaction`."""
        if not may_free(input):
            return self, ()
        heard, asked = self._hear(input, status)
        if heard.playing or heard.held or not is_free(status) or isinstance(input, events.CommandRefused):
            return heard, asked
        first, round = (None, heard.round) if heard.waited_for else heard._after(heard.current)
        if first is None:
            return heard, asked
        name = f"loop-{heard.serial}"
        begun = evolve(heard, current=first, playing=name, round=round, serial=heard.serial + 1)
        return begun, (*asked, events.PlayIfFree(first.path, first.title, first.id, name))

    def _hear(self, event: Input, status: Status) -> tuple["Narration", tuple[Command, ...]]:
        match event:
            case events.LoopBegins() if event.feed in self.orders:
                others = tuple(each for each in self.tracks if each.feed != event.feed)
                return evolve(self, tracks=others + event.tracks, resting=self.resting - {event.feed})._changed()
            case events.LoopRests():
                return evolve(self, resting=self.resting | {event.feed})._changed()
            case events.TrackArrived(track=track) if track.feed in self.orders:
                return evolve(self, tracks=(*self._without(track), track), held=False, failed=0)._changed()
            case events.TrackRemoved():
                return evolve(self, tracks=tuple(each for each in self.tracks if each.id != event.track_id))._changed()
            case events.TrackArrived(play_now=True) | events.TrackDue():
                return evolve(self, waited_for=True)._changed()
            case events.FaultCleared(name=SPEAKER.name):
                return evolve(self, held=self.held and not self.failed, failed=0), ()
            case events.PlaybackStarted():
                started = evolve(self, held=False, failed=0)
                if event.playback_id == self.playing:
                    return started._prepared()
                return evolve(started, waited_for=False), ()
            case events.PlaybackContinues() if self.ready and event.next_id == self.ready:
                moved = evolve(self, current=self.following, playing=self.ready, ready=None, round=self.following_round)
                return moved._prepared()
        return self._ended(event, status)

    def _ended(self, event: Input, status: Status) -> tuple["Narration", tuple[Command, ...]]:
        """What it becomes where the event ends what it plays, or what is to follow."""
        over = evolve(self, playing=None, ready=None, following=None)
        match event:
            case events.PlaybackFailed() if self.ready and event.playback_id == self.ready and self.following:
                return evolve(self, tracks=self._without(self.following), ready=None)._prepared()
            case events.PlaybackFailed() if self.playing and event.playback_id == self.playing and self.current:
                if event.kind is TroubleKind.SYSTEM:
                    return evolve(over, held=True, failed=self.failed + 1), ()
                return evolve(over, tracks=self._without(self.current)), ()
            case events.PlaybackFinished() if self.playing and event.playback_id == self.playing:
                by_hand = not event.completed and not event.given_up and is_free(status)
                return evolve(over, held=self.held or by_hand), ()
            case events.CommandRefused() if self.playing and subject(event) == self.playing:
                return over, ()
        return self, ()

    def _changed(self) -> tuple["Narration", tuple[Command, ...]]:
        return self._prepared() if self.playing and self.current else (self, ())

    def _prepared(self) -> tuple["Narration", tuple[Command, ...]]:
        """With what follows ready; nothing, where something else is waited for."""
        assert self.playing
        following, round = (None, self.round) if self.waited_for else self._after(self.current)
        if following is None:
            return evolve(self, ready=None, following=None), (events.PlayAfter(self.playing, None),)
        name = f"loop-{self.serial}"
        wish = events.Play(following.path, following.title, following.id, name)
        prepared = evolve(self, ready=name, following=following, following_round=round, serial=self.serial + 1)
        return prepared, (events.PlayAfter(self.playing, wish),)

    def _after(self, track: Track | None) -> tuple[Track | None, int]:
        """What sounds behind `track`, and in which round; None where there is nothing."""
        circle = self._circle(self.round)
        ids = [each.id for each in circle]
        if track is None or track.id not in ids:
            return (circle[0] if circle else None), self.round
        at = ids.index(track.id) + 1
        if at < len(circle):
            return circle[at], self.round
        again = self._circle(self.round + 1)
        return again[len(again) > 1 and again[0].id == track.id], self.round + 1

    def _circle(self, round: int) -> list[Track]:
        """All that sound in a round, in their order."""
        circle: list[Track] = []
        for feed, order in self.orders.items():
            tracks = sorted((each for each in self.tracks if each.feed == feed), key=lambda each: each.id)
            if order is Order.NEWEST:
                tracks.reverse()
            elif order is Order.RANDOM:
                random.Random(f"{self.seed} {round} {feed}").shuffle(tracks)
            circle += tracks if feed not in self.resting else []
        return circle

    def _without(self, track: Track) -> tuple[Track, ...]:
        """All but this one, and what its feed had brought under the same key."""
        return tuple(each for each in self.tracks if (each.feed, each.key) != (track.feed, track.key))

"""What is played where somebody asks for a message or a recording without naming one."""

from collections.abc import Callable, Mapping
from functools import partial

from appliance.errors import StorageError
from appliance.events import (
    NothingToPlay,
    Play,
    PlaybackFailed,
    PlaylistAdd,
    PlaylistClear,
    PlaylistPlay,
)
from appliance.machine import Do, Effect, Input
from appliance.player_verbs import MOST_TRACKS
from appliance.store import Message, Store

_NO_MESSAGE = "there is no message to play. `appliance play recording` plays what was recorded last"
_NOTHING_RECORDED = "there is nothing to play: nothing was recorded yet"
_NOTHING_APPROVED = "there is no other recording that is approved. `appliance clips approve CLIP` approves of one"
_NO_RECORDING = {
    Do.CHOOSE_NEW: "every message was heard. `appliance play latest` plays the newest",
    Do.CHOOSE_RECORDING: _NOTHING_RECORDED,
    Do.CHOOSE_RANDOM: _NOTHING_RECORDED,
    Do.CHOOSE_ALL: _NOTHING_RECORDED,
    Do.CHOOSE_EARLIER: "nothing was recorded before. `appliance play recording` plays the last",
}
_FOR_OTHERS = (Do.CHOOSE_RANDOM, Do.CHOOSE_ALL, Do.CHOOSE_EARLIER)
"""What somebody may hear who has recorded none of it."""


class Choosing:
    """Looks for what is to be played, on the store's thread, and asks for that."""

    def __init__(
        self,
        store: Store,
        post: Callable[[Input], None],
        on_store: Callable[[Callable[[], None]], None],
        orders: Mapping[str, str] | None,
        only_approved: bool,
    ) -> None:
        """`orders` says of feeds in which order their messages play, `only_approved` whether recordings must have been
        approved. `on_store` does something there.
        """
        self._store = store
        self._post = post
        self._on_store = on_store
        self._orders = orders
        self._only_approved = only_approved
        self._track_id: int | None = None
        """The message that was played last, where it was one."""
        self._name = ""
        """What was played last, as its file is called."""

    def played(self, play: Play) -> None:
        """This one is played now."""
        self._track_id, self._name = play.track_id, play.path.stem

    def table(self) -> Mapping[Do, Callable[[Effect], None]]:
        """What starts each effect that is a choice."""
        inbox, clips = self._store.inbox, self._store.clips
        return {
            Do.CHOOSE_NEXT: lambda effect: self._choose(effect, self._next_message),
            Do.CHOOSE_NEW: lambda effect: self._choose(effect, inbox.new_message),
            Do.CHOOSE_FOLLOWING: lambda effect: self._choose(effect, self._next_message, self._track_id),
            Do.CHOOSE_AGAIN: lambda effect: self._choose(effect, inbox.again, self._track_id),
            Do.CHOOSE_PREVIOUS: lambda effect: self._choose(effect, inbox.previous, self._track_id),
            Do.CHOOSE_LATEST: lambda effect: self._choose(effect, inbox.latest),
            Do.CHOOSE_RECORDING: lambda effect: self._choose(effect, clips.latest),
            Do.CHOOSE_EARLIER: lambda effect: self._choose(effect, clips.earlier, self._name, self._only_approved),
            Do.CHOOSE_RANDOM: lambda effect: self._choose(effect, clips.at_random, self._name, self._only_approved),
            Do.CHOOSE_ALL: lambda effect: self._on_store(partial(self._choose_all, effect)),
        }

    def _choose(self, effect: Effect, choice: Callable[..., Message | None], *of: int | str | None) -> None:
        def play() -> None:
            try:
                message = choice(*of)
            except StorageError as error:
                self._post(PlaybackFailed(effect.id, str(error), error=type(error).__name__))
                raise
            if message:
                path, title, track_id, feed, at_ns = message
                self._post(Play(path, title, track_id, effect.id, feed=feed, at_ns=at_ns))
            else:
                self._tell_of_nothing(effect)

        self._on_store(play)

    def _next_message(self, after: int | None = None) -> Message | None:
        return self._store.inbox.next_message(after, self._orders)

    def _choose_all(self, effect: Effect) -> None:
        items = self._store.clips.all_recordings(MOST_TRACKS, self._only_approved)
        if not items:
            self._tell_of_nothing(effect)
            return
        for command in (PlaylistClear(), PlaylistAdd(items), PlaylistPlay()):
            self._post(command)

    def _tell_of_nothing(self, effect: Effect) -> None:
        for_others = self._only_approved and effect.do in _FOR_OTHERS
        why = _NOTHING_APPROVED if for_others else _NO_RECORDING.get(effect.do, _NO_MESSAGE)
        self._post(NothingToPlay(effect.id, why))

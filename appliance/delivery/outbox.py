"""The outbox: every clip on its way to every destination, each destination at its own pace."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.audio.growing import GrowingTake
from appliance.clock import Clock
from appliance.config.routing import goes_to
from appliance.delivery.destination import Destination
from appliance.delivery.pace import RateLimit
from appliance.delivery.worker import Worker
from appliance.events import Command, DeliveryCancelled, DeliveryProgress, Event
from appliance.models import Clip, DeliveryState, Rendition
from appliance.plugin.upload import live_backend
from appliance.recipes import Recipe
from appliance.renditions.maker import Renditions
from appliance.retry import Streak
from appliance.store import Store
from appliance.vitals import Vitals

if TYPE_CHECKING:
    from appliance.delivery.live import Live
    from appliance.delivery.verify import Checked
    from appliance.delivery.withdrawal import Proof

__all__ = ["Destination", "Outbox"]

_OPEN = (DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.PARKED)


class Outbox:
    """Delivers what the store holds for the destinations; what waits for any other stays in the store.

    Destinations never wait for each other. `random` gives numbers of [0, 1) for the jitter of waits.
    """

    def __init__(
        self,
        store: Store,
        destinations: Mapping[str, Destination],
        clock: Clock,
        post: Callable[[Command | Event], None],
        vitals: Vitals,
        random: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self._clock = clock
        self._post = post
        self._destinations = destinations
        self._renditions = Renditions(store, clock)
        self._workers: dict[str, Worker] = {}
        self._lives: dict[str, Live] = {}
        self._only = {name: destination.settings.only for name, destination in destinations.items()}
        for name, destination in destinations.items():
            most = destination.settings.rate_limit
            limit = RateLimit(most, clock) if most is not None else None
            finish_live = None
            if backend := live_backend(destination.backend):
                from appliance.delivery import live

                sender = live.Live(store, name, destination.settings, backend, limit, clock, post, vitals, random)
                self._lives[name], finish_live = sender, sender.finish
            self._workers[name] = Worker(
                store, destination, self._renditions, clock, post, vitals, random, limit, finish_live
            )

    def start(self) -> None:
        """Begin to deliver what waits. What was parked is tried again: the configuration may be another one."""
        for _, part in self._parts():
            part.start()

    def follow(self, take: GrowingTake) -> None:
        """A take has begun: destinations that send live begin with it. From any thread; returns at once."""
        for name, live in self._lives.items():
            if goes_to(name, self._only[name], take.begin.begun, take.begin.fields):
                live.follow(take)

    def wake(self, destination: str | None = None) -> None:
        """Look for work at once, at one destination or all, even where a failure made it wait.

        For whoever queued something, or asks for another try. From any thread, that of the store included; returns at
        once.
        """
        for name, part in self._parts():
            if destination in (None, name):
                part.wake()

    def hurry(self) -> None:
        """End the waits of everything that failed, of what is parked too: a login page may have refused it.

        For whoever knows that the reason of failures is gone: the network is back, the clock is set. From any thread;
        returns at once.
        """
        self._store.submit(self._store.outbox.hurry).add_done_callback(self._hope)

    def _hope(self, _: object) -> None:
        for _, part in self._parts():
            part.wake(hope=True)

    def cancel(self, clip_id: str, destination: str | None = None, deleting: Callable[[], object] | None = None) -> int:
        """Take back the deliveries of a clip that have not arrived, the running ones included; how many.

        `deleting` deletes the clip, which takes them back with it: where that fails, or the power does, they go on as
        before. Raises what it raises.
        """
        return self._store.submit(lambda: self._cancel(clip_id, destination, deleting)).result()

    def _cancel(self, clip_id: str, destination: str | None, deleting: Callable[[], object] | None) -> int:
        found = self._store.outbox.find(clip_id=clip_id, destination=destination, states=_OPEN)
        if deleting:
            deleting()
        else:
            self._store.outbox.cancel(clip_id, destination)
        for delivery in found:
            self._post(DeliveryCancelled(clip_id, delivery.destination))
            self._renditions.finished(clip_id, delivery.recipe)
        for worker in self._workers.values():
            worker.cancel({delivery.id for delivery in found})
        return len(found)

    def progress(self) -> tuple[DeliveryProgress, ...]:
        """What is being sent right now, and how far it is."""
        found = [progress for _, part in self._parts() for progress in part.progress()]
        # An attempt that waits for the part that is still sent live tells nothing new: live ones come first.
        return tuple({(each.clip_id, each.destination): each for each in reversed(found)}.values())[::-1]

    def failing(self) -> dict[str, tuple[Streak, float]]:
        """For each destination, what has failed since anything arrived, and the seconds until the next attempt."""
        return {name: worker.failing() for name, worker in self._workers.items()}

    def verify(self, clip_ids: Sequence[str] | None, destination: str | None, *, resend: bool) -> "Iterator[Checked]":
        """Look again at what has arrived, as `Verifier.look`, on the caller's thread."""
        from appliance.delivery.verify import Verifier

        for checked in Verifier(self._store, self._destinations).look(clip_ids, destination, resend=resend):
            if checked.resent:
                self.wake(checked.destination)
            yield checked

    def withdraw(self, clip: Clip, code: str) -> "Proof":
        """Delete what was delivered of a clip, as `Withdrawals.withdraw`, on the caller's thread."""
        from appliance.delivery.withdrawal import Withdrawals

        running = {each.destination for each in self.progress() if each.clip_id == clip.id}
        return Withdrawals(self._store, self._destinations, self._clock).withdraw(clip, code, running)

    def rendition(self, clip: Clip, recipe: Recipe) -> Path:
        """What a recipe makes of a clip, as destinations get it; on the caller's thread. Raises as `prepare` does."""
        return self._renditions.prepare(clip, recipe).path

    def prepared(self, clip: Clip, recipe: Recipe, check: Callable[[], None]) -> Rendition:
        """The same with what is known of it; `check` is called often, and may raise to end it."""
        return self._renditions.prepare(clip, recipe, check)

    def close(self, timeout: float = 2.0) -> None:
        """Stop: running attempts are cancelled and their deliveries wait for the next start.

        A backend that does not come back in time is left behind.
        """
        until = self._clock.monotonic() + timeout
        for _, part in self._parts():
            part.stop()
        for name, worker in self._workers.items():
            live = self._lives.get(name)
            ended = live is None or live.join(max(0.0, until - self._clock.monotonic()))
            worker.join(max(0.0, until - self._clock.monotonic()), live_ended=ended)

    def _parts(self) -> list[tuple[str, "Live | Worker"]]:
        """Everything that sends, with the name of its destination."""
        return [*self._lives.items(), *self._workers.items()]

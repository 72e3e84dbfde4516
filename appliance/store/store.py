"""The store as the rest of the appliance knows it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TypeVar

from appliance import events
from appliance.clock import Clock
from appliance.codec import from_json
from appliance.errors import StorageError
from appliance.models import Clip, Delivery, DeliveryState, Receipt, Rendition, RenditionKind, Track
from appliance.store.catalogue import Catalogue
from appliance.store.clips import clip_in
from appliance.store.deletion import delete_clip
from appliance.store.keeper import Keeper, Post
from appliance.store.messages import Message, latest, next_message
from appliance.store.places import Places
from appliance.store.upkeep import Upkeep
from appliance.vitals import Vitals

T = TypeVar("T")


class Store:
    """Clips, their deliveries and the inbox, kept so that nothing is lost.

    Any method may be called from any thread: it runs on the store thread, directly where the caller is on it already
    (inside `submit`), and returns when it is done. What it wrote is on the disk by then. Each may raise StorageError:
    the disk is full, read-only or broken, or the store is not open.
    """

    def __init__(self, directory: Path, clock: Clock, post: Post, vitals: Vitals) -> None:
        self._places = Places(directory)
        self._clock = clock
        self._post = post
        self._keeper = Keeper(self._places, post, vitals)
        self.upkeep = Upkeep(self._places, self._keeper, post)
        self.takes_directory = self._places.takes
        self.clips_directory = self._places.clips
        self.inbox_directory = self._places.inbox
        self.renditions_directory = self._places.renditions
        self.quarantine_directory = self._places.quarantine

    # -- life ----------------------------------------------------------------------------------------------------------

    def set_destinations(self, wanted: Mapping[str, RenditionKind]) -> None:
        """Which destinations clips that are new to the catalogue go to, and as what. Call it before `start`."""
        self._keeper.wanted = dict(wanted)

    def start(self) -> None:
        """Lock the directory, open the catalogue and finish what the last run left behind.

        A catalogue that is missing or broken is made anew from the clips; a broken one goes to quarantine. Posts
        ClipFinished for each take that became a clip, then QueueChanged and InboxChanged. Raises AlreadyRunning where
        another appliance uses the directory.
        """
        self._keeper.start()

    def close(self, timeout: float = 4.0) -> None:
        """Finish what was submitted, close the catalogue, let go of the directory. Raises Stuck on a hang."""
        self._keeper.close(timeout)

    def submit(self, work: Callable[[], T]) -> "Future[T]":
        """Run `work` on the store thread, after everything submitted before; returns at once."""
        return self._keeper.submit(work)

    # -- clips ---------------------------------------------------------------------------------------------------------

    def adopt(self, take_id: str) -> Clip:
        """Make a sealed take a clip with its deliveries; posts ClipFinished. Harmless when repeated.

        Raises NotFound where there is no such take, sealed or adopted.
        """

        def work(catalogue: Catalogue) -> Clip:
            try:
                return self._keeper.adopt(catalogue, take_id)
            except ValueError as error:
                raise StorageError(
                    f"take {take_id} cannot become a clip: {error}. It is kept; restart the appliance to have it mended"
                ) from error

        return self._keeper.use(work)

    def clip(self, reference: str) -> Clip:
        """The clip of this name, id or unambiguous beginning of an id. Raises NotFound."""
        return self._keeper.use(lambda catalogue: catalogue.clips.find(reference))

    def clips(
        self,
        since_ns: int | None = None,
        until_ns: int | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> list[Clip]:
        """Clips that started in [since, until) by wall time, newest first: those behind the clip with the id `after`.

        Raises NotFound where there never was such a clip.
        """
        bodies = self._keeper.use(lambda catalogue: list(catalogue.clips.bodies(since_ns, until_ns, limit, after)))
        try:
            return [from_json(body, Clip) for body in bodies]
        except ValueError:
            return self._keeper.use(lambda _: [clip_in(body) for body in bodies])  # where it counts as damage

    def clip_path(self, clip: Clip) -> Path:
        """The clip's audio file."""
        return self._places.audio(clip.name)

    def delete_clip(self, clip_id: str, reason: str) -> None:
        """Remove the clip's files, cancel what is still to be delivered of it, and keep a tombstone.

        Posts ClipDeleted. Should the power go in between, the next start finishes it. Raises NotFound.
        """

        def work(catalogue: Catalogue) -> None:
            delete_clip(self._places, catalogue, clip_id, self._clock.wall_ns(), reason)
            self._post(events.ClipDeleted(clip_id, reason))
            self._keeper.tell(catalogue)

        self._keeper.use(work)

    def rendition(self, clip_id: str, kind: RenditionKind) -> Rendition | None:
        """What `add_rendition` kept for a clip."""
        return self._keeper.use(lambda catalogue: catalogue.clips.rendition(clip_id, kind))

    def add_rendition(self, rendition: Rendition) -> None:
        """Keep a rendition, in place of an older one of its kind. Raises NotFound where the clip is gone."""
        self._keeper.change(lambda catalogue: catalogue.clips.add_rendition(rendition))

    # -- deliveries ----------------------------------------------------------------------------------------------------

    def enqueue(self, clip_ids: Sequence[str], destination: str, kind: RenditionKind) -> int:
        """Add a delivery for each clip that has none to this destination, in whatever state; how many were added."""
        return self._keeper.change(lambda catalogue: catalogue.outbox.enqueue(clip_ids, destination, kind))

    def take_next(self, destination: str, order: str, *, now: float) -> Delivery | None:
        """Claim what goes next to a destination, if anything is due at `now` (CLOCK_MONOTONIC).

        `order` is `oldest` or `newest`. It is SENDING until one of the five methods below ends that; `attempts`
        counts this one. What was tried before goes behind what was not, so that no clip starves the others.
        """
        return self._keeper.change(lambda catalogue: catalogue.outbox.take_next(destination, order, now))

    def next_due(self, destination: str) -> float | None:
        """When `take_next` will find something: CLOCK_MONOTONIC, 0.0 for at once, None for nothing pending."""
        return self._keeper.use(lambda catalogue: catalogue.outbox.next_due(destination))

    def delivered(self, delivery_id: int, receipt: Receipt) -> None:
        """It arrived. True even of what was cancelled too late: the receipt counts."""
        self._keeper.change(lambda catalogue: catalogue.outbox.delivered(delivery_id, receipt))

    def correct_receipt(self, delivery_id: int, receipt: Receipt) -> None:
        """A second look at what had arrived has shown something else."""
        self._keeper.change(lambda catalogue: catalogue.outbox.correct_receipt(delivery_id, receipt))

    def redeliver(self, delivery_id: int) -> bool:
        """Queue anew what had arrived and was lost there; False where its clip is gone from here as well."""
        return self._keeper.change(lambda catalogue: catalogue.outbox.redeliver(delivery_id))

    def postponed(self, delivery_id: int, error: str, until: float) -> None:
        """Try again when CLOCK_MONOTONIC of this run reaches `until`, or in the next run."""
        self._keeper.change(lambda catalogue: catalogue.outbox.postponed(delivery_id, error, until))

    def parked(self, delivery_id: int, error: str) -> None:
        """Not again before a person has acted."""
        self._keeper.change(lambda catalogue: catalogue.outbox.parked(delivery_id, error))

    def released(self, delivery_id: int) -> None:
        """The attempt was broken off by us and counts for nothing."""
        self._keeper.change(lambda catalogue: catalogue.outbox.released(delivery_id))

    def cancel(self, clip_id: str, destination: str | None = None) -> list[int]:
        """Take back what has not arrived; ids of the deliveries. An attempt that is running is the caller's to stop."""
        return self._keeper.change(lambda catalogue: catalogue.outbox.cancel(clip_id, destination))

    def save_resume(self, delivery_id: int, note: dict[str, object] | None) -> None:
        """Keep the backend's note for the next attempt; None forgets it."""
        self._keeper.change(lambda catalogue: catalogue.outbox.save_resume(delivery_id, note))

    def save_live(self, take_id: str, destination: str, note: dict[str, object] | None) -> None:
        """Keep the note of what was sent of a take while it is recorded; None forgets it.

        It becomes the note of the delivery once the take is a clip that goes there, be it after a crash.
        """
        self._keeper.change(lambda catalogue: catalogue.live.save(take_id, destination, note))

    def live_notes(self, destination: str) -> dict[str, dict[str, object]]:
        """Notes of takes that are not clips with a delivery there, by take."""
        return self._keeper.use(lambda catalogue: catalogue.live.notes(destination))

    def retry(self, destination: str | None = None, clip_id: str | None = None) -> int:
        """Make what is parked or waits for its time due at once; how many that were."""
        return self._keeper.change(lambda catalogue: catalogue.outbox.retry(destination, clip_id))

    def hurry(self) -> None:
        """Make everything due at once that waits for its time, and not what is parked."""
        self._keeper.change(lambda catalogue: catalogue.outbox.hurry())

    def deliveries(
        self,
        clip_id: str | None = None,
        destination: str | None = None,
        states: Collection[DeliveryState] | None = None,
        limit: int | None = None,
        after: int = 0,
    ) -> list[Delivery]:
        """Deliveries in the order in which they were queued, which is that of their ids: those above `after`.

        Those of deleted clips are included.
        """
        return self._keeper.use(lambda catalogue: catalogue.outbox.find(clip_id, destination, states, limit, after))

    def delivery_counts(self) -> dict[str, dict[DeliveryState, int]]:
        """How many deliveries each destination has in each state; costs the same however many there are."""
        return self._keeper.use(lambda catalogue: catalogue.outbox.counts())

    # -- inbox ---------------------------------------------------------------------------------------------------------

    def add_track(self, feed: str, key: str, title: str, path: Path, size: int, sha256: str) -> Track:
        """Enter a file of the inbox; a track of the same feed and key gives way to it. Posts InboxChanged."""
        at_ns = self._clock.wall_ns()
        return self._keeper.change(lambda catalogue: catalogue.tracks.add(feed, key, title, path, size, sha256, at_ns))

    def tracks(self, feed: str | None = None) -> list[Track]:
        """Tracks in the order of arrival."""
        return self._keeper.use(lambda catalogue: catalogue.tracks.all(feed))

    def has_track(self, feed: str, key: str) -> bool:
        """Whether the item of the feed was pulled."""
        return self._keeper.use(lambda catalogue: catalogue.tracks.has(feed, key))

    def note(self, feed: str, key: str) -> dict[str, object]:
        """What `save_note` kept for an item last, or an empty dict."""
        return self._keeper.use(lambda catalogue: catalogue.tracks.note(feed, key))

    def save_note(self, feed: str, key: str, note: dict[str, object]) -> None:
        """Keep a feed's note about one of its items."""
        self._keeper.change(lambda catalogue: catalogue.tracks.save_note(feed, key, note))

    def mark_played(self, track_id: int) -> None:
        """Somebody has heard the track. Posts InboxChanged."""
        self._keeper.change(lambda catalogue: catalogue.tracks.mark_played(track_id))

    def unheard(self) -> int:
        """How many tracks nobody has heard yet."""
        return self._keeper.use(lambda catalogue: catalogue.tracks.unheard())

    def next_message(self) -> Message | None:
        """The oldest track not heard yet, else the newest track, else the newest clip; of those whose file is there."""
        return self._keeper.use(lambda catalogue: next_message(self._places, catalogue))

    def latest(self) -> Message | None:
        """The newest of all clips and tracks."""
        return self._keeper.use(lambda catalogue: latest(self._places, catalogue))

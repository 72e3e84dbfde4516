"""The rooms of the store: what may be asked of the clips and the outbox, from any thread."""

import random
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path

from attrs import evolve

from appliance import events
from appliance.circumstances import Begun
from appliance.clock import Clock
from appliance.codec import from_json
from appliance.errors import StorageError
from appliance.listed import PlaylistItem
from appliance.models import Clip, Rendition
from appliance.store.access import Access, Post
from appliance.store.catalogue import Catalogue
from appliance.store.clips import ClipRows, clip_in
from appliance.store.deletion import delete_clip, destroy_clip, restore_clip, trash_clip
from appliance.store.kept import keep_encrypted, plain_names
from appliance.store.live import LiveNotes
from appliance.store.messages import Message, recording_of
from appliance.store.outbox import OutboxRows
from appliance.store.places import Places
from appliance.store.room import Room, change, read
from appliance.store.search import APPROVED, UNDECIDED, Search, is_undecided
from appliance.store.sidecars import freshen
from appliance.store.trash import Trashed
from appliance.store.trouble import storage_errors


class Clips(Room[ClipRows]):
    """What was recorded, and the renditions made of it."""

    def __init__(self, access: Access, places: Places, clock: Clock, post: Post) -> None:
        super().__init__(access, lambda catalogue: catalogue.clips)
        self._places = places
        self._clock = clock
        self._post = post

    find = read(ClipRows.find)
    count = read(ClipRows.count)
    number = read(ClipRows.number)
    parts = read(ClipRows.parts)
    by_field = read(ClipRows.by_field)
    rendition = read(ClipRows.rendition)
    add_rendition = change(ClipRows.add_rendition)

    def path(self, clip: Clip, trashed: bool = False) -> Path:
        """The clip's audio file; where that alone is kept, or is in the trash, the encrypted one."""
        if not trashed:
            return self._places.sound(clip.name)
        there = [self._places.trash / each(clip.name).name for each in (self._places.audio, self._places.encrypted)]
        return next((path for path in there if path.exists()), there[0])

    def plain_names(self) -> list[str]:
        """Names of the clips whose sound lies there in the clear, the oldest first; on the caller's thread."""
        with storage_errors(self._places.clips):
            return plain_names(self._places)

    def keep_encrypted(self, clip: Clip, made: Rendition, wanted: Iterable[str]) -> bool:
        """Let `made`, which is durable, be all that is kept of its sound; whether it is. See `store.kept`."""

        def work(catalogue: Catalogue) -> bool:
            return keep_encrypted(self._places, catalogue, clip, made, wanted)

        return self.access.use(work)

    def newest_first(
        self,
        since_ns: int | None = None,
        until_ns: int | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> list[Clip]:
        """Clips that started in [since, until) by wall time: those behind the clip with the id `after`.

        Raises NotFound where there never was such a clip.
        """
        return self._read(lambda catalogue: list(catalogue.clips.bodies(since_ns, until_ns, limit, after)))

    def search(self, search: Search, limit: int, after: str | None = None) -> list[Clip]:
        """Clips that are looked for: those behind the clip with the id `after`. The last entered are the first, or the
        newest where nothing but a time is given.

        Raises NotFound where there never was such a clip.
        """
        if not search.is_narrow:
            return self.newest_first(search.since_ns, search.until_ns, limit, after)
        return self._read(lambda catalogue: list(islice(catalogue.search.bodies(search, after), limit)))

    def _read(self, bodies: Callable[[Catalogue], list[str]]) -> list[Clip]:
        """Clips of rows, read on the thread of whoever asks, as there may be many."""
        try:
            return [from_json(body, Clip) for body in self.access.use(bodies)]
        except ValueError:  # on the store's thread that counts as damage
            return self.access.use(lambda catalogue: list(map(clip_in, bodies(catalogue))))

    def undecided(self) -> int:
        """How many drafts somebody has still to keep or to delete."""
        return self.access.use(lambda catalogue: catalogue.search.count(UNDECIDED))

    def labels(self) -> list[str]:
        """Every label that some clip has."""
        return self.access.use(lambda catalogue: catalogue.search.labels())

    def say(self, clip_id: str, **said: object) -> Clip:
        """Change what is said of a clip: `title`, `labels`, `starred`, `approved`, `note`, `marks`. Catalogue and
        sidecar change, name and sound do not. Posts ClipDescribed. Raises NotFound.
        """

        def work(catalogue: Catalogue) -> Clip:
            with catalogue.transaction():
                clip = catalogue.said.change(clip_id, **said)
            self._post(events.ClipDescribed(clip))
            freshen(self._places, catalogue)
            return clip

        return self.access.use(work)

    def adopt(self, take_id: str) -> Clip:
        """Make a sealed take a clip with its deliveries; posts ClipFinished. Harmless when repeated.

        Raises NotFound where there is no such take, sealed or adopted.
        """

        def work(catalogue: Catalogue) -> Clip:
            try:
                return self.access.adopt(catalogue, take_id)
            except ValueError as error:
                raise StorageError(
                    f"take {take_id} cannot become a clip: {error}. It is kept; restart the appliance to have it mended"
                ) from error

        return self.access.use(work)

    def latest(self) -> Message | None:
        """What was recorded last."""
        return self.access.use(lambda catalogue: self._heard(catalogue, catalogue.clips.newest_first()))

    def all_recordings(self, most: int, approved: bool = False) -> tuple[PlaylistItem, ...]:
        """What was recorded, the oldest first; of more than `most` the newest. With `approved` that alone."""

        def work(catalogue: Catalogue) -> tuple[PlaylistItem, ...]:
            names = list(islice(catalogue.clips.newest_first(APPROVED if approved else None), most))[::-1]
            paths = ((self._places.sound(name), name) for name in names)
            return tuple(
                PlaylistItem(path, name, at_ns=catalogue.clips.began_ns(name)) for path, name in paths if path.exists()
            )

        return self.access.use(work)

    def earlier(self, name: str, approved: bool = False) -> Message | None:
        """What was recorded before the clip of that name, or last where there is none of that name.

        With `approved` of what a person approved of alone.
        """

        def work(catalogue: Catalogue) -> Message | None:
            names = list(catalogue.clips.newest_first(APPROVED if approved else None))
            return self._heard(catalogue, names[names.index(name) + 1 :] if name in names else names)

        return self.access.use(work)

    def at_random(self, name: str, approved: bool = False) -> Message | None:
        """Any recording; the one of that name only where there is no other. With `approved` of those alone."""

        def work(catalogue: Catalogue) -> Message | None:
            names = list(catalogue.clips.newest_first(APPROVED) if approved else catalogue.clips.names())
            random.shuffle(names)
            return self._heard(catalogue, sorted(names, key=lambda each: each == name))

        return self.access.use(work)

    def _heard(self, catalogue: Catalogue, names: Iterable[str]) -> Message | None:
        return recording_of(self._places, names, catalogue.clips.began_ns)

    def release(self, clip_id: str, destinations: tuple[str, ...] | None) -> None:
        """Let a draft, with all parts of its recording, go to these destinations, or to all. Raises NotFound."""

        def work(catalogue: Catalogue) -> None:
            with catalogue.transaction():
                clip = catalogue.clips.get(clip_id)
                begun = evolve(clip.begun if clip and clip.begun else Begun(), destinations=destinations, draft=False)
                others = {part.id for part in catalogue.clips.parts(clip_id) if is_undecided(part)} - {clip_id}
                for part in (clip_id, *sorted(others)):
                    catalogue.send(catalogue.said.change(part, begun=begun), self.access.wanted)
            freshen(self._places, catalogue)
            self.access.tell(catalogue)

        self.access.use(work)

    def delete(self, clip_id: str, reason: str) -> None:
        """Remove the clip's files, cancel what is still to be delivered of it, and keep a tombstone.

        Posts ClipDeleted. Should the power go in between, the next start finishes it. Raises NotFound.
        """

        def work(catalogue: Catalogue) -> None:
            delete_clip(self._places, catalogue, clip_id, self._clock.wall_ns(), reason)
            self._post(events.ClipDeleted(clip_id, reason))
            self.access.tell(catalogue)

        self.access.use(work)

    def trash(self, clip_id: str) -> None:
        """As `delete` on a person's word, but the files go to the trash, from where `restore` brings the clip back."""

        def work(catalogue: Catalogue) -> None:
            trash_clip(self._places, catalogue, clip_id, self._clock.stamp(), "deleted by hand")
            self._post(events.ClipDeleted(clip_id, "deleted by hand; it is in the trash"))
            self.access.tell(catalogue)

        self.access.use(work)

    def drop(self, clip_id: str) -> None:
        """Have a recording with all its parts go to the trash, as `trash` does with each."""

        def work(catalogue: Catalogue) -> None:
            for part in catalogue.clips.parts(clip_id):
                self.trash(part.id)

        self.access.use(work)

    def restore(self, reference: str) -> Clip:
        """Bring a clip back from the trash, with its deliveries; posts ClipRestored. Raises NotFound."""

        def work(catalogue: Catalogue) -> Clip:
            clip = catalogue.trash.find(reference)
            restore_clip(self._places, catalogue, clip)
            self._post(events.ClipRestored(clip))
            self.access.tell(catalogue)
            return clip

        return self.access.use(work)

    def trashed(self) -> list[Trashed]:
        """What is in the trash, the oldest first."""
        return self.access.use(lambda catalogue: catalogue.trash.all())

    def find_trashed(self, reference: str) -> Clip:
        """The clip in the trash of this name, id or beginning of an id. Raises NotFound, which says why."""
        return self.access.use(lambda catalogue: catalogue.trash.find(reference))

    def destroy(self, clip: Clip) -> None:
        """Remove a clip from the trash for good. Should the power go in between, the next start finishes it."""
        self.access.use(lambda catalogue: destroy_clip(self._places, catalogue, clip))


class _Live(Room[LiveNotes]):
    """What was sent of takes while they are recorded."""

    save_live = change(LiveNotes.save)
    live_notes = read(LiveNotes.notes)


class Outbox(Room[OutboxRows]):
    """Which clip still has to go where, and what has arrived."""

    def __init__(self, access: Access) -> None:
        super().__init__(access, lambda catalogue: catalogue.outbox)
        live = _Live(access, lambda catalogue: catalogue.live)
        self.save_live, self.live_notes = live.save_live, live.live_notes

    enqueue = change(OutboxRows.enqueue)
    take_next = change(OutboxRows.take_next)
    next_due = read(OutboxRows.next_due)
    delivered = change(OutboxRows.delivered)
    correct_receipt = change(OutboxRows.correct_receipt)
    redeliver = change(OutboxRows.redeliver)
    postponed = change(OutboxRows.postponed)
    noted = change(OutboxRows.noted)
    parked = change(OutboxRows.parked)
    released = change(OutboxRows.released)
    go_as = change(OutboxRows.go_as)
    cancel = change(OutboxRows.cancel)
    save_resume = change(OutboxRows.save_resume)
    retry = change(OutboxRows.retry)
    hurry = change(OutboxRows.hurry)
    forget = change(OutboxRows.forget)
    go_again = change(OutboxRows.go_again)
    find = read(OutboxRows.find)
    of_each = read(OutboxRows.of_each)
    counts = read(OutboxRows.counts)
    queue = read(OutboxRows.queue)

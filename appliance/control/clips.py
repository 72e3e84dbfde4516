"""What can be asked about clips and their deliveries; called `clips.list` and so on, on the wire."""

import os
from base64 import b64encode
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from attrs import evolve

from appliance.arguments import check_meant
from appliance.circumstances import GREETING_RECORD
from appliance.circumstances import WITHDRAWAL_CODE as CODE
from appliance.codec import to_plain
from appliance.config.routing import goes_to
from appliance.config.settings import DestinationSettings, Settings
from appliance.delivery.outbox import Outbox
from appliance.errors import NotFound, Refused, StorageError, UsageError
from appliance.models import Clip, Mark
from appliance.phrases import duration
from appliance.store import Search, Store, Trashed
from appliance.verbs import MOST_BYTES, MOST_LABELS, PAGE

if TYPE_CHECKING:
    from appliance.delivery.verify import Checked
    from appliance.delivery.withdrawal import Proof

_NEAR = 0.05
"""Seconds that a person may be beside a mark that is to be taken away."""

_VISIT_NS = 86_400 * 10**9
"""No guest stays longer."""


class ClipMethods:
    """The calls. Each runs on its connection's own thread."""

    def __init__(
        self,
        store: Store,
        outbox: Outbox,
        settings: Settings,
        troubles: Callable[[], Mapping[str, str]],
    ) -> None:
        """`troubles` tells why nothing goes to a destination at all, by its name."""
        self._store = store
        self._outbox = outbox
        self._destinations = settings.destinations
        self._sent_as = settings.sent_as
        self._troubles = troubles

    def table(self) -> dict[str, Callable[..., object]]:
        """Every call by its name on the wire."""
        return {
            "clips.list": self.find,
            "clips.count": self._store.clips.count,
            "clips.show": self.show,
            "clips.parts": self.parts,
            "clips.read": self.read,
            "clips.delete": self.delete,
            "clips.trash": self.trash,
            "clips.withdraw": self.withdraw,
            "clips.restore": self.restore,
            "clips.deliver": self.deliver,
            "clips.retry": self.retry,
            "clips.forget": self.forget,
            "clips.verify": self.verify,
            "clips.labels": self._store.clips.labels,
            "clips.title": self.title,
            "clips.label": self.label,
            "clips.star": self.star,
            "clips.approve": self.approve,
            "clips.keep": self.keep,
            "clips.note": self.note,
            "clips.mark": self.mark,
            "clips.unmark": self.unmark,
        }

    def find(self, limit: int = PAGE, after: str | None = None, **wanted: Any) -> list[dict[str, Any]]:
        """Clips with their deliveries, newest first: those behind the clip with the id `after`."""
        return self._all_with_deliveries(self._store.clips.search(Search(**wanted), limit, after))

    def show(self, clip: str) -> dict[str, Any]:
        """One clip, by id, the beginning of one, or name; also one in the trash."""
        found, trashed = self._found(clip)
        return self._with_deliveries(found, trashed)

    def parts(self, clip: str) -> list[dict[str, Any]]:
        """The clips that carry each other on, of which this is one."""
        return self._all_with_deliveries(self._store.clips.parts(self._store.clips.find(clip).id))

    def read(self, clip: str, offset: int = 0, length: int = MOST_BYTES) -> dict[str, Any]:
        """Some of a clip's bytes, in Base64. Behind the end there are none."""
        path = self._store.clips.path(self._store.clips.find(clip))
        try:
            with path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                data = os.pread(file.fileno(), length, offset)
        except OSError as error:
            raise StorageError(f"{path.name} cannot be read: {error.strerror}. The card may be failing") from error
        return {"data": b64encode(data).decode(), "offset": offset, "size": size}

    def _with_deliveries(self, clip: Clip, trashed: bool = False) -> dict[str, Any]:
        """The clip, and its deliveries; those under way tell how far they are."""
        [found] = self._all_with_deliveries([clip], trashed)
        return found

    def _all_with_deliveries(self, clips: Sequence[Clip], trashed: bool = False) -> list[dict[str, Any]]:
        """The same of several; the store is asked once for all of them."""
        running = {(each.clip_id, each.destination): each for each in self._outbox.progress()}
        troubles = self._troubles()
        deliveries = self._store.outbox.of_each([clip.id for clip in clips])
        return [
            {
                "clip": to_plain(clip),
                "path": str(self._store.clips.path(clip, trashed)),
                "deliveries": [
                    to_plain(delivery)
                    | {"progress": to_plain(running.get((clip.id, delivery.destination)))}
                    | {"last_error": delivery.last_error or troubles.get(delivery.destination, "")}
                    for delivery in deliveries[clip.id]
                ],
            }
            for clip in clips
        ]

    def delete(self, clip: str, now: bool = False) -> dict[str, Any]:
        """Move a clip to the trash, or delete it for good, and cancel its deliveries; as it was before."""
        found, trashed = self._found(clip)
        before = self._with_deliveries(found, trashed)
        check_meant(clip, before["clip"])
        if trashed and not now:
            raise UsageError(f"clip {found.name} is in the trash already: delete it for good with `now`")
        if trashed:
            self._store.clips.destroy(found)
        elif now:
            self._outbox.cancel(found.id, deleting=lambda: self._store.clips.delete(found.id, "deleted by hand"))
        else:
            self._outbox.cancel(found.id, deleting=lambda: self._store.clips.trash(found.id))
        return before

    def withdraw(self, code: str) -> "Proof":
        """Delete what a guest has told by this withdrawal code, here and wherever it was delivered."""
        found = self._store.clips.by_field(CODE, code.replace(" ", "")) if code.strip() else []
        if not found:
            raise NotFound(f"no clip has the code {code!r}: the digits are those that were told, or shown as an event")
        parts = found[:1]
        for each in found[1:]:  # another one may have the same code by chance
            parts += [each] if any(_of_one_visit(part, each[0]) for part, _ in parts) else []
        for part, deleted in parts:
            self._delete_here(part, deleted)
        proofs = [self._outbox.withdraw(part, code) for part, _ in parts]
        copies = tuple(copy for proof in proofs for copy in proof.copies)
        return evolve(proofs[0], name=", ".join(proof.name for proof in proofs), copies=copies)

    def _delete_here(self, clip: Clip, deleted: bool) -> None:
        """Delete for good what somebody withdraws, also what is in the trash."""
        if not deleted:
            self._outbox.cancel(clip.id, deleting=lambda: self._store.clips.delete(clip.id, "withdrawn"))
        elif clip.id in {each.clip.id for each in self._store.clips.trashed()}:
            self._store.clips.destroy(clip)

    def _found(self, clip: str) -> tuple[Clip, bool]:
        """The clip that is meant, and whether it is in the trash."""
        try:
            return self._store.clips.find(clip), False
        except NotFound as error:
            with suppress(NotFound):
                return self._store.clips.find_trashed(clip), True
            raise error

    def trash(self) -> list[Trashed]:
        """What is in the trash."""
        return self._store.clips.trashed()

    def restore(self, clip: str) -> Clip:
        """Bring a clip back from the trash."""
        return self._store.clips.restore(clip)

    def title(self, clip: str, title: str) -> Clip:
        """Say what a clip is called."""
        return self._say(clip, title=_on_one_line(title))

    def label(self, clip: str, labels: list[str]) -> Clip:
        """Put these labels on a clip, each once."""
        single = [_on_one_line(label) for each in labels for label in each.split(",")]
        kept = tuple(dict.fromkeys(filter(None, single)))
        if len(kept) > MOST_LABELS:
            raise UsageError(f"clips.label: {len(kept)} labels are too many: a clip may have {MOST_LABELS}")
        return self._say(clip, labels=kept)

    def star(self, clip: str, starred: bool = True) -> Clip:
        """Give a clip a star, or take it away."""
        return self._say(clip, starred=starred)

    def approve(self, clip: str, approved: bool = True) -> Clip:
        """Approve of all parts of a recording, or do so no more."""
        found = self._store.clips.find(clip)
        said = [self._store.clips.say(part.id, approved=approved) for part in self._store.clips.parts(found.id)]
        return next(part for part in said if part.id == found.id)

    def keep(self, clip: str) -> Clip:
        """Let a draft go where clips go, or be the greeting. Raises Refused where it is none."""
        found = self._store.clips.find(clip)
        if found.begun is None or not found.begun.draft:
            raise Refused(f"{found.name} was kept already: nobody has to decide about it")
        if found.begun.which == GREETING_RECORD:
            self._store.greeting.use(found.id)
            return found
        self._store.clips.release(found.id, found.begun.destinations)
        self._outbox.wake()
        return self._store.clips.find(found.id)

    def note(self, clip: str, note: str) -> Clip:
        """Write something about a clip."""
        lines = note.replace("\r\n", "\n").split("\n")
        return self._say(clip, note="\n".join(_on_one_line(line) for line in lines).strip())

    def mark(self, clip: str, seconds: float) -> Clip:
        """Mark a position in a clip. Raises UsageError where it is none."""
        found = self._store.clips.find(clip)
        if seconds > found.seconds:
            raise UsageError(f"clips.mark: {found.name} ends at {duration(found.seconds)}")
        offsets = {mark.offset for mark in found.marks} | {found.format.frames(seconds)}
        return self._store.clips.say(found.id, marks=[Mark(offset) for offset in sorted(offsets)])

    def unmark(self, clip: str, seconds: float) -> Clip:
        """Take the mark there away. Raises NotFound."""
        found = self._store.clips.find(clip)
        nearest = min(found.marks, key=lambda mark: abs(found.format.seconds(mark.offset) - seconds), default=None)
        if nearest is None or abs(found.format.seconds(nearest.offset) - seconds) > _NEAR:
            raise NotFound(f"there is no mark at {duration(seconds)} in {found.name}")
        return self._store.clips.say(found.id, marks=[mark for mark in found.marks if mark != nearest])

    def _say(self, clip: str, **said: object) -> Clip:
        return self._store.clips.say(self._store.clips.find(clip).id, **said)

    def _destination(self, name: str) -> DestinationSettings:
        if name not in self._destinations:
            there = ", ".join(self._destinations) or "none"
            raise NotFound(f"there is no destination {name!r} in the configuration; there is: {there}")
        return self._destinations[name]

    def deliver(self, to: str, clips: list[str] | None = None) -> int:
        """Queue clips, or all that go there, for a destination that does not have them yet; how many were new."""
        destination = self._destination(to)
        if clips is None:
            everything = self._store.clips.newest_first()
            chosen = [clip for clip in everything if goes_to(to, destination.only, clip.begun, clip.fields)]
        else:
            chosen = [self._store.clips.find(clip) for clip in clips]
        queued = self._store.outbox.enqueue([clip.id for clip in chosen], to, self._sent_as[to])
        self._outbox.wake(to)
        return queued

    def retry(self, clip: str | None = None, to: str | None = None) -> int:
        """Try again now what is parked or waits; how many."""
        if to is not None:
            self._destination(to)
        clip_id = self._store.clips.find(clip).id if clip else None
        count = self._store.outbox.retry(to, clip_id)
        self._outbox.wake(to)
        return count

    def forget(self, to: str) -> int:
        """Let no clip wait for a destination that was taken out of the configuration; how many did."""
        if to in self._destinations:
            raise Refused(f"destination {to!r} is in the configuration: its clips wait to be sent. Take it out first")
        return self._store.outbox.forget(to)

    def verify(
        self, clips: list[str] | None = None, to: str | None = None, resend: bool = False
    ) -> "Generator[Checked, None, None]":
        """Look again at what destinations have of clips (all where None), and tell of each copy."""
        chosen = None if clips is None else [self._store.clips.find(clip).id for clip in clips]
        yield from self._outbox.verify(chosen, to, resend=resend)


def _of_one_visit(clip: Clip, other: Clip) -> bool:
    """Whether two recordings with the same code are parts of one story, or versions of it that one guest has told."""
    before, after = clip.started, other.started
    near = abs(after.monotonic_ns - before.monotonic_ns) <= _VISIT_NS
    return other.continues == clip.id or (before.boot_id == after.boot_id and near)


def _on_one_line(text: str) -> str:
    """The text without what no letter is, and with one space where there was more."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())

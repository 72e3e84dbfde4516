"""One take that is sent while it is recorded, as its backend sees it."""

import os
from collections.abc import Callable

from attrs import evolve

from appliance.audio.growing import GrowingTake
from appliance.audio.journal import Begin
from appliance.delivery.attempt import Attempt
from appliance.models import Clip
from appliance.plugin.upload import LiveJob
from appliance.recipes import ORIGINAL

Note = dict[str, object]


class Sending:
    """A growing take, its open file, how far it was sent, and the note that was left last.

    `stopping` says that the appliance stops; `save` keeps a note.
    """

    def __init__(
        self,
        take: GrowingTake,
        file: int,
        attempt: Attempt,
        stopping: Callable[[], bool],
        save: Callable[[Note | None], None],
    ) -> None:
        self.take = take
        self.attempt = attempt
        self.note: Note | None = None
        self._file = file
        self._stopping = stopping
        self._save = save

    def cancelled(self) -> bool:
        """Whether nothing more is to be sent, not even what is under way."""
        return self._stopping() or (self.take.over and not self.take.kept)

    def job(self) -> LiveJob:
        """The next attempt."""
        take, begin = self.take, self.take.begin
        return LiveJob(
            clip=_begun_clip(begin),
            idempotency_key=key(begin.take_id, ORIGINAL.name, self.attempt.delivery.destination),
            head=take.head,
            longest=take.longest,
            wait_for=lambda size: take.wait_for(size, self._stopping),
            read=self.attempt.sign(lambda offset, size: os.pread(self._file, size, offset)),
            resume=self.note,
            progress=self._progress,
            save_resume=self.attempt.sign(self._keep),
            cancelled=self.attempt.sign(self.cancelled),
        )

    def _progress(self, sent: int) -> None:
        self.attempt.grow(self.take.stable)
        self.attempt.progress(sent)

    def _keep(self, note: Note | None) -> None:
        self.note = note
        self._save(note)


def key(clip_id: str, recipe: str, destination: str) -> str:
    """The idempotency key of a delivery, the same for every attempt and from the first second of the take."""
    return f"{clip_id}-{recipe}-{destination}"


def _begun_clip(begin: Begin) -> Clip:
    """What is known already of the clip that a take becomes."""
    known = Clip(begin.take_id, begin.name, begin.device, begin.format, 0, 0, begin.started)
    return evolve(known, begun=begin.begun, fields=begin.fields)

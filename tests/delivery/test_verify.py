"""A second look at what has arrived: said as it is, and never held for proof once it is lost."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from appliance.delivery import verify
from appliance.delivery.verify import Checked, Found
from appliance.errors import CannotVerify, NotFound, StorageError, Transient
from appliance.events import DeliverySucceeded
from appliance.models import DeliveryState, Receipt, Rendition
from appliance.recipes import FLAC
from appliance.testing.backends import MemoryBackend

Box = Any


class Grumpy(MemoryBackend):
    """Answers a second look with an error."""

    error: BaseException = RuntimeError("defect")

    def verify(self, rendition: Rendition, receipt: Receipt) -> Receipt:
        raise self.error


class Modest(MemoryBackend):
    """Takes everything and proves nothing, at first."""

    modest = True

    def deliver(self, job: Any) -> Receipt:
        super().deliver(job)
        return Receipt(job.rendition.file_name, job.rendition.size, False, received_at=7)

    def verify(self, rendition: Rendition, receipt: Receipt) -> Receipt:
        if self.modest:
            return Receipt(rendition.file_name, rendition.size, False)
        return Receipt(rendition.file_name, rendition.size, True, "sha256", rendition.sha256, 9)


def delivered(box: Box, backend: MemoryBackend, count: int = 1) -> tuple[list[Any], Any]:
    clips = [box.clip() for _ in range(count)]
    outbox = box.deliver(cloud=backend)
    box.events.wait(DeliverySucceeded, count)
    return clips, outbox


def look(outbox: Any, clips: list[Any] | None = None, resend: bool = False) -> list[Checked]:
    return list(outbox.verify(None if clips is None else [clip.id for clip in clips], None, resend=resend))


def test_copies_are_told_as_they_are(box: Box) -> None:
    backend = MemoryBackend()
    (good, lost, bad), outbox = delivered(box, backend, 3)
    del backend.objects[lost.file_name]
    backend.objects[bad.file_name] = b"other"
    receipts = {clip.id: box.delivery(clip).receipt for clip in (good, lost, bad)}
    found = look(outbox)
    assert [each.found for each in found] == [Found.OK, Found.MISSING, Found.DIFFERENT]
    assert [each.clip_id for each in found] == [good.id, lost.id, bad.id]
    assert not any(each.resent for each in found)
    assert box.delivery(good).receipt == receipts[good.id]
    for clip in (lost, bad):
        assert box.delivery(clip).state is DeliveryState.DELIVERED
        assert not box.delivery(clip).receipt.verified, "what is lost is no proof"
    assert look(outbox, [good]) == found[:1]


def test_what_is_lost_is_sent_again_on_a_word(box: Box) -> None:
    backend = MemoryBackend()
    (good, lost), outbox = delivered(box, backend, 2)
    del backend.objects[lost.file_name]
    assert [each.resent for each in look(outbox, resend=True)] == [False, True]
    box.events.wait(DeliverySucceeded, 3)
    assert set(backend.objects) == {good.file_name, lost.file_name}
    assert [each.found for each in look(outbox)] == [Found.OK, Found.OK]
    assert box.delivery(lost).attempts == 1


def test_a_copy_that_is_found_again_is_proof_again(box: Box) -> None:
    backend = MemoryBackend()
    (clip,), outbox = delivered(box, backend)
    receipt = box.delivery(clip).receipt
    content = backend.objects.pop(clip.file_name)
    look(outbox)
    backend.objects[clip.file_name] = content
    assert [each.found for each in look(outbox)] == [Found.OK]
    assert box.delivery(clip).receipt == receipt


def test_what_was_only_accepted_becomes_proved(box: Box) -> None:
    backend = Modest()
    (clip,), outbox = delivered(box, backend)
    assert [each.found for each in look(outbox)] == [Found.THERE]
    backend.modest = False
    assert [each.found for each in look(outbox)] == [Found.OK]
    receipt = box.delivery(clip).receipt
    assert receipt.verified and receipt.received_at == 7
    backend.modest = True
    assert [each.found for each in look(outbox)] == [Found.THERE]
    assert box.delivery(clip).receipt == receipt, "having nothing to say takes nothing back"


@pytest.mark.parametrize(
    ("error", "found", "words"),
    [
        (CannotVerify("a form cannot be asked"), Found.UNKNOWN, "a form"),
        (Transient("no\nnetwork"), Found.FAILED, "no network"),
        (RuntimeError("oops\nagain"), Found.FAILED, "defect in the backend: RuntimeError: oops again. Update"),
        (SystemExit(3), Found.FAILED, "defect in the backend: SystemExit: 3. Update its plugin"),
    ],
    ids=str,
)
def test_a_destination_that_does_not_answer(box: Box, error: BaseException, found: Found, words: str) -> None:
    backend = Grumpy()
    backend.error = error
    (clip,), outbox = delivered(box, backend)
    (checked,) = look(outbox, resend=True)
    assert (checked.found, checked.resent) == (found, False)
    assert words in checked.message
    assert box.delivery(clip).receipt.verified, "nothing is known to be lost"


def test_one_that_hangs_is_named_and_the_next_is_looked_at(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    go = threading.Event()

    class Thinking(MemoryBackend):
        def verify(self, rendition: Rendition, receipt: Receipt) -> Receipt:
            go.wait(0 if rendition.clip_id == second.id else 30)
            return super().verify(rendition, receipt)

    monkeypatch.setattr(verify, "PATIENCE", 0.2)
    (_, second), outbox = delivered(box, Thinking(), 2)
    found = {checked.clip_id: checked for checked in look(outbox)}
    go.set()
    assert found[second.id].found is Found.OK
    [other] = [checked for clip_id, checked in found.items() if clip_id != second.id]
    assert other.found is Found.FAILED and "it hangs" in other.message


@pytest.mark.parametrize("answer", [None, True, "ok"])
def test_an_answer_that_is_no_receipt_is_a_defect_and_changes_nothing(box: Box, answer: Any) -> None:
    class Mistaken(MemoryBackend):
        def verify(self, rendition: Rendition, receipt: Receipt) -> Any:
            return answer

    clips, outbox = delivered(box, Mistaken(), 2)
    receipts = [box.delivery(clip).receipt for clip in clips]
    checked = look(outbox, resend=True)
    assert [(each.found, each.resent) for each in checked] == [(Found.FAILED, False)] * 2
    assert f"TypeError: verify returned {type(answer).__name__}, which is no receipt" in checked[0].message
    assert [box.delivery(clip).receipt for clip in clips] == receipts


def test_clips_deleted_here_are_looked_at_too(box: Box) -> None:
    backend = MemoryBackend()
    (clip,), outbox = delivered(box, backend)
    box.store.clips.delete(clip.id, "by hand")
    assert [each.found for each in look(outbox)] == [Found.OK]
    backend.objects.clear()
    (checked,) = look(outbox, resend=True)
    assert (checked.found, checked.resent) == (Found.MISSING, False)


def test_an_encoding_that_is_no_longer_here(new_box: Callable[..., Box]) -> None:
    box = new_box(cloud="flac")
    backend = MemoryBackend()
    (clip,), outbox = delivered(box, backend)
    box.settle(lambda: box.store.clips.rendition(clip.id, FLAC) is None)
    assert [each.found for each in look(outbox)] == [Found.OK]


@pytest.mark.slow
def test_many_are_read_in_pages(box: Box) -> None:
    backend = MemoryBackend()
    clips, outbox = delivered(box, backend, 230)
    assert [each.clip_id for each in look(outbox)] == [clip.id for clip in clips]


def test_a_destination_that_nobody_knows(box: Box) -> None:
    outbox = box.deliver(cloud=MemoryBackend())
    with pytest.raises(NotFound, match="attic"):
        list(outbox.verify(None, "attic", resend=False))


def test_a_catalogue_that_refuses_is_no_defect_of_the_backend(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise StorageError("the catalogue does not answer")

    (_,), outbox = delivered(box, MemoryBackend())
    monkeypatch.setattr(box.store.clips, "rendition", refuse)
    with pytest.raises(StorageError, match="the catalogue does not answer"):
        look(outbox)

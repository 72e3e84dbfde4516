"""What somebody withdraws is deleted here and wherever it can be, and a proof says what became of each copy."""

import json
import threading
from typing import Any

import pytest

from appliance.circumstances import WITHDRAWAL_CODE, Begun
from appliance.config.routing import OnlySettings, goes_to
from appliance.config.settings import Settings
from appliance.control.clips import ClipMethods
from appliance.delivery.withdrawal import Outcome
from appliance.errors import NotFound, Refused, Transient
from appliance.events import DeliverySucceeded
from appliance.models import Receipt
from appliance.plugin import UploadJob
from appliance.testing.backends import MemoryBackend

Box = Any
CODE = "12345678"


class Deleting(MemoryBackend):
    """Deletes what it has taken, or says why not."""

    error: BaseException | None = None

    def delete(self, receipt: Receipt) -> None:
        if self.error:
            raise self.error
        self.objects.pop(receipt.remote_name, None)


@pytest.fixture
def told(box: Box) -> Any:
    """A story with a code, which has arrived at two destinations."""
    clip = box.clip()
    box.store.clips.say(clip.id, fields={WITHDRAWAL_CODE: CODE})
    return clip


def methods(box: Box, outbox: Any) -> ClipMethods:
    return ClipMethods(box.store, outbox, Settings(), dict)


def test_a_story_is_deleted_here_and_where_it_was_delivered(box: Box, told: Any) -> None:
    backend = Deleting()
    outbox = box.deliver(cloud=backend)
    box.events.wait(DeliverySucceeded)
    other = box.clip()
    outbox.wake()
    box.events.wait(DeliverySucceeded, 2)
    proof = methods(box, outbox).withdraw("1234 5678")
    assert proof.complete and [copy.outcome for copy in proof.copies] == [Outcome.DELETED]
    assert set(backend.objects) == {other.file_name}
    assert not box.path(told).exists() and [clip.id for clip in box.store.clips.newest_first()] == [other.id]
    kept = json.loads((box.store.places.withdrawn / f"{told.name}.json").read_text())
    assert (kept["clip_id"], kept["code"], kept["withdrawn_ns"]) == (told.id, "1234 5678", proof.withdrawn_ns)
    assert [(copy["destination"], copy["outcome"]) for copy in kept["copies"]] == [("cloud", "deleted")]


def test_all_parts_of_a_story_are_withdrawn_also_where_that_is_said_again(box: Box, told: Any) -> None:
    backend = Deleting()
    more = box.clip(continues=told.id)
    parts = [told, more, box.clip(continues=more.id)]
    others = [box.clip()]
    box.clock.advance(2 * 86_400)
    others += [box.clip(continues="aaaaaaaaaa")]
    for clip in (*parts, others[1]):
        box.store.clips.say(clip.id, fields={WITHDRAWAL_CODE: CODE})
    outbox = box.deliver(cloud=backend)
    box.events.wait(DeliverySucceeded, 5)
    backend.error = Transient("no answer")
    assert not methods(box, outbox).withdraw(CODE).complete
    backend.error = None
    proof = methods(box, outbox).withdraw(CODE)
    assert proof.complete and [copy.remote_name for copy in proof.copies] == [part.file_name for part in parts]
    assert set(backend.objects) == {other.file_name for other in others}
    assert not [part for part in parts if box.path(part).exists() or part.name not in proof.name]
    assert sorted(path.stem for path in box.store.places.withdrawn.iterdir()) == sorted(each.name for each in parts)


def test_what_was_told_again_is_withdrawn_with_all_that_was_told_before(box: Box, told: Any) -> None:
    backend = Deleting()
    again = box.clip()
    box.store.clips.say(again.id, fields={WITHDRAWAL_CODE: CODE})
    outbox = box.deliver(cloud=backend)
    box.events.wait(DeliverySucceeded, 2)
    box.store.clips.trash(told.id)
    assert methods(box, outbox).withdraw(CODE).complete
    assert box.store.clips.trashed() == [] and not box.path(again).exists() and not backend.objects
    assert not list(box.store.places.directory.rglob("*.wav"))


def test_a_destination_that_does_not_answer_is_asked_again_with_the_next_word(box: Box, told: Any) -> None:
    backend = Deleting()
    outbox = box.deliver(cloud=backend)
    box.events.wait(DeliverySucceeded)
    for backend.error, message in ((Transient("no answer"), "no answer"), (RuntimeError("oops"), "oops")):
        proof = methods(box, outbox).withdraw(CODE)
        (copy,) = proof.copies
        assert copy.outcome is Outcome.FAILED and message in copy.message and not proof.complete
        assert not box.path(told).exists(), "it is gone here in any case"
    backend.error = None
    assert methods(box, outbox).withdraw(CODE).complete and not backend.objects


def test_what_is_just_being_sent_is_no_copy_that_is_gone(box: Box, told: Any) -> None:
    sent, go = threading.Event(), threading.Event()

    class Slow(Deleting):
        def deliver(self, job: UploadJob) -> Receipt:
            receipt = super().deliver(job)
            sent.set()
            assert go.wait(60)
            return receipt

    backend = Slow()
    outbox = box.deliver(cloud=backend)
    assert sent.wait(60)
    proof = methods(box, outbox).withdraw(CODE)
    (copy,) = proof.copies
    assert copy.outcome is Outcome.FAILED and "just being sent" in copy.message and not proof.complete
    go.set()
    box.events.wait(DeliverySucceeded)
    assert backend.objects
    box.settle(lambda: methods(box, outbox).withdraw(CODE).complete)
    assert not backend.objects


def test_what_cannot_delete_is_named(box: Box, told: Any) -> None:
    outbox = box.deliver(cloud=MemoryBackend())
    box.events.wait(DeliverySucceeded)
    (copy,) = methods(box, outbox).withdraw(CODE).copies
    assert copy.outcome is Outcome.CANNOT and "delete it there by hand" in copy.message


def test_what_lies_in_the_trash_goes_too(box: Box, told: Any) -> None:
    outbox = box.deliver()
    box.store.clips.trash(told.id)
    assert methods(box, outbox).withdraw(CODE).complete
    assert box.store.clips.trashed() == [] and not list(box.store.places.trash.glob("*.wav"))


@pytest.mark.parametrize("code", ["", " ", "87654321", "%"])
def test_another_code_deletes_nothing(box: Box, told: Any, code: str) -> None:
    outbox = box.deliver()
    with pytest.raises(NotFound, match="no clip has the code"):
        methods(box, outbox).withdraw(code)
    assert box.path(told).exists()


def test_what_is_to_go_nowhere_yet_goes_where_clips_go_once_it_is_released(box: Box) -> None:
    backend = MemoryBackend()
    box.store.set_destinations(box.kinds, goes=lambda clip, to: goes_to(to, OnlySettings(), clip.begun, clip.fields))
    outbox = box.deliver(cloud=backend)
    nowhere = box.clip(begun=Begun(draft=True))
    box.clip()
    outbox.wake()
    box.events.wait(DeliverySucceeded)
    assert nowhere.file_name not in backend.objects and not box.store.outbox.find(nowhere.id)
    assert methods(box, outbox).keep(nowhere.id).begun == Begun()
    with pytest.raises(Refused, match="kept already"):
        methods(box, outbox).keep(nowhere.id)
    box.events.wait(DeliverySucceeded, 2)
    assert nowhere.file_name in backend.objects
    assert json.loads(box.store.places.sidecar(nowhere.name).read_text())["begun"]["destinations"] is None


def test_what_is_recorded_anew_goes_to_the_trash_with_all_its_parts(box: Box) -> None:
    first = box.clip(begun=Begun(draft=True))
    last, another = box.clip(begun=Begun(draft=True), continues=first.id), box.clip(begun=Begun(draft=True))
    box.store.clips.drop(last.id)
    assert {each.clip.id for each in box.store.clips.trashed()} == {first.id, last.id}
    assert [clip.id for clip in box.store.clips.newest_first()] == [another.id]


def test_what_is_kept_is_kept_with_all_its_parts(box: Box) -> None:
    backend = MemoryBackend()
    box.store.set_destinations(box.kinds, goes=lambda clip, to: goes_to(to, OnlySettings(), clip.begun, clip.fields))
    first = box.clip(begun=Begun(draft=True))
    parts = [first, box.clip(begun=Begun(draft=True), continues=first.id)]
    another = box.clip(begun=Begun(draft=True))
    outbox = box.deliver(cloud=backend)
    methods(box, outbox).keep(parts[1].id)
    box.events.wait(DeliverySucceeded, 2)
    assert set(backend.objects) == {part.file_name for part in parts}
    assert box.store.clips.undecided() == 1 and box.store.clips.find(another.id).begun == Begun(draft=True)

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from appliance.codec import to_json
from appliance.events import QueueChanged
from appliance.models import AudioFormat, Clip, ClockSource, ClockStamp, Delivery, DeliveryState, Receipt
from appliance.store.catalogue import Catalogue
from appliance.store.places import Places
from appliance.store.schema import connect, transaction

STAMP = ClockStamp(0, 0, "boot", ClockSource.NTP)
BODY = to_json(Clip("c", "box_c", "box", AudioFormat(), 480, 1000, STAMP))
PROOF = Receipt("clip.wav", 10, True, "sha256", "ab", 5, "stored")


def drain(box: Any, order: str = "oldest", now: float = 0.0) -> list[str]:
    """Clip ids in the order in which they are claimed; nothing becomes of them."""
    taken = []
    while delivery := box.store.outbox.take_next("cloud", order, now=now):
        taken.append(delivery.clip_id)
    return taken


def only(box: Any) -> Delivery:
    delivery: Delivery
    (delivery,) = box.store.outbox.find()
    return delivery


@pytest.mark.parametrize("order", ["oldest", "newest"])
def test_clips_go_in_the_order_of_the_destination(box: Any, order: str) -> None:
    ids = [box.clip().id for _ in range(4)]
    assert drain(box, order) == (ids if order == "oldest" else ids[::-1])


@pytest.mark.parametrize("order", ["oldest", "newest"])
def test_what_was_sent_while_it_was_recorded_goes_first_once(box: Any, order: str) -> None:
    ids = [box.clip().id for _ in range(4)]
    box.store.outbox.save_live(ids[1], "cloud", {"parts": 5})
    box.store.outbox.save_live(ids[2], "cloud", {"parts": 7})
    begun, rest = [ids[1], ids[2]], [ids[0], ids[3]]
    step = 1 if order == "oldest" else -1
    assert drain(box, order) == begun[::step] + rest[::step]
    box.restart()
    assert drain(box, order) == ids[::step]


def test_a_back_filled_clip_takes_the_place_of_its_age(box: Any) -> None:
    box.store.set_destinations({})
    old = box.clip()
    box.store.set_destinations({"cloud": "original"})
    new = box.clip()
    assert box.store.outbox.enqueue([new.id, old.id, "nosuchclip"], "cloud", "flac") == 1
    assert drain(box) == [old.id, new.id]
    assert [delivery.recipe for delivery in box.store.outbox.find(new.id)] == ["original"]


def test_a_claim_is_an_attempt_and_nobody_else_gets_it(box: Any) -> None:
    clip = box.clip()
    delivery = box.store.outbox.take_next("cloud", "oldest", now=0.0)
    assert delivery == Delivery(1, clip.id, "cloud", "original", DeliveryState.SENDING, attempts=1)
    assert box.store.outbox.take_next("cloud", "oldest", now=0.0) is None
    assert box.store.outbox.take_next("stick", "oldest", now=0.0) is None
    assert box.store.outbox.next_due("cloud") is None


def test_what_is_forgotten_waits_no_more_and_may_be_asked_for_again(box: Any) -> None:
    box.store.set_destinations({"cloud": "original", "stick": "original"})
    clips = [box.clip() for _ in range(4)]
    for number in range(2):
        delivery = box.store.outbox.take_next("cloud", "oldest", now=0.0)
        box.store.outbox.parked(delivery.id, "gone") if number else box.store.outbox.delivered(delivery.id, PROOF)
    assert box.store.outbox.forget("cloud") == 3
    counts = box.store.outbox.counts()
    assert counts == {"cloud": {DeliveryState.DELIVERED: 1}, "stick": {DeliveryState.PENDING: 4}}
    assert box.store.outbox.take_next("cloud", "oldest", now=0.0) is None and box.store.outbox.forget("cloud") == 0
    assert box.store.outbox.enqueue([clip.id for clip in clips], "cloud", "original") == 3
    assert box.store.outbox.counts()["cloud"] == {DeliveryState.DELIVERED: 1, DeliveryState.PENDING: 3}


def test_a_wait_can_be_ended_for_all(box: Any) -> None:
    for _ in range(3):
        box.clip()
    first, second, third = (box.store.outbox.take_next("cloud", "oldest", now=0.0) for _ in range(3))
    box.store.outbox.postponed(second.id, "no network", 500.0)
    box.store.outbox.postponed(first.id, "no network", 900.0)
    box.store.outbox.parked(third.id, "wrong password")
    assert box.store.outbox.next_due("cloud") == 500.0
    box.store.outbox.hurry()
    assert box.store.outbox.next_due("cloud") == 0.0
    again = [box.store.outbox.take_next("cloud", "oldest", now=0.0) for _ in range(3)]
    assert {delivery.id for delivery in again if delivery} == {first.id, second.id, third.id}


def test_what_was_refused_goes_again_behind_what_was_not_tried_yet(box: Any) -> None:
    for _ in range(3):
        box.clip()
    first, second = (box.store.outbox.take_next("cloud", "oldest", now=0.0) for _ in range(2))
    box.store.outbox.parked(first.id, "wrong password")
    box.store.outbox.delivered(second.id, PROOF)
    box.store.outbox.go_again([first.id, second.id, 99])
    third, again, nothing = (box.store.outbox.take_next("cloud", "oldest", now=0.0) for _ in range(3))
    assert third.id not in (first.id, second.id) and again.id == first.id and nothing is None


def test_a_receipt_ends_a_delivery(box: Any) -> None:
    box.clip()
    delivery = box.store.outbox.take_next("cloud", "oldest", now=0.0)
    box.store.outbox.save_resume(delivery.id, {"part": 3})
    box.store.outbox.delivered(delivery.id, PROOF)
    assert box.store.outbox.next_due("cloud") is None
    found = only(box)
    assert (found.state, found.receipt, found.resume) == (DeliveryState.DELIVERED, PROOF, None)
    box.store.outbox.postponed(delivery.id, "late", 1.0)
    box.store.outbox.parked(delivery.id, "late")
    box.store.outbox.released(delivery.id)
    assert box.store.outbox.retry() == 0 and box.store.outbox.cancel(found.clip_id) == []
    assert only(box) == found and box.restart().outbox.find() == [found]


def test_a_postponed_delivery_waits_for_its_time(box: Any) -> None:
    box.clip()
    delivery = box.store.outbox.take_next("cloud", "oldest", now=0.0)
    box.store.outbox.postponed(delivery.id, "no route", 50.0)
    assert box.store.outbox.next_due("cloud") == 50.0
    assert box.store.outbox.take_next("cloud", "oldest", now=49.9) is None
    again = box.store.outbox.take_next("cloud", "oldest", now=50.0)
    assert (again.id, again.attempts, again.last_error) == (delivery.id, 2, "no route")


def test_the_earliest_of_several_waits_is_told(box: Any) -> None:
    for until in (70.0, 60.0):
        box.clip()
        box.store.outbox.postponed(box.store.outbox.take_next("cloud", "oldest", now=0.0).id, "", until)
    assert box.store.outbox.next_due("cloud") == 60.0
    box.clip()
    assert box.store.outbox.next_due("cloud") == 0.0


@pytest.mark.parametrize("order", ["oldest", "newest"])
def test_a_clip_that_always_fails_lets_all_others_pass(box: Any, order: str) -> None:
    ids = [box.clip().id for _ in range(4)]
    poison = ids[0] if order == "oldest" else ids[-1]
    arrived: list[str] = []
    for now in range(8):
        delivery = box.store.outbox.take_next("cloud", order, now=float(now))
        if delivery and delivery.clip_id == poison:
            box.store.outbox.postponed(delivery.id, "bad", now + 0.5)
        elif delivery:
            box.store.outbox.delivered(delivery.id, PROOF)
            arrived.append(delivery.clip_id)
    assert set(arrived) == set(ids) - {poison}


def test_two_clips_that_always_fail_take_turns(box: Any) -> None:
    ids = [box.clip().id for _ in range(2)]
    turns = []
    for now in range(6):
        delivery = box.store.outbox.take_next("cloud", "oldest", now=float(now))
        turns.append(delivery.clip_id)
        box.store.outbox.postponed(delivery.id, "bad", now + 0.1)
    assert turns == ids * 3


def test_a_clip_that_takes_the_daemon_down_goes_behind_the_others_next_time(box: Any) -> None:
    ids = [box.clip().id for _ in range(3)]
    turns = []
    for _ in range(6):
        turns.append(box.store.outbox.take_next("cloud", "oldest", now=0.0).clip_id)
        box.crash()
    assert turns == ids * 2


def test_a_restart_ends_all_waits_and_takes_back_what_was_being_sent(box: Any) -> None:
    waiting, sending = box.clip(), box.clip()
    box.store.outbox.postponed(box.store.outbox.take_next("cloud", "oldest", now=0.0).id, "no route", 9e9)
    delivery = box.store.outbox.take_next("cloud", "oldest", now=0.0)
    box.store.outbox.save_resume(delivery.id, {"upload": "x"})
    box.restart()
    assert box.store.outbox.next_due("cloud") == 0.0
    found = [box.store.outbox.take_next("cloud", "oldest", now=0.0) for _ in range(2)]
    assert [(d.clip_id, d.attempts, d.resume) for d in found] == [
        (waiting.id, 2, None),
        (sending.id, 2, {"upload": "x"}),
    ]


def test_a_released_delivery_is_as_if_it_had_not_been_claimed(box: Any) -> None:
    first, _ = box.clip(), box.clip()
    before = box.store.outbox.find()
    delivery = box.store.outbox.take_next("cloud", "oldest", now=0.0)
    box.store.outbox.released(delivery.id)
    assert box.store.outbox.find() == before
    assert box.store.outbox.take_next("cloud", "oldest", now=0.0).clip_id == first.id


def test_a_parked_delivery_waits_for_a_person_even_across_restarts(box: Any) -> None:
    clip = box.clip()
    box.store.outbox.parked(box.store.outbox.take_next("cloud", "oldest", now=0.0).id, "wrong password")
    box.restart()
    assert box.store.outbox.next_due("cloud") is None
    assert only(box).last_error == "wrong password"
    assert box.store.outbox.retry("stick") == box.store.outbox.retry(clip_id="other") == 0
    assert box.store.outbox.retry("cloud", clip.id) == 1
    assert box.store.outbox.next_due("cloud") == 0.0


def test_retry_ends_waits_but_touches_neither_what_is_due_nor_what_is_sent(box: Any) -> None:
    for _ in range(3):
        box.clip()
    for until in (50.0, 60.0):
        box.store.outbox.postponed(box.store.outbox.take_next("cloud", "oldest", now=0.0).id, "", until)
    assert box.store.outbox.retry() == 2
    assert box.store.outbox.next_due("cloud") == 0.0 and box.store.outbox.retry() == 0
    sending = box.store.outbox.take_next("cloud", "oldest", now=0.0)
    assert box.store.outbox.retry() == 0
    assert [d.id for d in box.store.outbox.find(states=[DeliveryState.SENDING])] == [sending.id]


def test_what_is_cancelled_never_goes_again(box: Any) -> None:
    box.store.set_destinations({"cloud": "original", "stick": "original"})
    clip, other = box.clip(), box.clip()
    sending = box.store.outbox.take_next("cloud", "oldest", now=0.0)
    assert box.store.outbox.cancel(clip.id, "cloud") == [sending.id]
    box.store.outbox.postponed(sending.id, "", 0.0)
    box.store.outbox.released(sending.id)
    assert box.store.outbox.retry() == 0
    assert drain(box) == [other.id]
    assert len(box.store.outbox.cancel(clip.id)) == 1
    assert {d.state for d in box.store.outbox.find(clip.id)} == {DeliveryState.CANCELLED}


def test_a_cancel_that_came_too_late_does_not_hide_the_receipt(box: Any) -> None:
    clip = box.clip()
    delivery = box.store.outbox.take_next("cloud", "oldest", now=0.0)
    box.store.outbox.cancel(clip.id)
    box.store.outbox.delivered(delivery.id, PROOF)
    assert (only(box).state, only(box).receipt) == (DeliveryState.DELIVERED, PROOF)


def test_deliveries_are_found_by_clip_destination_and_state(box: Any) -> None:
    box.store.set_destinations({"cloud": "original", "stick": "original"})
    first, second = box.clip(), box.clip()
    box.store.outbox.take_next("stick", "oldest", now=0.0)
    everything = box.store.outbox.find()
    assert len(everything) == 4
    assert {d.clip_id for d in box.store.outbox.find(second.id)} == {second.id}
    assert {d.destination for d in box.store.outbox.find(destination="stick")} == {"stick"}
    (sent,) = box.store.outbox.find(first.id, "stick", [DeliveryState.SENDING, DeliveryState.PARKED])
    assert sent.clip_id == first.id
    assert box.store.outbox.find(states=[]) == []
    assert box.store.outbox.find(limit=3) == everything[:3]


def test_counts_are_by_destination_and_state(box: Any) -> None:
    box.store.set_destinations({"cloud": "original", "stick": "original"})
    assert box.store.outbox.counts() == {}
    for _ in range(3):
        box.clip()
    box.store.outbox.parked(box.store.outbox.take_next("stick", "oldest", now=0.0).id, "")
    assert box.store.outbox.counts() == {
        "cloud": {DeliveryState.PENDING: 3},
        "stick": {DeliveryState.PENDING: 2, DeliveryState.PARKED: 1},
    }


def test_the_number_still_to_be_made_is_told_when_it_changes_and_at_start(box: Any) -> None:
    clip, _ = box.clip(), box.clip()
    delivery = box.store.outbox.take_next("cloud", "oldest", now=0.0)
    box.store.outbox.postponed(delivery.id, "", 1.0)
    box.store.outbox.take_next("cloud", "oldest", now=1.0)
    box.store.outbox.cancel(clip.id)
    assert [event.waiting for event in box.posted(QueueChanged)] == [0, 1, 2, 1]
    box.restart()
    assert box.posted(QueueChanged)[-1] == QueueChanged(1) and len(box.posted(QueueChanged)) == 5


# -- cost --------------------------------------------------------------------------------------------------------------


class Counted:
    """A catalogue with `count` clips, all waiting for one destination, that counts what SQLite has to do.

    `others` more are done with there in each of the ways that there are, and wait for another destination.
    """

    def __init__(self, directory: Path, count: int, others: int = 0) -> None:
        self.places = Places(directory)
        self.places.make()
        connection = self._connection(directory)
        with transaction(connection):
            connection.executemany(
                "INSERT INTO clips (id, name, start_ns, body) VALUES (?1, ?1, 0, ?2)",
                ((f"{number:010}", BODY) for number in range(count + 3 * others)),
            )
            connection.execute(
                "INSERT INTO deliveries (clip, destination, kind) SELECT seq, 'd', 'original' FROM clips"
            )
            done = ("delivered", "parked", "cancelled")
            connection.executemany(
                "UPDATE deliveries SET state = ?, tried = 1, resume = '{}' WHERE clip > ?",
                ((state, count + number * others) for number, state in enumerate(done)),
            )
            connection.execute(
                "INSERT INTO deliveries (clip, destination, kind)"
                " SELECT clip, 'e', kind FROM deliveries WHERE state <> 'pending'"
            )
        connection.close()

    @staticmethod
    def _connection(directory: Path) -> Any:
        return connect(directory / "catalogue.db")

    def steps(self, *works: Callable[[Catalogue], object]) -> list[int]:
        """Virtual machine instructions that each piece of work takes."""
        catalogue = Catalogue(self.places)
        connection: Any = catalogue.outbox._db
        steps = []
        for work in works:
            count = [0]
            connection.set_progress_handler(lambda count=count: count.__setitem__(0, count[0] + 1), 1)
            with catalogue.transaction():
                work(catalogue)
            steps.append(count[0])
        connection.set_progress_handler(None, 1)
        catalogue.close()
        return steps


def try_all(catalogue: Catalogue) -> None:
    """Everything has been tried in this run; most waits, some is due at 95."""
    catalogue.outbox.begin_run()
    number = 0
    while delivery := catalogue.outbox.take_next("d", "oldest", 0.0):
        catalogue.outbox.postponed(delivery.id, "", 100.0 - number % 10)
        number += 1


READY: tuple[Callable[[Catalogue], object], ...] = (
    lambda catalogue: catalogue.outbox.begin_run(),
    lambda catalogue: catalogue.outbox.take_next("d", "oldest", 0.0),
    lambda catalogue: catalogue.outbox.take_next("d", "newest", 0.0),
    lambda catalogue: catalogue.outbox.postponed(1, "no", 5.0),
    lambda catalogue: catalogue.outbox.next_due("d"),
    lambda catalogue: catalogue.outbox.queue("d"),
    lambda catalogue: catalogue.outbox.waiting(),
    lambda catalogue: catalogue.outbox.counts(),
    lambda catalogue: catalogue.outbox.begin_run(),
    lambda catalogue: catalogue.outbox.take_next("d", "oldest", 0.0),
)
WAITING: tuple[Callable[[Catalogue], object], ...] = (
    lambda catalogue: catalogue.outbox.take_next("d", "oldest", 50.0),
    lambda catalogue: catalogue.outbox.take_next("d", "newest", 95.0),
    lambda catalogue: catalogue.outbox.next_due("d"),
    lambda catalogue: catalogue.outbox.queue("d"),
    lambda catalogue: catalogue.outbox.begin_run(),
)


@pytest.mark.slow
def test_a_long_outbox_costs_no_more_than_a_short_one(tmp_path: Path) -> None:
    few, many = Counted(tmp_path / "few", 10), Counted(tmp_path / "many", 100_000)
    assert few.steps(*READY) == many.steps(*READY)


@pytest.mark.slow
def test_a_long_outbox_in_which_all_wait_costs_no_more_than_a_short_one(tmp_path: Path) -> None:
    few, many = Counted(tmp_path / "few", 10), Counted(tmp_path / "many", 2_000)
    assert few.steps(try_all, *WAITING)[1:] == many.steps(try_all, *WAITING)[1:]


@pytest.mark.slow
def test_what_is_done_with_or_waits_for_another_destination_costs_nothing(tmp_path: Path) -> None:
    few, many = Counted(tmp_path / "few", 10, others=5), Counted(tmp_path / "many", 10, others=5_000)
    assert few.steps(*READY, try_all, *WAITING) == many.steps(*READY, try_all, *WAITING)

"""The table of faults: complete, unmistakable, and the only way to raise one."""

import ast
from pathlib import Path

import pytest

from appliance.events import FaultCleared, FaultRaised
from appliance.faultkind import FaultKind
from appliance.faults import DELIVERY, KINDS, MICROPHONE_AWAY, MICROPHONE_LOST, STORAGE
from appliance.machine import State
from appliance.models import Fault
from appliance.status import Status, advance

ROOT = Path(__file__).parents[1]
MADE_BY_THE_TABLE = {"Fault", "FaultRaised", "FaultCleared"}


def after(*events: FaultRaised | FaultCleared, now: float | None = None) -> Status:
    status = Status()
    for event in events:
        status = advance(status, State(), event, now)
    return status


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["appliance", "plugins"])
def test_no_fault_is_raised_that_is_not_in_the_table(folder: str) -> None:
    made = {
        str(path.relative_to(ROOT))
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in MADE_BY_THE_TABLE
    }
    assert made <= {"appliance/faultkind.py"}


def test_what_a_fault_says_can_be_shown_and_sent_anywhere() -> None:
    message = DELIVERY.raised("\udcff \x1b[31m\x07 \u202e\n" + "x" * 400_000, "office").fault.message
    assert message.encode() and message.isprintable() and len(message) <= 1000


def test_no_two_kinds_are_the_same_fault() -> None:
    assert len({(kind.name, kind.owner) for kind in KINDS}) == len(KINDS)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind.name} of {kind.owner}")
def test_every_kind_says_what_is_wrong_and_what_to_do(kind: FaultKind) -> None:
    assert kind.name and kind.owner and kind.cause and kind.next_step


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind.name} of {kind.owner}")
def test_raised_and_cleared_are_one_fault(kind: FaultKind) -> None:
    subject = "x" if kind.subject else ""
    raised = kind.raised("words", subject)
    assert raised.fault.urgent is kind.urgent
    assert after(raised).faults and after(raised, kind.cleared(subject)).ok


def test_the_owner_of_a_fault_alone_clears_it() -> None:
    away, lost = MICROPHONE_AWAY.raised("it is not there"), MICROPHONE_LOST.raised("it went away")
    both = after(away, lost)
    assert [fault.message for fault in both.faults] == ["it is not there", "it went away"]
    assert advance(both, State(), MICROPHONE_AWAY.cleared()).faults == (lost.fault,)
    assert advance(both, State(), MICROPHONE_LOST.cleared()).faults == (away.fault,)


def test_a_family_names_its_subject_and_nothing_else_has_one() -> None:
    office, shelf = DELIVERY.raised("no route", "office"), DELIVERY.raised("full", "shelf")
    assert office.fault.name == "delivery:office"
    assert after(office, shelf, DELIVERY.cleared("office")).faults == (shelf.fault,)
    with pytest.raises(ValueError, match="needs a subject"):
        DELIVERY.raised("no route")
    with pytest.raises(ValueError, match="has no subject"):
        STORAGE.cleared("card")


def test_a_fault_keeps_its_beginning_while_its_words_change() -> None:
    first = after(STORAGE.raised("full"), now=5.0)
    again = advance(first, State(), STORAGE.raised("broken"), 9.0)
    assert [(fault.message, fault.since) for fault in again.faults] == [("broken", 5.0)]
    assert advance(again, State(), STORAGE.raised("broken", since=1.0), 10.0).faults[0].since == 1.0


def test_a_fault_of_a_newer_release_is_kept_and_shown() -> None:
    newer = Fault("aerial", "the aerial is bent. Straighten it", urgent=True, owner="radio")
    assert after(FaultRaised(newer)).faults == (newer,)
    assert after(FaultRaised(newer), FaultCleared("aerial", "another")).faults == (newer,)

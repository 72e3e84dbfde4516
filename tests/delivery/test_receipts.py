"""What a backend hands over is believed only where it can be kept, and can be true."""

from typing import Any

import pytest
from attrs import evolve

from appliance.delivery.receipts import believed
from appliance.errors import Transient
from appliance.foreign import words
from appliance.models import Receipt

GOOD = Receipt("a.wav", 5, True, "sha256", "ab", 7, "took it")


def test_a_good_one_stays_as_it_is() -> None:
    assert believed(GOOD, "deliver", 5) == GOOD == believed(GOOD, "verify")


@pytest.mark.parametrize(
    "changes",
    [
        {"remote_name": b"a"},
        {"remote_name": None},
        {"remote_name": "\udcff"},
        {"remote_name": "a\0b"},
        {"remote_name": "a" * 5000},
        {"size": 5.0},
        {"size": True},
        {"size": 4},
        {"verified": "maybe"},
        {"verified": 1},
        {"checksum": b"ab"},
        {"received_at": float("nan")},
        {"received_at": 10**40},
        {"received_at": -1},
        {"detail": ["a"]},
        {"on_own_disk": "no"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_one_that_cannot_be_kept_or_believed_is_a_defect(changes: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError)):
        believed(evolve(GOOD, **changes), "deliver", 5)


def test_what_is_said_besides_is_kept_short_and_printable() -> None:
    detail = believed(evolve(GOOD, detail="\x1b[31mred\nline\0" + "x" * 1_000_000), "deliver").detail
    assert detail.isprintable() and detail.startswith("\\x1b[31mred line") and len(detail) < 5000


@pytest.mark.parametrize("asked", [float("nan"), float("inf"), -1.0, "soon", None, [1.0]])
def test_a_wait_that_is_none_is_not_waited(asked: Any) -> None:
    assert Transient("busy", retry_after=asked).retry_after is None


def test_an_error_that_cannot_say_what_it_is_has_a_name() -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise KeyboardInterrupt

    assert words(Mute()) == "Mute"

"""Values with some fields changed."""

import attrs
import pytest

from appliance.evolving import evolve
from appliance.models import SILENCE_DBFS, AudioFormat
from appliance.status import Status, TakeStatus
from appliance.values import frozen


@frozen
class _Checked:
    one: int = attrs.field(validator=attrs.validators.ge(0))
    two: int = attrs.field(default=2, converter=int)


@attrs.frozen
class _Slotted:
    one: int
    two: int = 2


def test_what_is_changed_is_another_value_that_is_as_made_anew() -> None:
    before = TakeStatus("id", "name", AudioFormat(48_000, 2), 2.0)
    after = evolve(before, seconds=3.0, gaps=1)
    assert after == TakeStatus("id", "name", AudioFormat(48_000, 2), 2.0, 3.0, SILENCE_DBFS, SILENCE_DBFS, 1)
    assert (before.seconds, before.gaps) == (0.0, 0) and hash(after) == hash(attrs.evolve(after))
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        after.seconds = 4.0  # type: ignore[misc]


def test_a_field_that_does_not_exist_is_refused() -> None:
    with pytest.raises(TypeError, match="Status has no such field: volum"):
        evolve(Status(), volum=1)


def test_a_class_that_checks_its_values_checks_the_changed_ones() -> None:
    assert evolve(_Checked(1), two="3") == _Checked(1, 3)
    with pytest.raises(ValueError, match="must be >= 0"):
        evolve(_Checked(1), one=-1)


def test_a_class_with_slots_is_changed_as_well() -> None:
    assert evolve(_Slotted(1), two=4) == _Slotted(1, 4)

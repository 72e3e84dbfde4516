from itertools import accumulate, combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.config.settings import Light
from appliance.panel import lights
from appliance.panel.lights import DARK, ON, STATUS, Lamp, Pattern, pattern
from appliance.panel.ports import Indication, PanelState


def test_every_indication_has_its_own_pattern() -> None:
    assert set(STATUS) == set(Indication)
    for one, other in combinations(STATUS.values(), 2):
        assert (one.phases, one.steady) != (other.phases, other.steady)
        assert one.words != other.words


def test_the_table_at_the_top_names_every_indication() -> None:
    table = (lights.__doc__ or "").splitlines()
    for indication in Indication:
        assert any(line.strip().startswith(indication.value.replace("_", " ")) for line in table), indication


def test_blinking_patterns_differ_in_number_or_pace_of_blinks() -> None:
    rhythms = {(len(one.phases), round(sum(one.phases), 2)) for one in STATUS.values() if one.phases}
    assert len(rhythms) == sum(bool(one.phases) for one in STATUS.values())


def test_an_idle_box_and_a_recording_one_need_no_wakeups() -> None:
    assert STATUS[Indication.IDLE] == DARK == Pattern("dark")
    assert STATUS[Indication.RECORDING] == ON == Pattern("on", steady=True)


def test_every_rhythm_has_a_dark_phase_for_each_bright_one() -> None:
    assert all(len(one.phases) % 2 == 0 for one in STATUS.values())


@pytest.mark.parametrize(
    ("light", "state"),
    [
        (Light.RECORDING, PanelState(Indication.IDLE, recording=True)),
        (Light.PAUSED, PanelState(Indication.IDLE, paused=True)),
        (Light.DELIVERING, PanelState(Indication.IDLE, delivering=True)),
        (Light.FAULT, PanelState(Indication.IDLE, fault=True)),
    ],
)
def test_a_light_with_one_meaning_is_on_while_it_holds(light: Light, state: PanelState) -> None:
    assert pattern(light, state) == ON
    for other in set(Light) - {light}:
        assert pattern(other, state) == DARK


def test_a_light_for_messages_blinks_until_all_are_heard_whatever_else_goes_on() -> None:
    blinks = STATUS[Indication.NEW_MESSAGE]
    for indication in Indication:
        assert pattern(Light.NEW_MESSAGE, PanelState(indication, new_message=True)) == blinks
        assert pattern(Light.NEW_MESSAGE, PanelState(indication)) == DARK


def test_a_lamp_blinks_by_its_deadlines() -> None:
    switched: list[bool] = []
    lamp = Lamp(Light.STATUS, switched.append)
    assert lamp.deadline is None
    lamp.show(PanelState(Indication.PAUSED), 100.0)
    changes: list[float] = []
    for _ in range(4):
        assert lamp.deadline is not None
        changes.append(lamp.deadline)
        lamp.tick(lamp.deadline)
    assert changes == [100.0, 100.5, 101.0, 101.5]
    assert switched == [True, False, True, False]


def test_a_lamp_begins_anew_only_where_its_pattern_changes() -> None:
    switched: list[bool] = []
    lamp = Lamp(Light.STATUS, switched.append)
    lamp.show(PanelState(Indication.PAUSED), 100.0)
    lamp.tick(100.0)
    lamp.show(PanelState(Indication.PAUSED, new_message=True), 100.3)
    assert lamp.deadline == 100.5
    lamp.show(PanelState(Indication.IDLE), 100.4)
    lamp.tick(100.4)
    assert switched == [True, False]
    assert lamp.deadline is None


def test_a_lamp_that_is_late_goes_on_in_step() -> None:
    switched: list[bool] = []
    lamp = Lamp(Light.STATUS, switched.append)
    lamp.show(PanelState(Indication.PAUSED), 100.0)
    lamp.tick(100.0)
    lamp.tick(105.7)
    assert switched == [True, False]
    assert lamp.deadline == 106.0


@given(st.sampled_from([one for one in Indication if STATUS[one].phases]), st.floats(0, 1e7), st.lists(st.floats(0, 9)))
def test_a_lamp_is_lit_as_its_rhythm_says(indication: Indication, start: float, lateness: list[float]) -> None:
    phases = STATUS[indication].phases
    now = start
    switched = [False]
    lamp = Lamp(Light.STATUS, switched.append)
    lamp.show(PanelState(indication), now)
    lamp.tick(now)
    for late in lateness:
        assert lamp.deadline is not None and lamp.deadline > now
        now = lamp.deadline + late
        lamp.tick(now)
        position = (now - start) % sum(phases)
        ends = list(accumulate(phases))
        if min(abs(position - end) for end in (0, *ends)) > 1e-6:
            assert switched[-1] == (next(index for index, end in enumerate(ends) if position < end) % 2 == 0)

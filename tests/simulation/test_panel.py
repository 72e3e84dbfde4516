import pytest

from appliance.events import Command, RecordToggle
from appliance.panel.ports import Indication, Panel, PanelState
from appliance.simulation.panel import FakePanel


def test_it_is_a_panel_that_posts_what_is_pressed() -> None:
    fake = FakePanel()
    panel: Panel = fake
    posted: list[Command] = []
    panel.start(posted.append)
    fake.press(RecordToggle(3.0))
    assert posted == [RecordToggle(3.0)]
    panel.close()
    assert fake.started and fake.closed


def test_it_remembers_what_it_showed() -> None:
    fake = FakePanel()
    fake.show(PanelState(Indication.IDLE))
    fake.show(PanelState(Indication.PAUSED, paused=True))
    assert [state.status for state in fake.shown] == [Indication.IDLE, Indication.PAUSED]
    assert fake.wait_for(lambda state: state.paused).status is Indication.PAUSED
    with pytest.raises(TimeoutError, match="PAUSED"):
        fake.wait_for(lambda state: state.recording, timeout=0.01)


def test_nobody_presses_a_panel_that_does_not_run() -> None:
    fake = FakePanel()
    with pytest.raises(AssertionError, match="does not run"):
        fake.press(RecordToggle(1.0))

"""Takes that differ from the configured ones: what they were begun with outlives crashes and cuts."""

from typing import TYPE_CHECKING

from attrs import evolve

from appliance.audio.take import repair
from appliance.circumstances import Begun, Starter
from appliance.config.options import Seconds
from appliance.config.takes import Brief
from appliance.events import TakeContinues, TakeStarted
from appliance.models import AudioFormat, Clip

if TYPE_CHECKING:
    from tests.audio.conftest import Booth

BEGUN = Begun(Starter.BUTTON, "17", "interview", ("nas",))
BRIEF = Brief(BEGUN, {"title": "A day", "consent": True, "grade": 2.5}, "talk")


def is_as_begun(clip: Clip) -> bool:
    """Whether everything is known of it that was given."""
    known = (clip.begun, dict(clip.fields), clip.title)
    return known == (BEGUN, {"title": "A day", "consent": True, "grade": 2.5}, "A day") and "_talk_" in clip.name


def begin(booth: "Booth", brief: Brief = BRIEF) -> None:
    booth.recorder.start("take000001", booth.clock.monotonic(), brief=brief)
    booth.wait_for(lambda: booth.cards.captures)


def test_a_clip_tells_what_it_was_begun_with(booth: "Booth") -> None:
    begin(booth)
    booth.run(1)
    booth.recorder.stop(booth.clock.monotonic())
    assert is_as_begun(booth.sealed())


def test_so_does_one_that_a_power_cut_left_behind(booth: "Booth") -> None:
    begin(booth)
    booth.run(1)
    booth.wait_until_written(0.5)
    folder = booth.takes / "take000001"
    copy = booth.takes.parent / "disk" / "take000001"
    copy.mkdir(parents=True)
    for name in ("audio.wav", "journal.jsonl"):
        (copy / name).write_bytes((folder / name).read_bytes())
    found = repair(copy)
    assert found and found.recovered and is_as_begun(found)


def test_so_does_what_carries_it_on(booth: "Booth") -> None:
    begin(booth)
    booth.run(1)
    booth.recorder.next_part(booth.at(0.9), "split")
    wish = booth.first(TakeContinues)
    booth.recorder.start("take000002", wish.at, wish.format, continues=wish.take_id)
    booth.run(1)
    booth.recorder.stop(booth.clock.monotonic())
    assert is_as_begun(booth.sealed())


def test_the_next_take_is_as_configured_again(booth: "Booth") -> None:
    begin(booth)
    booth.run(1)
    booth.recorder.stop(booth.clock.monotonic())
    booth.sealed()
    booth.begin("take000002")
    booth.run(1)
    booth.recorder.stop(booth.clock.monotonic())
    clip = booth.sealed()
    assert (clip.begun, dict(clip.fields), clip.title) == (Begun(), {}, "") and "talk" not in clip.name


def test_a_take_has_its_own_format_and_length(booth: "Booth") -> None:
    wanted = evolve(booth.recording, split_every=Seconds(2))
    begin(booth, Brief(capture=evolve(booth.capture, rate=16_000, channels=2), recording=wanted))
    booth.run(2.5)
    assert booth.first(TakeStarted).format == AudioFormat(16_000, 2)
    assert booth.first(TakeContinues).take_id == "take000001"


def test_a_microphone_that_is_always_open_gives_way_to_it(booth: "Booth") -> None:
    booth.recording = evolve(booth.recording, preroll=Seconds(5))
    booth.recorder.arm()
    booth.wait_for(lambda: booth.cards.captures)
    booth.run(1)
    booth.recorder.start("take000001", booth.clock.monotonic(), brief=Brief(capture=evolve(booth.capture, channels=2)))
    booth.turn_until(lambda: len(booth.cards.captures) == 2, 0.25)
    booth.run(1)
    booth.recorder.stop(booth.clock.monotonic())
    assert booth.sealed().format == AudioFormat(8000, 2)

"""Fields, profiles and beginnings of takes, as the configuration has them."""

from pathlib import Path

import pytest
from attrs import evolve

from appliance.circumstances import Begun, Starter, Wishes
from appliance.config.audio import CaptureSettings
from appliance.config.loader import parse, usable
from appliance.config.options import Seconds
from appliance.config.settings import Settings
from appliance.config.takes import Briefing
from appliance.errors import ConfigError, UsageError

FIELDS = """\
recording:
  fields: {speaker: text, room: {choices: [hall, studio]}, consent: yes_no, grade: number}
  profiles:
    interview: {channels: 2, sample_format: S24_3LE, name: talk, split_every: 10m, fields: {room: studio}}
    trial: {test: true}
"""


def settings(more: str = "") -> Settings:
    return parse(FIELDS + more, "file", {})


def briefing(more: str = "") -> Briefing:
    wanted = settings(more)
    return Briefing(wanted.audio.capture, wanted.recording, ("nas",))


def told(text: str) -> list[str]:
    with pytest.raises(ConfigError) as error:
        parse(FIELDS + text, "file", {})
    return str(error.value).splitlines()


class TestTheDoor:
    @pytest.mark.parametrize(
        ("fields", "held"),
        [
            ({"title": " A day "}, {"title": "A day"}),
            ({"speaker": 12}, {"speaker": "12"}),
            ({"speaker": ""}, {}),
            ({"consent": "yes"}, {"consent": True}),
            ({"consent": False}, {"consent": False}),
            ({"grade": "3.5"}, {"grade": 3.5}),
            ({"grade": 4}, {"grade": 4}),
        ],
    )
    def test_what_fits_is_kept_as_the_field_holds_it(self, fields: dict[str, object], held: dict[str, object]) -> None:
        wishes = Wishes(fields=fields)  # type: ignore[arg-type]
        if "" not in fields.values():
            briefing().check(wishes)
        assert briefing().brief(wishes).fields == held

    @pytest.mark.parametrize(
        ("wishes", "words"),
        [
            (Wishes(fields={"rooom": "hall"}), "there is no field 'rooom': did you mean 'room'?"),
            (Wishes(fields={"room": "cellar"}), "field room: found 'cellar', expected one of hall, studio"),
            (Wishes(fields={"consent": "perhaps"}), "field consent: found 'perhaps', expected yes or no"),
            (Wishes(fields={"grade": "good"}), "field grade: found 'good', expected a number"),
            (Wishes(fields={"speaker": "a\0b"}), "field speaker: found 'a\\x00b', expected text of up to 1000"),
            (Wishes(Begun(profile="intervew")), "there is no profile 'intervew': did you mean 'interview'?"),
            (Wishes(Begun(destinations=("cloud",))), "there is no destination 'cloud': expected one of nas"),
        ],
    )
    def test_what_does_not_fit_is_told_with_what_does(self, wishes: Wishes, words: str) -> None:
        with pytest.raises(UsageError) as error:
            briefing().check(wishes)
        assert words in str(error.value)


class TestAProfile:
    def test_it_changes_what_it_names_and_nothing_else(self) -> None:
        brief = briefing().brief(Wishes(Begun(profile="interview"), {"speaker": "Ada"}))
        assert brief.name == "talk" and brief.fields == {"room": "studio", "speaker": "Ada"}
        assert brief.capture == CaptureSettings(channels=2, sample_format="S24_3LE")  # type: ignore[arg-type]
        assert brief.recording == evolve(settings().recording, split_every=Seconds(600))

    def test_what_is_given_counts_more_than_what_it_has(self) -> None:
        assert briefing().brief(Wishes(Begun(profile="interview"), {"room": "hall"})).fields == {"room": "hall"}

    def test_its_clips_may_be_tests(self) -> None:
        assert briefing().brief(Wishes(Begun(profile="trial"))).begun.test

    def test_one_that_is_gone_keeps_nobody_from_recording(self) -> None:
        brief = briefing().brief(Wishes(Begun(profile="gone"), {"gone": "kept"}))
        assert brief.fields == {"gone": "kept"} and brief.capture == settings().audio.capture


class TestTheFile:
    def test_a_contact_says_how_its_takes_are_made(self) -> None:
        button = settings("panel: {buttons: {17: {press: record.toggle, take: {profile: trial, fields: {grade: 1}}}}}")
        wishes = button.panel.buttons[17].take.wishes(Starter.BUTTON, "17")
        assert wishes == Wishes(Begun(Starter.BUTTON, "17", "trial"), {"grade": 1})

    def test_every_wrong_wish_is_told_with_its_line(self) -> None:
        lines = told(
            "panel:\n  buttons:\n    17: {press: record.toggle, take: {profile: trail}}\n"
            "schedules:\n  dawn: {take: {fields: {room: cellar}}}\n"
        )
        assert lines == [
            "file:8: panel.buttons.17.take: there is no profile 'trail': did you mean 'trial'?",
            "file:10: schedules.dawn.take: field room: found 'cellar', expected one of hall, studio",
        ]

    @pytest.mark.parametrize("name", ["two words", "1st", "ä", "a" * 33])
    def test_a_name_must_be_one_that_programs_can_write(self, name: str) -> None:
        with pytest.raises(ConfigError, match="expected a name of up to 32 letters"):
            parse(f'recording: {{fields: {{"{name}": text}}}}', "file", {})

    def test_a_wrong_wish_is_told_at_the_start_and_costs_nothing(self, tmp_path: Path) -> None:
        found = usable(
            FIELDS + "panel: {buttons: {17: {press: record.toggle, take: {profile: gone, destinations: [gone]}}}}",
            "file",
            {},
        )
        assert found.settings.panel.buttons[17].take.destinations == ("gone",)
        assert "there is no profile 'gone'" in found.left_out["panel.buttons.17.take"]

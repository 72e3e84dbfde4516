"""The words that are said before a message."""

from datetime import datetime
from pathlib import Path

import pytest

from appliance import events
from appliance.audio.speech import Speech
from appliance.config.loader import parse
from appliance.config.prompts import Told
from appliance.prompts.announcing import Announcer
from appliance.prompts.wording import WORDS, words_of

NOW = datetime(2026, 11, 27, 9, 0)


@pytest.mark.parametrize(
    ("language", "then", "said"),
    [
        ("en", datetime(2026, 11, 27, 8, 5), "today, 8 05 AM"),
        ("en", datetime(2026, 11, 26, 23, 59), "yesterday, 11 59 PM"),
        ("en", datetime(2026, 11, 24, 0, 0), "Tuesday, 12 AM"),
        ("en", datetime(2026, 11, 20, 12, 0), "November 20, 12 PM"),
        ("de", datetime(2026, 11, 21, 18, 5), "Samstag, 18 Uhr 5"),
        ("de", datetime(2025, 12, 3, 18, 0), "am dritten Dezember, 18 Uhr"),
        ("fr", datetime(2026, 5, 1, 7, 30), "le 1er mai, 7 heures 30"),
        ("es", datetime(2026, 5, 2, 7, 30), "el 2 de mayo, 7 horas 30 minutos"),
        ("zh", datetime(2026, 5, 2, 7, 30), "5月2日, 7点30分"),
        ("en", datetime(2026, 11, 28, 9, 0), "November 28, 9 AM"),
    ],
)
def test_day_and_time_are_said_as_people_say_them(language: str, then: datetime, said: str) -> None:
    assert WORDS[language].moment(then, NOW) == said


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
def test_a_language_has_all_its_words(words: object) -> None:
    assert isinstance(words, type(WORDS["en"]))
    assert len(set(words.days)) == 7 and len(set(words.months)) == 12
    days = {words.day(datetime(2026, 1, day), datetime(2026, 3, 1)) for day in range(1, 32)}
    assert len(days) == 31


def test_languages_are_known_by_their_beginnings() -> None:
    assert [words_of(name).voice for name in ("de-AT", "Deutsch", "FR", "xx", "")] == ["de", "de", "fr", "en", "en"]


def test_a_recording_has_no_title_to_be_said_and_a_clock_that_tells_nothing_no_time() -> None:
    now_ns = round(NOW.timestamp() * 1e9)
    announcer = Announcer(tuple(Told), "en", Speech(), lambda: now_ns)
    hour_ago = now_ns - 3600 * 10**9

    def said(track: int | None, at_ns: int) -> str:
        return announcer.text(events.Play(Path("/a.wav"), "Anna", track, at_ns=at_ns))

    assert said(1, hour_ago) == "Anna. today, 8 AM" and said(None, hour_ago) == "today, 8 AM"
    assert said(1, 0) == "Anna" and said(None, 0) == ""


def test_it_is_configured_in_plain_words() -> None:
    prompts = parse("prompts: {announce: [title, time]}", "test", {}, {}).prompts
    assert prompts.announce == (Told.TITLE, Told.TIME)
    assert parse("prompts: tones", "test", {}, {}).prompts.announce == ()

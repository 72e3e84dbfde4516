"""Names of files by a template: safe everywhere, and no two the same."""

import re

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from appliance.circumstances import Begun, Place
from appliance.models import AudioFormat, Clip, ClockSource, ClockStamp
from appliance.naming import WORDS, Named, check_template, name_of
from appliance.recipes import BWF, FLAC

CLIP = Clip(
    "abcdefghij",
    "box_2027-01-15_09-00-30+0100_abcdefghij",
    "box",
    AudioFormat(),
    48_000,
    96_044,
    ClockStamp(1_800_000_030 * 10**9, 0, "boot", ClockSource.NTP, 3600),
    title="Oma: Teil 1/2",
    place=Place("Altes Rathaus"),
    begun=Begun(profile="interview"),
    fields={"room": "hall", "consent": True},
)
NAMED = Named(CLIP, FLAC, 12)


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("{started:%d.%m.%Y} {title}", "15.01.2027 Oma_ Teil 1_2_abcdefghij.flac"),
        ("{started:%H-%M%z} {id}", "09-00+0100 abcdefghij.flac"),
        ("{seq:04} {fields.room} {id}", "0012 hall abcdefghij.flac"),
        ("{name}", "box_2027-01-15_09-00-30+0100_abcdefghij.flac"),
        ("{device}-{date}-{time}", "box-2027-01-15-09-00-30_abcdefghij.flac"),
        ("{place} {profile} {fields.consent} {kind}", "Altes Rathaus interview yes flac_abcdefghij.flac"),
        ("{fields.speaker}", "abcdefghij.flac"),
        ("..{title}", "Oma_ Teil 1_2_abcdefghij.flac"),
        ("{{x}}{seq}", "{x}12_abcdefghij.flac"),
    ],
)
def test_a_name_is_made_of_words(template: str, name: str) -> None:
    check_template(template)
    assert name_of(template, NAMED) == name


@pytest.mark.parametrize("title", ["CON", "nul", "LPT9.", "Aux.", "com1 "])
def test_no_name_is_a_device_of_windows(title: str) -> None:
    """Windows opens `NUL.anything` as the device, on every disk."""
    clip = evolve(CLIP, title=title)
    assert name_of("{title}.{id}", Named(clip, FLAC)).startswith("_")
    assert name_of("Old {title}.{id}", Named(clip, FLAC)).startswith("Old ")
    assert name_of("{title}{id}", Named(evolve(CLIP, title="Conny"), FLAC)) == "Connyabcdefghij.flac"


def test_every_word_tells_something() -> None:
    for word in WORDS:
        check_template(f"{{{word}}}")
        assert name_of(f"{{{word}}}", NAMED).removesuffix(".flac").removesuffix("_abcdefghij")


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{titel}", 'found {titel} in "{titel}", expected any of {name}, {id}, {seq}'),
        ("a/{id}", 'found "a/{id}", expected a file name: without /'),
        ("{started:%Q}", 'found {started:%Q} in "{started:%Q}", expected the letters of strftime'),
        ("{seq:x}", "expected a number of digits, such as {seq:04}"),
        ("{title:10}", "expected {title} without a format"),
        ("{title!r}", "expected any of {name}"),
        ("{id", "expected {{ and }} for braces themselves"),
        ("{fields.}", "expected any of {name}"),
        ("{}", "expected any of {name}"),
    ],
)
def test_a_wrong_one_says_what_is_allowed(template: str, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        check_template(template)


@given(st.text(max_size=400), st.text(max_size=400))
def test_whatever_people_write_the_name_is_safe(title: str, room: str) -> None:
    clip = evolve(CLIP, title=title, fields={"room": room})
    name = name_of("{title} {fields.room}", Named(clip, BWF))
    assert name.endswith("abcdefghij.bwf.wav") and len(name.encode()) <= 200
    assert not re.search(r'[\x00-\x1f\x7f"*/:<>?\\|]', name) and name[0] not in " ." and name.isprintable()

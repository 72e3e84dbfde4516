"""What is known of a clip is inside the files that are sent, as programs of other people read it."""

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import guano
import mutagen
import numpy as np
import pytest
import soundfile
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from wavinfo import WavInfoReader

from appliance.audio import wav
from appliance.circumstances import Place
from appliance.metadata.wave import header, with_metadata
from appliance.models import (
    AudioFormat,
    Clip,
    ClockSource,
    ClockStamp,
    Gap,
    GapCause,
    Levels,
    Mark,
    Pause,
    SampleFormat,
    Verdict,
)
from appliance.recipes import BWF, FLAC, MP3, OPUS, RECIPES, Recipe
from appliance.renditions.encode import encode

SECOND = 1_000_000_000
CLIP = Clip(
    id="abcdefghij",
    name="box_2027-01-15_09-00-30+0100_abcdefghij",
    device="box",
    format=AudioFormat(48_000, 2, SampleFormat.S24_3LE),
    frames=48_000,
    size=wav.HEADER_BYTES + 48_000 * 6,
    started=ClockStamp(1_800_000_030 * SECOND + SECOND // 2, 0, "boot", ClockSource.RTC, 3600),
    levels=Levels(-6.02, -20.0),
    verdict=Verdict.GAPS,
    gaps=(Gap(100, 50, 2, GapCause.OVERRUN),),
    marks=(Mark(1000), Mark(24_000, "Tür & <Hund>\n\ud800fällt")),
    pauses=(Pause(500, 2.5),),
    title="Großmutter & Enkel <1>",
    note="Zwei Zeilen:\nhier die zweite, 日本",
    labels=("family", "1950s"),
    place=Place("Altes Rathaus", 52.5163, 13.3777),
    microphone="usb:NT-USB",
    fields={"speaker": "Ada Löwe", "consent": True, "device": "a field", "grade": 2.5},
)
CALLED = "Tür & <Hund> fällt"
TOLD = {
    "LOCATION": "Altes Rathaus",
    "POSITION": "52.5163 13.3777",
    "CLOCK": "rtc",
    "DEVICE": "box",
    "MICROPHONE": "usb:NT-USB",
    "VERDICT": "gaps",
    "CLIP_ID": "abcdefghij",
    "PEAK_DBFS": "-6.0",
    "CONSENT": "yes",
    "GRADE": "2.5",
    "FIELD_DEVICE": "a field",
}


def sound(clip: Clip, folder: Path) -> Path:
    path = folder / clip.file_name
    samples = (np.arange(clip.frames * clip.format.channels) * 9973 % (1 << 20)).astype("<i4")
    data = b"".join(sample.tobytes()[:3] for sample in samples) if clip.format.sample.bytes == 3 else b""
    path.write_bytes(wav.build(clip.format, len(data)) + data)
    return path


@pytest.fixture
def original(tmp_path: Path) -> Path:
    return sound(CLIP, tmp_path)


def made(original: Path, recipe: Recipe, clip: Clip = CLIP) -> Path:
    target = original.with_name(f"{clip.name}{recipe.suffix}")
    encode(original, target, recipe, clip, lambda: None)
    return target


def test_broadcast_wave_as_wavinfo_reads_it(original: Path) -> None:
    info = WavInfoReader(str(made(original, BWF)), info_encoding="utf-8")
    bext = info.bext
    assert (bext.version, bext.originator, bext.originator_ref) == (2, "box", "abcdefghij")
    assert bext.description.startswith("Grossmutter & Enkel <1>. Zwei Zeilen: hier die zweite")
    assert (bext.originator_date, bext.originator_time) == ("2027-01-15", "09:00:30")
    assert bext.time_reference == (9 * 3600 + 30) * 48_000 + 24_000
    assert bext.coding_history.startswith("A=PCM,F=48000,W=24,M=stereo,T=box")
    assert info.fmt.sample_rate == 48_000 and info.data.frame_count == 48_000
    assert info.ixml.project == "box" and info.ixml.scene == "Großmutter & Enkel <1>" and info.ixml.take == "abcdefghij"
    assert [(cue.name, cue.sample_offset) for cue in cues(info)] == [("Mark 1", 1000), (CALLED, 24_000)]


def test_broadcast_wave_tells_how_loud_it_is(original: Path) -> None:
    """-20 dBFS for 5 s and -30 for 5 s, in both channels: Tech 3341 and 3342 say what that is."""
    tone = np.sin(2 * np.pi * 1000 * np.arange(480_000) / 48_000) * np.repeat([0.1, 0.1**1.5], 240_000)
    soundfile.write(original, np.stack((tone, tone), axis=1), 48_000, subtype="PCM_24")
    original.write_bytes(wav.build(CLIP.format, 480_000 * 6) + original.read_bytes()[-480_000 * 6 :])
    bext = WavInfoReader(str(made(original, BWF, evolve(CLIP, frames=480_000)))).bext
    assert bext.loudness_value == pytest.approx(-22.6, abs=0.2)
    assert bext.loudness_range == pytest.approx(10, abs=0.5)
    assert bext.max_true_peak == pytest.approx(-20, abs=0.1)
    assert bext.max_momentary_loudness == pytest.approx(-20, abs=0.1)
    assert bext.max_shortterm_loudness == pytest.approx(-20, abs=0.1)


def cues(info: Any) -> list[Any]:
    from attrs import frozen

    @frozen
    class Cue:
        name: str
        sample_offset: int

    names = {label.name: label.text for label in info.cues.labels}
    return [Cue(names[cue.name], cue.sample_offset) for cue in info.cues.cues]


def test_ixml_holds_the_place_the_marks_and_everything_else(original: Path) -> None:
    root = ElementTree.fromstring(WavInfoReader(str(made(original, BWF))).ixml.source)
    assert root.findtext(".//LOCATION_NAME") == "Altes Rathaus"
    assert root.findtext(".//LOCATION_GPS") == "52.5163, 13.3777"
    assert root.findtext(".//NOTE") == CLIP.note
    assert [point.text for point in root.iterfind(".//SYNC_POINT_LOW")] == ["1000", "24000"]
    user = root.findtext(".//USER", "")
    assert all(f"{name}={text}" in user for name, text in TOLD.items())


def test_guano_as_its_own_library_reads_it(original: Path) -> None:
    narrow = evolve(CLIP, format=AudioFormat(48_000, 1), frames=48_000)
    original.write_bytes(wav.build(narrow.format, 96_000) + bytes(96_000))
    read = guano.GuanoFile(str(made(original, BWF, narrow)))
    assert read["Timestamp"].isoformat() == "2027-01-15T09:00:30.500000+01:00"
    assert read["Loc Position"] == (52.5163, 13.3777) and read["Samplerate"] == 48_000
    assert read["Note"] == CLIP.note and read["Tags"] == "family,1950s"
    assert float(read["Length"]) == 1.0 and read["Original Filename"] == CLIP.file_name
    ours = {name: text for namespace, name, text in read.items_namespaced() if namespace == "AudioAppliance"}
    assert ours["Title"] == CLIP.title and ours["Clock"] == "rtc" and ours["Microphone"] == "usb:NT-USB"
    assert ours["Speaker"] == "Ada Löwe" and ours["Consent"] == "yes"
    assert json.loads(ours["Gaps"])[0]["frames"] == 50 and json.loads(ours["Pauses"])[0]["seconds"] == 2.5


def test_broadcast_wave_holds_the_same_samples(original: Path) -> None:
    before, _ = soundfile.read(original, dtype="int32")
    after, _ = soundfile.read(made(original, BWF), dtype="int32")
    assert np.array_equal(before, after)


def test_a_broadcast_wave_that_is_too_long_for_riff_is_rf64() -> None:
    long = evolve(CLIP, frames=1 << 30, format=AudioFormat(48_000, 2))
    fmt = wav.build(long.format, None)[wav.build(long.format, None).index(b"fmt ") + 8 :][:16]
    head = header(long, fmt, 1 << 32, 0)
    assert wav.parse(head) == wav.Wav(long.format, len(head), 1 << 32) and head[:4] == b"RF64"
    short = header(evolve(long, frames=100), fmt, 400, 20)
    assert wav.parse(short) == wav.Wav(long.format, len(short), 400) and short[:4] == b"RIFF"
    assert int.from_bytes(short[4:8], "little") == len(short) - 8 + 420


@pytest.mark.parametrize("recipe", [FLAC, OPUS])
def test_vorbis_comments_as_mutagen_reads_them(original: Path, recipe: Recipe) -> None:
    tags = mutagen.File(made(original, recipe)).tags
    assert tags["title"] == [CLIP.title] and tags["description"] == [CLIP.note]
    assert tags["date"] == ["2027-01-15T09:00:30.500+01:00"] and tags["labels"] == ["family, 1950s"]
    assert {name: tags[name][0] for name in TOLD} == TOLD and tags["speaker"] == ["Ada Löwe"]
    assert json.loads(tags["gaps"][0]) == [
        {"offset": 100, "frames": 50, "uncertainty": 2, "cause": "overrun", "filled": True}
    ]
    assert (tags["chapter002"], tags["chapter002name"]) == (["00:00:00.500"], [CALLED])


def test_id3_as_mutagen_reads_it(original: Path) -> None:
    tags = mutagen.File(made(original, MP3)).tags
    assert tags.version == (2, 4, 0)
    assert str(tags["TIT2"]) == CLIP.title and tags.getall("COMM")[0].text == [CLIP.note]
    assert str(tags["TPE1"]) == "Ada Löwe"
    assert str(tags["TDRC"]) == "2027-01-15 08:00:30", "UTC, as the standard wants it, and MediaInfo shows it"
    assert {name: str(tags[f"TXXX:{name}"]) for name in TOLD} == TOLD
    assert str(tags["TXXX:DATE"]) == "2027-01-15T09:00:30.500+01:00"
    chapters = [tags[f"CHAP:{name}"] for name in tags["CTOC:toc"].child_element_ids]
    assert [(each.start_time, each.end_time) for each in chapters] == [(21, 500), (500, 1000)]
    assert [str(each.sub_frames["TIT2"]) for each in chapters] == ["Mark 1", CALLED]
    unmarked = mutagen.File(made(original, MP3, evolve(CLIP, marks=()))).tags
    assert not [name for name in unmarked if name.startswith(("CTOC", "CHAP", "TXXX:MARKS"))]
    assert '"offset": 24000' in str(tags["TXXX:MARKS"]) and not [name for name in tags if "CHAPTER" in name]


def test_fields_whose_names_are_nearly_the_same_are_all_told(original: Path) -> None:
    alike = evolve(CLIP, fields={"stage-left": "Ada", "stage_left": "Bert", "Stage_Left": "Cora"})
    tags = mutagen.File(made(original, FLAC, alike)).tags
    assert [tags[f"{before}stage_left"] for before in ("", "field_", "field_field_")] == [["Ada"], ["Bert"], ["Cora"]]


def test_the_first_who_can_be_the_artist_is_it_whatever_else_is_told(original: Path) -> None:
    several = evolve(CLIP, title="What TPE1 means", fields={"speaker": "Ada", "performer": "Bert"})
    tags = mutagen.File(made(original, MP3, several)).tags
    assert [str(each) for each in tags.getall("TPE1")] == ["Ada"] and str(tags["TXXX:PERFORMER"]) == "Bert"


@pytest.mark.parametrize("recipe", [FLAC, OPUS, MP3], ids=lambda recipe: recipe.name)
def test_a_file_with_tags_sounds_the_same(original: Path, recipe: Recipe, tmp_path: Path) -> None:
    data, rate = soundfile.read(made(original, recipe), dtype="float32")
    before, _ = soundfile.read(original, dtype="float32")
    assert rate == 48_000 and len(data) == pytest.approx(48_000, abs=3000)
    if recipe is FLAC:
        assert np.array_equal(data, before)


@pytest.mark.parametrize("recipe", [each for each in RECIPES.values() if each.steps], ids=lambda recipe: recipe.name)
def test_much_to_tell_breaks_no_file(original: Path, recipe: Recipe) -> None:
    """What does not fit is left out whole, and what is there is still read."""
    long = evolve(CLIP, note="n" * 30_000, marks=tuple(Mark(number) for number in range(2000)))
    path = made(original, recipe, long)
    assert len(soundfile.read(path)[0])
    if recipe is not BWF:
        assert str(mutagen.File(path).tags.get("title" if recipe is not MP3 else "TIT2")).strip("[']") == CLIP.title


def test_what_is_not_known_is_not_told(original: Path) -> None:
    started = evolve(CLIP.started, source=ClockSource.NONE)
    bare = Clip(CLIP.id, CLIP.name, "box", CLIP.format, CLIP.frames, CLIP.size, started)
    tags = mutagen.File(made(original, FLAC, bare)).tags
    assert tags["title"] == [CLIP.name] and tags["clock"] == ["none"] and tags["clock_uncertain"] == ["yes"]
    assert not {"location", "position", "gaps", "marks", "labels", "description"} & set(tags.keys())
    read = WavInfoReader(str(made(original, BWF, bare)))
    assert read.cues is None or not list(read.cues.cues)


def test_the_time_is_the_best_that_is_known(original: Path) -> None:
    true = evolve(CLIP.started, wall_ns=CLIP.started.wall_ns + 60 * SECOND, source=ClockSource.NTP)
    better = evolve(CLIP, corrected=true)
    tags = mutagen.File(made(original, FLAC, better)).tags
    assert tags["date"] == ["2027-01-15T09:01:30.500+01:00"] and tags["clock"] == ["ntp"]


@given(st.text(max_size=50), st.text(max_size=50), st.text(max_size=20))
def test_any_text_gives_a_file_that_is_read(
    tmp_path_factory: pytest.TempPathFactory, title: str, note: str, place: str
) -> None:
    clip = evolve(CLIP, title=title, note=note, place=Place(place), frames=100, marks=())
    path = tmp_path_factory.mktemp("any") / clip.file_name
    data = bytes(clip.frames * 6)
    path.write_bytes(wav.build(clip.format, len(data)) + data)
    with_metadata(path, path.with_suffix(".made"), clip, lambda: None)
    info = WavInfoReader(str(path.with_suffix(".made")))
    assert info.data.frame_count == clip.frames
    assert ElementTree.fromstring(info.ixml.source).tag == "BWFXML"


def test_a_file_that_is_shorter_than_its_clip(original: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="shorter"):
        with_metadata(original, tmp_path / "made", evolve(CLIP, frames=CLIP.frames + 1), lambda: None)

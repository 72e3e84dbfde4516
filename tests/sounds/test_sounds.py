"""The box's own sounds, as somebody sends them: heard from then on, or nothing of them is there."""

import io
import shutil
import wave
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import soundfile

from appliance.audio.greetings import NoneToday, greeting
from appliance.audio.saying import Voice
from appliance.config.flow import FlowSettings, Order, Script
from appliance.config.prompts import Prompt, PromptSettings
from appliance.errors import ApplianceError, NotFound, Refused, StorageError, UsageError
from appliance.events import (
    BellDue,
    ClipFinished,
    FlowDue,
    FlowNext,
    FlowWait,
    Greet,
    GreetingChanged,
    HandsetHangUp,
    HandsetLift,
    Said,
    Say,
    SoundsChanged,
)
from appliance.flow import flow_of
from appliance.flow.handset import Handset
from appliance.models import AudioFormat, Clip, ClockSource, ClockStamp, Verdict
from appliance.prompts import Prompts
from appliance.prompts.sounds import SHIPPED
from appliance.sound_verbs import USES
from appliance.sounds import Arriving, KeptSounds, Sound
from appliance.status import Status
from appliance.store import Store
from appliance.store.places import Places
from appliance.testing.clock import ManualClock
from appliance.vitals import Vitals

CLIP = Clip("x", "x", "box", AudioFormat(), 0, 0, ClockStamp(0, 0, "boot", ClockSource.NONE))
TONE = (9000 * np.sin(np.arange(22_050) * 0.1)).astype(np.int16)


def encoded(samples: Any = TONE, rate: int = 44_100, format: str = "WAV") -> bytes:
    sound = io.BytesIO()
    soundfile.write(sound, samples, rate, format=format)
    return sound.getvalue()


SOUND = encoded()


class House:
    """A store, and what is sent to it."""

    def __init__(self, directory: Path) -> None:
        self.clock = ManualClock()
        self.posted: list[Any] = []
        self.room = True
        self.directory = directory
        self.opened: list[Store] = []
        self.restart()

    def restart(self) -> None:
        for store in self.opened:
            store.close()
        self.store = Store(self.directory, self.clock, self.posted.append, Vitals(self.clock))
        self.store.start()
        self.opened = [self.store]
        self.kept = KeptSounds(self.store, self.clock, self.posted.append, ("de", "fr"))
        self.sounds = Arriving(self.store, self.kept, self.clock, lambda size: self.room)
        self.posted.clear()
        self.sounds.start()
        self.kept.start()
        self.store.submit(lambda: None).result()

    def send(self, use: str, sound: bytes = SOUND, title: str = "", day: str = "") -> Sound:
        upload, sent = self.sounds.begin(use, len(sound), title, day), 0
        while sent < len(sound):
            sent = self.sounds.write(upload, sent, sound[sent : sent + 49_152])
        return self.sounds.end(upload)

    @property
    def there(self) -> list[str]:
        return [each["id"] for each in self.kept.told()["sounds"]]

    @property
    def removed(self) -> list[str]:
        return [each["id"] for each in self.kept.told()["removed"]]

    def last(self, kind: type[Any]) -> Any:
        return next(each for each in reversed(self.posted) if isinstance(each, kind))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path / "state")
    yield house
    house.store.close()


def test_every_prompt_can_be_given() -> None:
    assert {*Prompt} < {*USES}


@pytest.mark.parametrize("format", ["WAV", "FLAC", "OGG", "MP3"])
def test_what_is_sent_becomes_wav_and_is_told(format: str, house: House) -> None:
    sound = house.send("saved", encoded(format=format), "Thank  you/\n")
    assert (sound.id, sound.title) == ("saved/001 Thank you.wav", "Thank you")
    assert sound.seconds == pytest.approx(0.5, abs=0.06)
    with wave.open(sound.path) as file:
        assert (file.getframerate(), file.getsampwidth()) == (48_000, 2)
        assert max(np.frombuffer(file.readframes(-1), np.int16)) > 8000
    assert house.last(SoundsChanged).sounds == {"saved": Path(sound.path)}


def test_a_newer_prompt_takes_the_place_of_the_one_before_which_can_be_brought_back(house: House) -> None:
    house.send("saved", title="one")
    house.send("saved", title="two")
    assert (house.there, house.removed) == (["saved/002 two.wav"], ["saved/001 one.wav"])
    house.kept.restore("saved/001 one.wav")
    assert (house.there, house.removed) == (["saved/001 one.wav"], ["saved/002 two.wav"])
    house.kept.remove("saved/001 one.wav")
    assert house.there == [] and house.last(SoundsChanged).sounds == {}


def test_greetings_sound_in_turn_and_by_day(house: House) -> None:
    assert house.posted == []
    first, second = house.send("greeting", title="Hello"), house.send("greeting", title="Monday is fun")
    party = house.send("greeting", title="Party", day="2026-06-13")
    folder = house.last(GreetingChanged).path
    other, day = date(2026, 6, 12), date(2026, 6, 13)
    heard = [greeting(folder, turn, other) for turn in range(3)]
    assert heard == [Path(first.path), Path(second.path), Path(first.path)]
    assert greeting(folder, 1, day) == Path(party.path)
    for each in (first, second):
        house.kept.remove(each.id)
    with pytest.raises(NoneToday):
        greeting(folder, 0, other)
    house.kept.remove(party.id)
    assert house.last(GreetingChanged).path is None


def test_what_was_recorded_at_the_box_counts_before_what_was_sent(house: House) -> None:
    house.send("greeting")
    house.store.places.greeting.write_bytes(SOUND)
    house.restart()
    assert house.last(GreetingChanged).path == house.store.places.greeting
    assert house.kept.told()["recorded"]["seconds"] == 0.5


def test_questions_come_in_the_order_in_which_they_were_sent(house: House) -> None:
    sent = [house.send("question", title=title) for title in ("b", "a")]
    assert house.last(SoundsChanged).questions == tuple(Path(each.path) for each in sent)


def test_nothing_is_lost_by_a_restart_and_nothing_half_is_heard(house: House) -> None:
    sound = house.send("greeting", title="Hello")
    upload = house.sounds.begin("greeting", len(SOUND), "half")
    house.sounds.write(upload, 0, SOUND[:1000])
    house.restart()  # as after a power cut: nobody said goodbye
    assert house.there == [sound.id]
    assert house.last(GreetingChanged).path == Path(sound.path).parent
    assert not (house.store.places.sounds / "coming").exists()
    with pytest.raises(NotFound):
        house.sounds.end(upload)


@pytest.mark.parametrize(
    ("sound", "said"),
    [
        (b"no sound" * 100, "no sound that the box can read"),
        (encoded(np.zeros(4800, np.int16)), "nothing can be heard"),
        (SOUND[:44], "no sound that the box can read"),
    ],
)
def test_what_cannot_be_heard_changes_nothing(sound: bytes, said: str, house: House) -> None:
    before = house.send("saved")
    with pytest.raises(UsageError, match=said):
        house.send("saved", sound)
    assert house.there == [before.id]
    assert list((house.store.places.sounds / "coming").iterdir()) == []


def test_what_is_too_long_is_refused(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("appliance.sounds.arrivals.LONGEST", 0.3)
    with pytest.raises(UsageError, match="longer than"):
        house.send("saved")


def test_recordings_keep_their_reserve(house: House) -> None:
    house.room = False
    with pytest.raises(StorageError, match="no room"):
        house.send("saved", SOUND * 60)


@pytest.mark.parametrize("day", ["someday", "2026-6-13", "2026-02-30", "20260613"])
def test_what_is_no_day_is_refused(day: str, house: House) -> None:
    with pytest.raises(UsageError, match="expected a weekday"):
        house.sounds.begin("greeting", 5, day=day)
    with pytest.raises(UsageError):
        house.sounds.begin("saved", 5, day="monday")


@pytest.mark.parametrize("sound", ["", "saved", "saved/../../catalogue.db", "../clips/001 a.wav", "saved/001.wav"])
def test_names_are_never_paths(sound: str, house: House) -> None:
    there = house.send("saved", title="a").id
    for change in (house.kept.remove, house.kept.restore):
        with pytest.raises(NotFound):
            change(sound)
    assert house.there == [there] and house.store.places.catalogue.exists()


def test_no_more_than_two_come_at_once(house: House) -> None:
    for _ in range(2):
        house.sounds.begin("saved", 5)
    with pytest.raises(Refused):
        house.sounds.begin("saved", 5)
    house.clock.advance(121)
    upload = house.sounds.begin("saved", 5)
    for offset, data in ((2, b"ab"), (0, b"abcdef")):
        with pytest.raises(UsageError):
            house.sounds.write(upload, offset, data)
    with pytest.raises(UsageError, match="0 of 5"):
        house.sounds.end(upload)


def test_what_was_thrown_away_goes_after_thirty_days(house: House) -> None:
    sound = house.send("saved")
    house.kept.remove(sound.id)
    for days, left in ((29, [sound.id]), (2, [])):
        house.clock.advance(days * 86_400)
        house.restart()
        assert house.removed == left


def test_thirty_days_are_counted_by_a_clock_that_is_right(house: House) -> None:
    sound = house.send("saved")
    house.clock.source = ClockSource.NONE  # no network yet: by the last time that it ran
    house.clock.set_wall(1_700_000_000.0)
    house.kept.remove(sound.id)
    house.clock.source = ClockSource.NTP
    house.clock.set_wall(1_800_000_000.0)
    house.restart()
    assert house.removed == [sound.id]
    house.clock.source = ClockSource.NONE
    house.clock.set_wall(1_900_000_000.0)
    house.restart()
    assert house.removed == [sound.id]
    house.clock.source = ClockSource.NTP
    house.restart()
    assert house.removed == []


@pytest.mark.parametrize("day", ["", "2026-06-13"])
def test_a_title_of_letters_that_take_much_room_is_cut(day: str, house: House) -> None:
    sound = house.send("greeting", title="🎉" * 60, day=day)
    assert "🎉" * 50 in sound.title and house.there == [sound.id]
    house.kept.remove(sound.id)
    house.kept.restore(sound.id)
    assert house.there == [sound.id]


def test_what_is_said_twice_as_an_answer_was_lost_counts_once(house: House) -> None:
    upload = house.sounds.begin("greeting", len(SOUND), "Hello")
    half = len(SOUND) // 2
    for data, offset in ((SOUND[:half], 0), (SOUND[half:], half)):
        for _ in range(2):
            assert house.sounds.write(upload, offset, data) == offset + len(data)
    first = house.sounds.end(upload)
    assert house.sounds.end(upload) == first and house.there == [first.id]


def test_a_folder_that_is_gone_is_no_trouble(house: House) -> None:
    house.send("saved")
    shutil.rmtree(house.store.places.sounds)
    assert house.there == []
    assert house.send("saved").id == "saved/001.wav"
    with pytest.raises(ApplianceError):
        house.kept.remove("saved/002.wav")


# -- what is heard of them


def machine(script: Script, **settings: Any) -> Handset:
    return flow_of(FlowSettings(script, **settings), PromptSettings(), {}, Places(Path("/state")))


def said(handset: Handset, *happens: Any) -> tuple[Handset, list[Any]]:
    """What a flow says of what happens, up to the greeting's end."""
    found: list[Any] = []
    for each in happens:
        handset, outputs = handset.react(each, Status())
        found += [output for output in outputs if isinstance(output, Say)]
        for wait in [output for output in outputs if isinstance(output, FlowWait)]:
            handset, more = said(handset, FlowDue(wait.until))
            found += more
    return handset, found


@pytest.mark.parametrize("script", [Script.TELEPHONE, Script.BOOTH])
def test_what_was_sent_greets_in_the_place_of_what_is_configured(script: Script) -> None:
    folder, instead = Path("/own/greeting"), Path("/srv/greeting.wav")
    handset = machine(script, greeting=instead, order=Order.RANDOM)
    handset, (before,) = said(handset, HandsetLift(1.0), HandsetHangUp(2.0))
    assert (before.path, before.own) == (instead, False)
    handset, (greet,) = said(handset, GreetingChanged(folder), HandsetLift(3.0))
    assert (greet.path, greet.own, greet.instead, greet.turn, greet.shuffled) == (folder, True, instead, 1, True)
    tone = Path("/own/tone.wav")
    _, (heard,) = said(handset, SoundsChanged({"tone": tone}), Said(greet.playback_id, 4.0, completed=True))
    assert heard.path == tone


def test_a_booth_asks_and_thanks_by_what_was_sent() -> None:
    own = {use: Path(f"/own/{use}.wav") for use in ("consent", "thanks", "language")}
    asks = tuple(Path(f"/own/{number}.wav") for number in range(2))
    handset, _ = said(machine(Script.BOOTH, languages=("de", "en")), SoundsChanged(own, asks))
    heard: list[Path] = []
    handset, found = said(handset, HandsetLift(1.0))
    while found and len(heard) < 4:
        heard.append(found[-1].path)
        handset, _ = handset.react(Said(found[-1].playback_id, 2.0, completed=True), Status())
        handset, found = said(handset, FlowNext(3.0))
    assert heard == [own["language"], asks[0], own["consent"], SHIPPED / "tone.flac"]


def test_the_bell_of_a_message_box_is_the_one_that_was_sent() -> None:
    bell = Path("/own/bell.wav")
    handset, _ = said(machine(Script.MESSAGE_BOX), SoundsChanged({"bell": bell}))
    _, outputs = handset.react(BellDue(), Status(unheard=1))
    assert [output.path for output in outputs if isinstance(output, Say)] == [bell]


def test_a_prompt_that_was_sent_sounds_also_where_none_is_configured() -> None:
    saved = Path("/own/saved.wav")
    prompts, _ = Prompts({}).react(SoundsChanged({"saved": saved}), Status())
    finished = ClipFinished(CLIP, Verdict.OK)
    now, (say,) = prompts.react(finished, Status())
    assert isinstance(say, Say) and say.path == saved
    silent, _ = prompts.react(SoundsChanged({}), Status())
    assert silent.react(finished, Status())[1] == ()
    waiting, _ = now.react(finished, Status())  # it waits for the one before, and is taken away meanwhile
    waiting, _ = waiting.react(SoundsChanged({}), Status())
    assert waiting.react(Said(say.playback_id or "", 2.0, completed=True), Status())[1] == ()


def test_where_none_is_for_today_the_configured_one_is_heard_or_nothing(house: House, tmp_path: Path) -> None:
    told: list[Any] = []
    voice = Voice(cast(Any, SimpleNamespace(longest_end=0.1)), house.clock, told.append)
    party = house.send("greeting", day="2026-06-13")
    folder, instead = Path(party.path).parent, tmp_path / "hello.wav"
    instead.write_bytes(encoded(np.tile(TONE, 4)))
    greet = Greet(folder, "greeting", playback_id="flow-1", own=True)
    assert voice.opened("flow-1", greet, 48_000, 1.0) is None
    (nothing,) = told
    assert (nothing.say_id, nothing.completed, nothing.message) == ("flow-1", True, "")
    heard = voice.opened(
        "flow-1", Greet(folder, "greeting", playback_id="flow-1", own=True, instead=instead), 48_000, 1.0
    )
    assert heard and heard.source.seconds == pytest.approx(2.0, abs=0.01)
    heard.source.close()
    assert voice.opened("flow-1", Greet(folder, "greeting", playback_id="flow-1"), 48_000, 1.0) is None
    assert "there is none for today" in told[-1].message


def test_a_greeting_is_heard_in_the_language_that_it_is_in(house: House) -> None:
    def sent(title: str, language: str = "") -> Sound:
        upload = house.sounds.begin("greeting", len(SOUND), title, "", language)
        house.sounds.write(upload, 0, SOUND)
        return house.sounds.end(upload)

    def heard(language: str) -> str:
        path = next(each.path for each in reversed(house.posted) if isinstance(each, GreetingChanged))
        assert path
        return greeting(path, 0, date(2026, 6, 13), language=language).stem.partition(" ")[2]

    german, general = sent("Hallo", "de"), sent("Hello")
    assert (german.id, german.language, general.language) == ("greeting/de/001 Hallo.wav", "de", "")
    assert (heard("de"), heard("en"), heard("")) == ("Hallo", "Hello", "Hello")
    assert {each["id"] for each in house.kept.told()["sounds"]} == {german.id, general.id}
    house.kept.remove(german.id)
    assert heard("de") == "Hello" and [each["id"] for each in house.kept.told()["removed"]] == [german.id]
    house.kept.restore(german.id)
    assert heard("de") == "Hallo"
    for language in ("en", "DE", "../de", ".."):
        with pytest.raises(UsageError, match=r"^language: found '.+', expected de or fr, see `flow.languages`$"):
            house.sounds.begin("greeting", 5, language=language)
    with pytest.raises(UsageError, match=r"^language: only a greeting is for one$"):
        house.sounds.begin("saved", 5, language="de")
    assert not (house.directory / "sounds/greeting/en").exists()
    for odd in ("greeting/../greeting/001 Hello.wav", "greeting/de/x/001 Hallo.wav", "001 Hello.wav"):
        with pytest.raises(NotFound):
            house.kept.remove(odd)


def test_no_greeting_is_for_a_language_where_none_are_configured(house: House) -> None:
    kept = KeptSounds(house.store, house.clock, house.posted.append, ())
    with pytest.raises(UsageError, match=r"^language: this box has none: set `flow.languages` first$"):
        kept.name("greeting", "", "", "de")

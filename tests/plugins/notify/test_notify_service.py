"""The whole service with a clock that is turned by hand, and a server on this machine as the phone."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from appliance_notify.memory import KNOWN_CLIPS, Memory, save
from appliance_notify.notes import Kind, Message, Note
from appliance_notify.ntfy import Ntfy
from appliance_notify.options import Clips, NtfyOptions, Rules
from appliance_notify.sending import LONGEST_WAIT, MISSES, Sending
from appliance_notify.service import LOOK_EVERY, Teller
from attrs import evolve

from appliance.codec import to_plain
from appliance.config.options import Seconds, TimeOfDay
from appliance.events import DeliveryParked, DeliveryProgress, Event, EventsLost, FaultRaised
from appliance.faults import DELIVERY, MICROPHONE_AWAY, SERVICE
from appliance.models import ClockSource
from appliance.plugin import FaultReport, Happenings, Report, StorageError, StorageReport, Transient
from appliance.testing.services import FakeHouse, check_service, finished

Phone = Any  # tests/plugins/notify/conftest.py is not importable

HELLO = finished("hello")
AWAY = MICROPHONE_AWAY.raised("microphone 'usb' not found: plug it in")


class Heard:
    """What happens, and how often somebody asked for it."""

    def __init__(self, happenings: Happenings) -> None:
        self._happenings = happenings
        self.asked = 0

    def __iter__(self) -> Iterator[Event]:
        return iter(self._happenings)

    def get(self, timeout: float) -> Event | None:
        self.asked += 1
        return self._happenings.get(timeout)


class House(FakeHouse):
    """Knows when the service has taken in everything, and waits."""

    heard: Heard
    pages: tuple[list[object], ...] = ()
    """What `clips.list` answers, one after the other."""

    def ask(self, word: str, /, **arguments: object) -> Any:
        if word == "clips.list" and self.pages:
            page, *rest = self.pages
            self.pages = tuple(rest)
            return page
        return super().ask(word, **arguments)

    def events(self, *kinds: type[Event]) -> Any:
        self.heard = Heard(super().events(*kinds))
        return self.heard

    def settled(self, asked: int) -> None:
        self.until(lambda: self.heard.asked >= asked)
        self.clock.waiters()


class Told:
    """A service that tells a phone, in a house whose time is turned by hand."""

    def __init__(self, folder: Path, phone: Phone, **rules: Any) -> None:
        self.house = House(folder, "phone")
        self.clock, self.phone = self.house.clock, phone
        self._rules = Rules(**rules)

    @contextmanager
    def running(self) -> Iterator[None]:
        """From the moment that it has done what is due, and waits."""
        with self.house.running(teller(self.house, self.phone.url, self._rules)):
            self.house.until(lambda: hasattr(self.house, "heard"))
            self.house.settled(1)
            yield

    def tell(self, *events: Event) -> None:
        """Let this happen, and let the service take it in."""
        asked = self.house.heard.asked + len(events)
        self.house.tell(*events)
        self.house.settled(asked)

    def faulty(self, *faults: FaultRaised) -> None:
        """Let the box have these faults, and hear of them."""
        reports = (
            FaultReport(name=each.fault.name, message=each.fault.message, urgent=each.fault.urgent) for each in faults
        )
        self.house.status = Report(device="box", faults=tuple(reports))
        self.tell(*(faults or (MICROPHONE_AWAY.cleared(),)))

    def pass_by(self, seconds: float, step: float = 5.0) -> None:
        """Let time pass, in steps: whatever is due then happens."""
        for _ in range(round(seconds / step)):
            asked = self.house.heard.asked + (self.clock.next_due <= step)
            self.clock.advance(step)
            self.house.settled(asked)

    @property
    def texts(self) -> list[str]:
        """What the phone got."""
        return [json.loads(got.body)["message"] for got in self.phone.got]


def teller(house: FakeHouse, url: str, rules: Rules) -> Teller:
    return Teller(rules, house, Ntfy(NtfyOptions(url=f"{url}/our-box", tell=rules), house))


def test_a_new_clip_is_told_with_its_link(tmp_path: Path, phone: Phone) -> None:
    one = Told(tmp_path, phone, clips=Clips.WORDS, link="https://box.example/clips/{id}")
    with one.running():
        one.tell(HELLO)
        assert one.texts == ["hello, 3.0 s"]
    said = json.loads(phone.got[0].body)
    assert said["click"] == "https://box.example/clips/id-hello" and said["title"] == "box: new recording"


def test_a_clip_is_told_with_its_sound_and_waits_for_deliveries(tmp_path: Path, phone: Phone) -> None:
    one = Told(tmp_path, phone, clips=Clips.SOUND)
    one.house.add_clip("id-hello", b"the sound")
    sending = (DeliveryProgress("id-other", "cloud", 1, 2, 1.0, None),)
    one.house.status = Report(device="box", sending=sending)
    with one.running():
        one.tell(HELLO)
        one.pass_by(120)
        assert phone.got == [], "the line is for deliveries"
        one.house.status = Report(device="box")
        one.tell(DeliveryParked("id-other", "cloud", "no such bucket"))
    [got] = phone.got
    assert got.method == "PUT" and got.body == b"the sound" and "filename=hello.opus" in got.path


def test_a_sound_that_is_refused_is_told_in_words(tmp_path: Path, phone: Phone) -> None:
    one = Told(tmp_path, phone, clips=Clips.SOUND)
    one.house.add_clip("id-hello", b"the sound")
    phone.status = 413
    with one.running():
        one.tell(HELLO)
    assert phone.got[0].body == b"the sound" and json.loads(phone.got[1].body)["message"] == "hello, 3.0 s"


def test_what_cannot_be_sent_is_kept_over_a_restart_merged_and_sent_later(tmp_path: Path, phone: Phone) -> None:
    phone.status = 503
    one = Told(tmp_path, phone, clips=Clips.WORDS)
    with one.running():
        for name in ("a", "b", "c"):
            one.tell(finished(name))
    phone.status = 200
    phone.got.clear()
    again = Told(tmp_path, phone, clips=Clips.WORDS)
    with again.running():
        [text] = again.texts
        assert text.splitlines() == [f"Fri 08:00 {name}, 3.0 s" for name in "abc"]
        again.pass_by(LOOK_EVERY * 2, 300)
    assert len(phone.got) == 1, "once"


def test_a_phone_that_cannot_be_reached_is_a_fault_until_it_can(tmp_path: Path, phone: Phone) -> None:
    phone.status = 503
    one = Told(tmp_path, phone, clips=Clips.WORDS)
    with one.running():
        one.tell(HELLO)
        for attempt in range(1, MISSES):
            assert len(phone.got) == attempt and one.house.said == []
            one.pass_by(200, 200)
        assert len(one.house.said) == 1
        phone.status = 200
        one.pass_by(200, 50)
    raised, cleared = one.house.said
    assert isinstance(raised, FaultRaised) and "messages do not arrive: 127.0.0.1 answers 503" in raised.fault.message
    assert cleared == SERVICE.cleared("phone")


class _Nowhere:
    """A channel of which nothing arrives."""

    sounds = False

    def __init__(self) -> None:
        self.tried = 0
        self.ids: list[str] = []

    def send(self, message: Message) -> None:
        self.tried += 1
        self.ids.append(message.id)
        raise Transient("no network")


def test_a_phone_that_was_away_for_weeks_is_tried_every_quarter_of_an_hour(tmp_path: Path) -> None:
    house, nowhere = FakeHouse(tmp_path), _Nowhere()
    sending = Sending(Rules(), house, nowhere)
    memory = Memory(notes=(Note(Kind.CLIP, "hello"),))
    for _ in range(1100):
        sending.send(memory, lambda _: None)
        assert 0 < sending.due(memory) <= LONGEST_WAIT
        house.clock.advance(LONGEST_WAIT)
    assert nowhere.tried == 1100 and sending.due(memory) == 0


def test_a_message_keeps_its_id_until_there_is_more_to_tell(tmp_path: Path) -> None:
    """Who got it, and drops what has the same id, shall miss nothing that came to it since, nor after a new begin."""
    house, nowhere = FakeHouse(tmp_path), _Nowhere()
    sending = Sending(Rules(), house, nowhere)
    hello = Memory(notes=(Note(Kind.CLIP, "hello"),))
    more = hello.with_note(Note(Kind.CLIP, "more"))
    for memory in (hello, hello, more, Memory(notes=(Note(Kind.CLIP, "of a new card"),))):
        sending.send(memory, lambda _: None)
        house.clock.advance(LONGEST_WAIT)
    first, again, longer, other = nowhere.ids
    assert first == again and len({first, longer, other}) == 3


def test_a_fault_that_lasts_is_told_and_that_it_is_over(tmp_path: Path, phone: Phone) -> None:
    one = Told(tmp_path, phone, faults_after=Seconds(60))
    with one.running():
        one.faulty(AWAY)
        one.pass_by(40)
        one.faulty()
        one.pass_by(120)
        assert phone.got == [], "it was over before that"
        one.faulty(AWAY)
        one.pass_by(75)
        assert one.texts == ["microphone 'usb' not found: plug it in"]
        assert json.loads(phone.got[0].body)["priority"] == 5
        one.faulty()
        one.pass_by(75)
        assert one.texts[1] == "over: microphone 'usb' not found: plug it in"


def test_its_own_trouble_is_no_news(tmp_path: Path, phone: Phone) -> None:
    one = Told(tmp_path, phone, faults_after=Seconds(0))
    with one.running():
        one.faulty(SERVICE.raised("messages do not arrive", "phone"))
        one.pass_by(LOOK_EVERY, 60)
    assert phone.got == []


def test_in_quiet_hours_only_what_is_urgent_is_told(tmp_path: Path, phone: Phone) -> None:
    """The clock of the house begins at 08:00."""
    away = DELIVERY.raised("cloud is away", "cloud")
    one = Told(tmp_path, phone, clips=Clips.WORDS, quiet_hours=("08:00-08:30",), faults_after=Seconds(0))
    with one.running():
        one.tell(HELLO)
        one.faulty(away)
        one.pass_by(120)
        assert phone.got == []
        one.faulty(away, AWAY)
        one.pass_by(60)
        assert one.texts == ["microphone 'usb' not found: plug it in"]
        one.pass_by(1800, 60)
        assert one.texts[1].splitlines() == ["Fri 08:00 hello, 3.0 s", "Fri 08:00 cloud is away"]


def test_no_hours_are_quiet_by_a_clock_that_nobody_set(tmp_path: Path, phone: Phone) -> None:
    one = Told(tmp_path, phone, clips=Clips.WORDS, quiet_hours=("08:00-08:30",))
    one.clock.source = ClockSource.NONE
    with one.running():
        one.tell(HELLO)
        assert one.texts == ["hello, 3.0 s"]


def test_the_day_is_summed_up(tmp_path: Path, phone: Phone) -> None:
    one = Told(tmp_path, phone, daily=TimeOfDay("08:30"))
    clip = to_plain(HELLO.clip)
    deliveries = [{"destination": name, "state": "delivered"} for name in ("cloud", "shelf")]
    storage = StorageReport(free=200, reserve=100, free_seconds=62 * 3600)
    one.house.status = Report(device="box", storage=storage)
    one.house.pages = ([], [{"clip": clip, "path": "", "deliveries": deliveries}] * 12)
    with one.running():
        one.pass_by(3600, 60)
        assert one.texts == ["12 new recordings, all in 2 places. Room for 31 hours. Nothing is wrong."]
        one.pass_by(3600, 60)
    assert len(phone.got) == 1


def test_a_summary_counts_what_went_on_at_the_last_one_and_nothing_too_short(tmp_path: Path, phone: Phone) -> None:
    one = Told(tmp_path, phone, daily=TimeOfDay("08:30"))
    moment = one.clock.stamp().wall_ns / 1e9
    one.house.folder.mkdir(parents=True, exist_ok=True)
    save(one.house.folder, Memory(clips=(), summed_up="2000-01-01", summed_up_to=moment))
    start = HELLO.clip.started.wall_ns / 1e9
    across, before = began("across", moment - start - 1), began("before", moment - start - 10)
    short = began("short", moment - start + 60)
    short["clip"]["verdict"] = "too_short"
    delivered = [{"destination": "shelf", "state": "delivered"}]
    one.house.pages = ([], [{**each, "path": "", "deliveries": delivered} for each in (short, across, before)])
    with one.running():
        one.pass_by(3600, 60)
    assert one.texts[0].startswith("1 new recording, in 1 place.")


def test_silence_is_told(tmp_path: Path, phone: Phone) -> None:
    one = Told(tmp_path, phone, silence=Seconds(3 * 86_400))
    with one.running():
        one.pass_by(2.9 * 86_400, 3600)
        assert phone.got == []
        one.pass_by(86_400, 3600)
        assert one.texts == ["nobody has recorded for 3 days. Is the box where people find it, and switched on?"]


def test_clips_of_a_time_when_nobody_listened_are_told(tmp_path: Path, phone: Phone) -> None:
    one = Told(tmp_path, phone, clips=Clips.WORDS)
    old, late = finished("old").clip, finished("late").clip
    late = evolve(late, started=evolve(late.started, wall_ns=late.started.wall_ns + 10**9))
    one.house.answers["clips.list"] = [{"clip": to_plain(old)}]
    with one.running():
        assert phone.got == [], "at the first start none is news"
        one.house.answers["clips.list"] = [{"clip": to_plain(late)}, {"clip": to_plain(old)}]
        one.tell(EventsLost(5))
        assert one.texts == ["late, 3.0 s"]


def began(name: str, seconds: float) -> dict[str, Any]:
    """A clip in a list, which began so long after that of `finished`."""
    clip = finished(name).clip
    started = evolve(clip.started, wall_ns=clip.started.wall_ns + round(seconds * 1e9))
    return {"clip": to_plain(evolve(clip, started=started))}


def told_of(one: Told) -> list[str]:
    """The clips that the phone was told of, in their order."""
    return [line.split(",")[0].split()[-1] for text in one.texts for line in text.splitlines()]


@pytest.mark.parametrize("restart", [False, True])
def test_what_began_before_the_newest_and_came_after_it_is_told_once(
    tmp_path: Path, phone: Phone, restart: bool
) -> None:
    one = Told(tmp_path, phone, clips=Clips.WORDS)
    one.house.answers["clips.list"] = []
    late = [began("newest", 60.0), began("hour-long", 30.0), began("guest", -600.0)]
    with one.running():
        one.house.answers["clips.list"] = late[:1]
        one.tell(EventsLost(5))
        assert told_of(one) == ["newest"], "the first of all is news"
        one.house.answers["clips.list"] = late
        if not restart:
            one.tell(EventsLost(5))
    if restart:
        one = Told(tmp_path, phone, clips=Clips.WORDS)
        one.house.answers["clips.list"] = late
        with one.running():
            one.tell(EventsLost(5))
    assert told_of(one) == ["newest", "guest", "hour-long"]


def test_what_was_there_before_is_no_news_where_the_first_look_failed(tmp_path: Path, phone: Phone) -> None:
    one = Told(tmp_path, phone, clips=Clips.WORDS)
    one.house.answers["clips.list"] = StorageError("the catalogue is busy")
    with one.running():
        one.tell(HELLO)
    assert told_of(one) == ["hello"]
    one = Told(tmp_path, phone, clips=Clips.WORDS)
    one.house.answers["clips.list"] = [{"clip": to_plain(HELLO.clip)}, began("years-old", -9e6)]
    with one.running():
        one.tell(EventsLost(5))
    assert told_of(one) == ["hello"]


def test_what_comes_back_from_the_trash_that_was_there_before_is_no_news(tmp_path: Path, phone: Phone) -> None:
    one = Told(tmp_path, phone, clips=Clips.WORDS)
    thrown = began("thrown-away", -600.0)
    one.house.answers = {"clips.list": [], "clips.trash": [{**thrown, "since_ns": 0}]}
    with one.running():
        one.house.answers = {"clips.list": [began("new", 60.0), thrown], "clips.trash": []}
        one.tell(EventsLost(5))
    assert told_of(one) == ["new"]


def test_a_look_in_which_much_is_forgotten_tells_all_that_is_new(tmp_path: Path, phone: Phone) -> None:
    one = Told(tmp_path, phone, clips=Clips.WORDS)
    now = HELLO.clip.started.wall_ns / 1e9
    known = tuple(f"old-{number}" for number in range(2 * KNOWN_CLIPS))
    one.house.folder.mkdir(parents=True, exist_ok=True)
    save(one.house.folder, Memory(clips=known, newest=now, since=now - 1e6, recorded=now))
    one.house.answers["clips.list"] = [began("new", 60.0), began("hour-long", -30.0), began("guest", -600.0)]
    with one.running():
        assert told_of(one) == ["guest", "hour-long", "new"]


def test_what_comes_to_the_list_as_others_are_deleted_is_no_news(tmp_path: Path, phone: Phone) -> None:
    one = Told(tmp_path, phone, clips=Clips.WORDS)
    all_of_them = [began(f"clip-{number}", -number) for number in range(KNOWN_CLIPS + 50)]
    one.house.answers["clips.list"] = all_of_them[:KNOWN_CLIPS]
    with one.running():
        one.house.answers["clips.list"] = all_of_them[50:]
        one.tell(EventsLost(5))
        assert phone.got == []


def test_of_more_than_it_remembers_it_tells_none_twice() -> None:
    memory = evolve(Memory(), clips=())
    for number in range(1, 5 * KNOWN_CLIPS):
        memory = memory.with_clip(str(number), float(number))
        known = memory.clips or ()
        assert len(known) <= 2 * KNOWN_CLIPS and float(known[0]) <= memory.since + 1 <= number


@pytest.mark.parametrize("status", [200, 401, 503])
def test_it_keeps_what_every_service_has_to(tmp_path: Path, phone: Phone, status: int) -> None:
    phone.status = status
    rules = Rules(clips=Clips.SOUND, daily=TimeOfDay("12:00"), silence=Seconds(3600), faults_after=Seconds(0))
    check_service(partial(teller, url=phone.url, rules=rules), folder=tmp_path, events=[HELLO, AWAY])

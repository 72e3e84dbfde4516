"""The playlist: what plays after what, whatever anybody presses and whatever fails."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance import events
from appliance.errors import TroubleKind
from appliance.listed import PlaylistItem, Repeat
from appliance.machine import Input, State, step
from appliance.playlist import AGAIN, Playlist
from appliance.status import Status, advance


def item(number: int) -> PlaylistItem:
    return PlaylistItem(Path(f"/{number}.flac"), f"track {number}")


class House:
    """The playlist behind the table, with a player that does what it is told, and what sounded."""

    def __init__(self, tracks: int = 0, bad: frozenset[int] = frozenset()) -> None:
        self.state, self.status, self.playlist = State(), Status(), Playlist()
        self.bad = bad
        self.heard: list[tuple[str, float]] = []
        """Titles, and from where on."""
        self.told: list[Input] = []
        self.sounds: events.Play | None = None
        self.next: events.Play | None = None
        self.fresh = 0
        if tracks:
            self.post(events.PlaylistAdd(tuple(map(item, range(tracks)))))

    def post(self, *inputs: Input) -> None:
        """Let it happen, and all that follows from it."""
        inbox = list(inputs)
        while inbox:
            input = inbox.pop(0)
            self.fresh += 1
            assert self.fresh < 20_000, "it never ends"
            self.state, effects, refused = step(self.state, input, f"fresh{self.fresh}")
            happened: Input = input
            if refused:
                happened = events.CommandRefused(type(input).__name__, refused, getattr(input, "playback_id", None))
            self.told.append(happened)
            self.status = advance(self.status, self.state, happened)
            for effect in effects:
                inbox += self.follow(effect.do.value, effect.id, effect.cause)
            self.playlist, outputs = self.playlist.react(happened, self.status)
            inbox += outputs

    def follow(self, do: str, name: str, cause: Any) -> list[Input]:
        match do:
            case "start_playback":
                return [*self.over(completed=False), *self.begin(name, cause)]
            case "stop_playback":
                return self.over(completed=False)
            case "prepare_next":
                self.next = None
                if self.sounds and self.sounds.playback_id == cause.playback_id and cause.then:
                    if self.is_bad(cause.then):
                        return [self.failed(cause.then.playback_id)]
                    self.next = cause.then
        return []

    def is_bad(self, wish: events.Play) -> bool:
        return int(wish.path.stem) in self.bad

    def failed(self, name: str) -> Input:
        return events.PlaybackFailed(name, "no sound", kind=TroubleKind.FORMAT)

    def begin(self, name: str, wish: events.Play) -> list[Input]:
        if self.is_bad(wish):
            return [self.failed(name)]
        self.sounds = events.Play(wish.path, wish.title, None, name, wish.start_at)
        self.heard.append((wish.title, wish.start_at))
        return [events.PlaybackStarted(name, wish.title, 60.0)]

    def over(self, *, completed: bool) -> list[Input]:
        was, self.sounds, self.next = self.sounds, None, None
        return [events.PlaybackFinished(was.playback_id or "", completed)] if was else []

    def sound_to(self, position: float) -> None:
        assert self.sounds
        self.post(events.PlaybackProgress(self.sounds.playback_id or "", position))

    def end(self) -> None:
        """What sounds comes to its end."""
        was, then = self.sounds, self.next
        assert was
        if then is None:
            self.post(*self.over(completed=True))
            return
        name = then.playback_id or ""
        self.next = None
        told = [
            events.PlaybackContinues(was.playback_id or "", name),
            events.PlaybackFinished(was.playback_id or "", True),
        ]
        self.post(*told, *self.begin(name, then))

    @property
    def titles(self) -> list[str]:
        return [title for title, _ in self.heard]


def test_it_plays_one_after_the_other_and_then_begins_anew() -> None:
    house = House(3)
    house.post(events.PlaylistPlay())
    for _ in range(3):
        house.end()
    assert house.titles == ["track 0", "track 1", "track 2"] and house.state == State()
    house.post(events.PlaylistPlay())
    assert house.heard[-1] == ("track 0", 0.0)


@pytest.mark.parametrize(("mode", "wanted"), [("all", [0, 1, 0, 1, 0]), ("one", [0, 0, 0, 0, 0]), ("off", [0, 1])])
def test_it_repeats_what_it_should(mode: str, wanted: list[int]) -> None:
    house = House(2)
    house.post(events.PlaylistPlay(), events.PlaylistRepeat(mode))
    while house.sounds and len(house.heard) < 5:
        house.end()
    assert house.titles == [f"track {number}" for number in wanted]


def test_shuffled_what_follows_comes_in_another_order_each_once_and_what_was_heard_stays() -> None:
    house = House(20)
    house.post(events.PlaylistPlay())
    house.end()
    house.post(events.PlaylistShuffle(7.0))
    assert house.titles == ["track 0", "track 1"], "what plays goes on"
    while house.sounds:
        house.end()
    in_order = [f"track {number}" for number in range(20)]
    assert house.titles[:2] == in_order[:2] and house.titles[2:] != in_order[2:]
    assert sorted(house.titles) == sorted(in_order)
    house.post(events.PlaylistShuffle(8.0), events.PlaylistPlay())
    assert house.playlist.current == 0 and house.titles[-1] == house.playlist.items[0].title


def test_what_was_interrupted_goes_on_where_it_was() -> None:
    house = House(3)
    house.post(events.PlaylistPlay())
    house.sound_to(41.5)
    house.post(events.Play(Path("/9.flac"), "other"))
    house.end()
    house.post(events.PlaylistPlay())
    assert house.heard[-1] == ("track 0", 41.5)
    house.post(events.PlaylistNext())
    house.sound_to(7.0)
    house.post(events.RecordStart(1.0))
    assert house.sounds is None
    house.post(events.TakeFailed(house.state.take_id or "", "no microphone"), events.PlaylistPlay())
    assert house.heard[-1] == ("track 1", 7.0)
    house.sound_to(AGAIN + 10)
    house.post(events.PlaylistPrevious())
    assert house.heard[-1] == ("track 1", 0.0)
    house.post(events.PlaylistPrevious())
    assert house.heard[-1] == ("track 0", 0.0)


def test_it_is_the_same_after_a_restart() -> None:
    house = House(3)
    house.post(events.PlaylistPlay(), events.PlaylistNext(), events.PlaylistRepeat("all"))
    house.sound_to(31.0)
    kept = [one for one in house.told if isinstance(one, events.PlaylistChanged)][-1]
    anew = House()
    anew.post(events.PlaylistRestore(kept.items, kept.current, kept.repeat), events.PlaylistPlay())
    assert anew.heard == [("track 1", 31.0)] and anew.playlist.repeat is Repeat.ALL


@pytest.mark.parametrize("bad", [{0}, {1}, {0, 1}, {1, 2}, {2}])
def test_what_cannot_be_played_is_passed_over(bad: set[int]) -> None:
    house = House(4, frozenset(bad))
    house.post(events.PlaylistPlay())
    while house.sounds:
        house.end()
    assert house.titles == [f"track {number}" for number in range(4) if number not in bad]


@pytest.mark.parametrize("mode", ["off", "one", "all"])
def test_where_nothing_can_be_played_it_ends(mode: str) -> None:
    house = House(3, frozenset({0, 1, 2}))
    house.post(events.PlaylistRepeat(mode), events.PlaylistPlay())
    assert house.heard == [] and house.state == State() and house.playlist.playing is None


def test_a_speaker_that_fails_holds_all_up() -> None:
    house = House(3)
    house.post(events.PlaylistPlay())
    house.sound_to(12.0)
    name = (house.sounds and house.sounds.playback_id) or ""
    house.sounds = house.next = None
    house.post(events.PlaybackFailed(name, "unplugged", kind=TroubleKind.SYSTEM))
    assert house.titles == ["track 0"]
    house.post(events.PlaylistPlay())
    assert house.heard[-1] == ("track 0", 12.0)


def test_an_empty_one_says_so_and_a_cleared_one_is_silent() -> None:
    house = House()
    house.post(events.PlaylistPlay())
    assert isinstance(house.told[-1], events.NothingToPlay)
    house.post(events.PlaylistAdd((item(1),)), events.PlaylistToggle(), events.PlaylistClear())
    assert house.titles == ["track 1"] and house.sounds is None and house.playlist.items == ()


def test_a_toggle_pauses_and_goes_on() -> None:
    house = House(2)
    for state in ("playing", "paused", "playing"):
        house.post(events.PlaylistToggle())
        assert house.state.player == state
    assert house.titles == ["track 0"]


PRESSES = st.one_of(
    st.sampled_from(
        [
            events.PlaylistPlay(),
            events.PlaylistToggle(),
            events.PlaylistNext(),
            events.PlaylistPrevious(),
            events.PlaylistClear(),
            events.PlayerStop(),
            events.PlayerPause(),
            events.PlayerResume(),
            events.RecordToggle(1.0),
            events.Play(Path("/9.flac"), "other"),
            "end",
        ]
    ),
    st.builds(events.PlaylistRepeat, st.sampled_from(["off", "one", "all"])),
    st.builds(events.PlaylistShuffle, st.floats(0, 1e6)),
    st.builds(lambda numbers: events.PlaylistAdd(tuple(map(item, numbers))), st.lists(st.integers(0, 5), max_size=3)),
    st.floats(0, 59),
)


@pytest.mark.slow
@settings(max_examples=300)
@given(st.lists(PRESSES, max_size=60), st.frozensets(st.integers(0, 5), max_size=4))
def test_no_order_of_presses_and_failures_confuses_it(presses: list[Any], bad: frozenset[int]) -> None:
    house = House(3, bad)
    for press in presses:
        if isinstance(press, float):
            if house.sounds:
                house.sound_to(press)
        elif press == "end":
            if house.sounds and house.state.player == "playing":
                house.end()
        else:
            house.post(press)
        playlist, sounds = house.playlist, house.sounds
        assert (sounds is None) == (house.state.player == "stopped")
        assert sounds is None or sounds.playback_id == house.state.playback_id
        if playlist.playing:
            assert sounds and sounds.playback_id == playlist.playing
            assert sounds.path == playlist.items[playlist.current].path
        assert playlist.current == 0 or playlist.current < len(playlist.items)
        if playlist.playing and house.next:
            assert playlist.following is not None and house.next.path == playlist.items[playlist.following].path

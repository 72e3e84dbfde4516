"""When a trigger hears something, against a slow reference; moments are counted in hops."""

from collections.abc import Sequence

from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from appliance.config.options import Seconds
from appliance.config.trigger import TriggerSettings
from appliance.triggers.sensing import FOLLOWS, Sense, followed


@frozen
class Wish:
    at_least: int
    hang: int
    preroll: int
    longest: int | None

    @property
    def settings(self) -> TriggerSettings:
        longest = None if self.longest is None else Seconds(self.longest)
        return TriggerSettings(
            at_least=Seconds(self.at_least), hang=Seconds(self.hang), preroll=Seconds(self.preroll), longest=longest
        )


def heard(loud: Sequence[bool], wish: Wish) -> list[tuple[float, float | None]]:
    """Beginning and end of each time that it was on."""
    sense, found, settings = Sense(earliest=0), list[tuple[float, float | None]](), wish.settings
    for number, each in enumerate(loud):
        before, sense = sense, sense.hear(number, number + 1, each, settings)
        if before.begin is None and sense.begin is not None:
            found.append((sense.begin, None))
        elif before.begin is not None and sense.begin is None:
            found[-1] = (found[-1][0], sense.ended)
    return found


def reference(loud: Sequence[bool], wish: Wish) -> list[tuple[float, float | None]]:
    """The same, found by looking at the whole of it over and over."""
    found: list[tuple[float, float | None]] = []
    runs = [next((k for k in range(n, -1, -1) if not loud[k]), -1) + 1 for n in range(len(loud))]
    ends = [next((k + 1 for k in range(n, -1, -1) if loud[k]), None) for n in range(len(loud))]
    number = 0
    while number < len(loud):
        if not loud[number] or number + 1 - runs[number] < wish.at_least:
            number += 1
            continue
        begin, end, spent = max(0, runs[number] - wish.preroll), None, False
        for now in range(number + 1, len(loud) + 1):
            last = ends[now - 1]
            if last is not None and not loud[now - 1] and now >= last + wish.hang:
                end = last + wish.hang
                break
            if wish.longest is not None and now >= begin + wish.longest:
                end, spent = begin + wish.longest, True
                break
        found.append((begin, end))
        if end is None:
            break
        number = now
        while spent and number <= len(loud):
            last = ends[number - 1]
            spent = loud[number - 1] or last is None or number < last + wish.hang
            number += spent
    return found


WISHES = st.builds(
    lambda at_least, hang, preroll, more: Wish(
        at_least, hang, preroll, None if more is None else preroll + at_least + more
    ),
    st.integers(0, 4),
    st.integers(0, 5),
    st.integers(0, 6),
    st.none() | st.integers(2, 12),
)


@given(st.lists(st.booleans(), max_size=80), WISHES)
def test_it_is_on_exactly_where_the_reference_says(loud: list[bool], wish: Wish) -> None:
    assert heard(loud, wish) == reference(loud, wish)


@given(st.lists(st.booleans(), max_size=80), WISHES)
def test_no_time_is_longer_than_it_may_be_and_each_has_its_hang_time(loud: list[bool], wish: Wish) -> None:
    for begin, end in heard(loud, wish):
        if end is None:
            continue
        assert wish.longest is None or end - begin <= wish.longest
        if wish.longest is None or end - begin < wish.longest:
            last = max(n + 1 for n in range(int(end)) if loud[n])
            assert end - last == wish.hang


def test_what_is_loud_for_ever_is_recorded_once_until_it_was_quiet() -> None:
    wish = Wish(1, 2, 0, 10)
    assert heard([True] * 50 + [False] * 2 + [True] * 3, wish) == [(0, 10), (52, None)]


def test_the_floor_follows_a_steady_noise_and_is_not_moved_much_by_a_call() -> None:
    floor = followed(None, -60.0, 1.0)
    for _ in range(30):
        floor = followed(floor, -40.0, 1.0)
    assert floor == -40.0, "a place that has become loud does not count for long"
    assert followed(floor, 0.0, 0.5) == -40.0 + FOLLOWS / 2

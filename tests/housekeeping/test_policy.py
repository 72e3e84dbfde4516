"""Which clips may be deleted: never one too many, never one that is not safe elsewhere."""

from math import inf

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from appliance.config.settings import DeleteAfter
from appliance.housekeeping.policy import Rules, choose
from appliance.models import AudioFormat, Clip, ClockSource, ClockStamp, Receipt
from appliance.store import Arrived, Footprint

DAY = 86_400 * 10**9
NOW = ClockStamp(1000 * DAY, 0, "boot", ClockSource.NTP)
PROOF, WORD, OWN = Receipt("a", 1, True), Receipt("a", 1, False), Receipt("a", 1, True, on_own_disk=True)
VERIFIED, ACCEPTED = DeleteAfter.VERIFIED, DeleteAfter.ACCEPTED


def clip(number: int, size: int = 100, days: float = 1.0, source: ClockSource = ClockSource.NTP) -> Clip:
    started = ClockStamp(NOW.wall_ns - round(days * DAY), 0, "boot", source)
    return Clip(f"c{number}", f"box_c{number}", "box", AudioFormat(), 1, size, started)


def arrived(number: int, receipts: dict[str, Receipt], size: int = 100, **given: object) -> Arrived:
    return Arrived(number, clip(number, size, **given), receipts)  # type: ignore[arg-type]


def chosen(clips: list[Arrived], rules: Rules, needed: int, now: ClockStamp = NOW) -> list[int]:
    return [each.number for each in choose(clips, rules, Footprint(-needed), now)]


def test_the_oldest_go_first_and_only_as_many_as_are_needed() -> None:
    clips = [arrived(number, {"office": PROOF}) for number in range(5)]
    rules = Rules({"office": VERIFIED})
    assert [chosen(clips, rules, needed) for needed in (0, 1, 100, 101, 9999)] == [
        [],
        [0],
        [0],
        [0, 1],
        [0, 1, 2, 3, 4],
    ]


def test_files_are_as_good_a_reason_as_bytes() -> None:
    clips = [arrived(number, {"office": PROOF}) for number in range(5)]
    rules = Rules({"office": VERIFIED})
    room = Footprint(10**9, -3)
    assert [each.number for each in choose(clips, rules, room, NOW)] == [0, 1], "a clip is two files"


def test_every_destination_must_have_it() -> None:
    both = Rules({"office": VERIFIED, "cloud": ACCEPTED})
    assert chosen([arrived(1, {"office": PROOF, "cloud": WORD})], both, 1) == [1]
    assert chosen([arrived(1, {"office": WORD, "cloud": WORD})], both, 1) == []
    assert chosen([arrived(1, {"office": PROOF})], both, 1) == []
    assert chosen([arrived(1, {"office": PROOF, "past": PROOF})], both, 1) == []
    elsewhere = evolve(both, goes=lambda clip, name: name == "office")
    assert chosen([arrived(1, {"office": PROOF})], elsewhere, 1) == [1], "it does not go to the cloud at all"
    nowhere = evolve(both, goes=lambda clip, name: False)
    assert chosen([arrived(1, {"office": PROOF, "cloud": PROOF})], nowhere, 1) == [], "a test stays"


def test_a_copy_on_the_own_disk_counts_for_nothing() -> None:
    assert chosen([arrived(1, {"shelf": OWN})], Rules({"shelf": VERIFIED}), 1) == []
    assert chosen([arrived(1, {"shelf": OWN})], Rules({"shelf": ACCEPTED}), 1) == []
    both = Rules({"shelf": VERIFIED, "office": VERIFIED})
    assert chosen([arrived(1, {"shelf": OWN, "office": WORD})], both, 1) == []
    assert chosen([arrived(1, {"office": PROOF})], both, 1) == []
    assert chosen([arrived(1, {"shelf": OWN, "office": PROOF})], both, 1) == [1]


def test_without_destinations_or_with_keep_always_nothing_goes() -> None:
    clips = [arrived(1, {"office": PROOF})]
    assert chosen(clips, Rules({}), 1) == []
    assert chosen(clips, Rules({"office": VERIFIED}, inf), 1) == []


def test_days_are_kept() -> None:
    rules = Rules({"office": VERIFIED}, keep_days=30)
    clips = [arrived(number, {"office": PROOF}, days=days) for number, days in enumerate((31, 30, 29.9, -5))]
    assert chosen(clips, rules, 9999) == [0, 1]
    assert chosen(clips, rules, 9999, evolve(NOW, source=ClockSource.NONE)) == []
    assert chosen(clips, rules, 9999, evolve(NOW, source=ClockSource.RTC)) == [0, 1]


def test_what_no_clock_dated_is_as_old_as_the_next_that_was() -> None:
    rules = Rules({"office": VERIFIED}, keep_days=30)
    sources = (ClockSource.NONE, ClockSource.NTP, ClockSource.NONE, ClockSource.RTC, ClockSource.NONE)
    clips = [
        arrived(number, {"office": PROOF}, days=days, source=source)
        for number, (days, source) in enumerate(zip((20_000, 40, 20_000, 5, 20_000), sources, strict=True))
    ]
    assert chosen(clips, rules, 9999) == [0, 1]


receipts = st.builds(Receipt, st.just("a"), st.just(1), st.booleans(), on_own_disk=st.booleans())
clips = st.lists(
    st.builds(
        lambda places, size, days, source: (places, size, days, source),
        st.dictionaries(st.sampled_from(["a", "b", "c"]), receipts),
        st.integers(0, 1000),
        st.floats(-10, 100),
        st.sampled_from(ClockSource),
    ),
    max_size=12,
)


@pytest.mark.slow
@given(
    clips,
    st.dictionaries(st.sampled_from(["a", "b", "c"]), st.sampled_from(DeleteAfter)),
    st.sampled_from([0.0, 1.0, 30.0, inf]),
    st.integers(-10, 5000),
    st.sampled_from(ClockSource),
)
def test_no_clip_goes_that_must_stay(
    drawn: list[tuple[dict[str, Receipt], int, float, ClockSource]],
    destinations: dict[str, DeleteAfter],
    keep: float,
    needed: int,
    source: ClockSource,
) -> None:
    given = [
        arrived(number, places, size, days=days, source=clock)
        for number, (places, size, days, clock) in enumerate(drawn)
    ]
    going = list(choose(given, Rules(destinations, keep), Footprint(-needed), evolve(NOW, source=source)))
    assert [each.number for each in going] == sorted({each.number for each in going})
    assert sum(each.clip.size for each in going[:-1]) < max(needed, 1), "one too many"
    for each in going:
        assert each.receipts.keys() >= destinations.keys() and destinations
        assert any(not each.receipts[name].on_own_disk for name in destinations)
        for name, rule in destinations.items():
            receipt = each.receipts[name]
            assert receipt.on_own_disk or receipt.verified or rule is ACCEPTED
        assert keep < inf and (keep == 0 or source is not ClockSource.NONE)
        later = [
            other.clip.started for other in given[each.number :] if other.clip.started.source is not ClockSource.NONE
        ]
        assert keep == 0 or NOW.wall_ns - later[0].wall_ns >= keep * DAY
    if destinations and keep == 0 and sum(each.clip.size for each in going) < needed:
        rules = Rules(destinations)
        may = sum(rules.satisfied_by(each.clip, each.receipts) for each in given)
        assert len(going) == may, "one that may go was passed over"

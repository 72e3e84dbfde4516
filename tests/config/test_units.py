import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.config.units import (
    format_duration,
    format_size,
    parse_duration,
    parse_keep,
    parse_percent,
    parse_size,
    parse_time_of_day,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1.5s", 1.5),
        ("250ms", 0.25),
        ("5m", 300),
        ("12h", 43_200),
        ("30d", 2_592_000),
        ("0", 0),
        ("0s", 0),
        ("1 h", 3600),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "5", "-1s", "s", "1.s", "1e3s", "1h30m", "٣s", "5 M", "1w", "9" * 400 + "s", "inf", "nan"]
)
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError):
        parse_duration(text)


@given(st.floats(min_value=0, allow_infinity=False, allow_nan=False))
def test_every_duration_reads_back_as_the_very_same_number(seconds: float) -> None:
    assert parse_duration(format_duration(seconds)) == seconds


@given(st.floats(min_value=0.001, max_value=10**7).map(lambda seconds: round(seconds, 3)))
def test_durations_of_whole_milliseconds_are_short(seconds: float) -> None:
    assert parse_duration(format_duration(seconds)) == seconds
    assert len(format_duration(seconds)) <= 13


def test_durations_are_written_as_people_do() -> None:
    shown = [format_duration(seconds) for seconds in (0, 0.02, 0.25, 1, 1.5, 60, 90, 3600, 5400, 86_400, 0.0005)]
    assert shown == ["0s", "20ms", "250ms", "1s", "1.5s", "1m", "90s", "1h", "90m", "1d", "0.0005s"]


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("500kB", 500_000),
        ("200MB", 200_000_000),
        ("2GB", 2 * 10**9),
        ("5MiB", 5 * 1024**2),
        ("1GiB", 1024**3),
        ("0", 0),
        ("1.5kB", 1500),
        ("12B", 12),
        ("5 mb", 5_000_000),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "5", "1.5B", "-1MB", "5M", "MB", "9" * 30 + "GB", "1e3MB", "5PB", "0.0000001kB"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError):
        parse_size(text)


@given(st.integers(min_value=0, max_value=2**63 - 1))
def test_every_size_reads_back_as_the_very_same_number(size: int) -> None:
    assert parse_size(format_size(size)) == size


def test_sizes_are_written_as_people_do() -> None:
    shown = [format_size(size) for size in (0, 1, 1000, 1024, 1500, 5 * 1024**2, 200_000_000, 2 * 10**9)]
    assert shown == ["0B", "1B", "1kB", "1KiB", "1500B", "5MiB", "200MB", "2GB"]


@given(st.text())
def test_arbitrary_text_is_a_quantity_or_a_value_error(text: str) -> None:
    for parse in (parse_duration, parse_size, parse_percent, parse_time_of_day):
        try:
            value = parse(text)
        except ValueError:
            continue
        assert isinstance(value, str) or (math.isfinite(value) and value >= 0)


def test_percentages_and_times_of_day() -> None:
    assert [parse_percent(text) for text in ("0", "80%", "100 %")] == [0, 80, 100]
    assert [parse_time_of_day(text) for text in ("22:30", "6:05", "00:00")] == ["22:30", "06:05", "00:00"]
    for parse, text in ((parse_percent, "101%"), (parse_percent, "-1"), (parse_time_of_day, "24:00")):
        with pytest.raises(ValueError):
            parse(text)


@pytest.mark.parametrize("text", ["", "0d", "30", "d", "never", "-1d", "until_space_needed ", "٣d", "100000d"])
def test_what_says_nothing_of_how_long_to_keep(text: str) -> None:
    with pytest.raises(ValueError):
        parse_keep(text)

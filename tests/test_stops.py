"""Everything is stopped, the last first, whatever one of the stops does."""

import asyncio
from collections.abc import Callable

import pytest

from appliance.errors import StorageError, Stuck
from appliance.events import FaultRaised
from appliance.stops import StopList


def failing(error: BaseException) -> Callable[[], None]:
    def stop() -> None:
        raise error

    return stop


@pytest.mark.parametrize(
    "error",
    [
        ZeroDivisionError("oops"),
        OSError(5, "Input/output error"),
        StorageError("the disk refuses"),
        KeyboardInterrupt(),
        SystemExit(1),
        asyncio.CancelledError(),
    ],
    ids=repr,
)
def test_a_stop_that_fails_is_told_and_the_others_follow(error: BaseException) -> None:
    posted, stopped = list[FaultRaised](), list[str]()
    with StopList(posted.append) as stop:
        stop.callback(lambda: stopped.append("first"))
        stop.callback(failing(error))
        stop.callback(lambda: stopped.append("last"))
    assert stopped == ["last", "first"]
    [raised] = posted
    assert type(error).__name__ in raised.fault.message


def test_a_thread_that_does_not_end_is_the_end_after_all_others_were_stopped() -> None:
    posted, stopped = list[FaultRaised](), list[str]()
    with pytest.raises(Stuck, match="panel"), StopList(posted.append) as stop:
        stop.callback(lambda: stopped.append("first"))
        stop.callback(failing(Stuck("the panel thread does not end")))
        stop.callback(failing(OSError()))
    assert stopped == ["first"] and len(posted) == 1


def test_what_kept_a_start_from_ending_well_goes_on_after_the_stops() -> None:
    posted, stopped = list[FaultRaised](), list[str]()
    with pytest.raises(StorageError, match="full"), StopList(posted.append) as stop:
        stop.callback(lambda: stopped.append("first"))
        stop.callback(failing(ValueError()))
        raise StorageError("the disk is full")
    assert stopped == ["first"] and len(posted) == 1

"""Shared by the tests of the http backend."""

from collections.abc import Callable
from typing import Any

import pytest
from appliance_http.options import Timeouts
from appliance_upload_http.backend import HttpBackend
from appliance_upload_http.options import HttpOptions

from appliance.plugin import Seconds, UploadJob

Deliver = Callable[..., Any]
SOUND = b"".join(number.to_bytes(4, "big") for number in range(250_000))
"""A megabyte that repeats nowhere."""


def backend(
    url: str,
    *,
    read: float = 5.0,
    connect: float = 5.0,
    total: float = 60.0,
    clock_trusted: Callable[[], bool] = lambda: True,
    **options: Any,
) -> HttpBackend:
    """A backend whose patience is that of a test."""
    timeouts = Timeouts(Seconds(connect), Seconds(read), Seconds(total))
    return HttpBackend(HttpOptions(url, timeouts=timeouts, **options), clock_trusted)


@pytest.fixture
def job(upload_job: Callable[..., UploadJob]) -> UploadJob:
    """A megabyte to deliver."""
    return upload_job(SOUND)

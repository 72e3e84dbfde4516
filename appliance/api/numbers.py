"""Numbers that a script hands over, looked at before anything begins with them."""

import math
from numbers import Integral, Real
from typing import SupportsFloat, SupportsInt

from appliance.errors import UsageError


def number(name: str, value: SupportsFloat) -> float:
    """The argument of that name. Raises UsageError for what is no number, and for one that is not finite."""
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        raise UsageError(f"{name} is {value!r}, expected a number")
    return float(value)


def whole_number(name: str, value: SupportsInt, least: int = 1) -> int:
    """The argument of that name. Raises UsageError for what is no whole number of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise UsageError(f"{name} is {value!r}, expected a whole number of at least {least}")
    return int(value)


def wished(name: str, value: SupportsInt | None) -> int | None:
    """As `whole_number`, of an argument that may be left out."""
    return None if value is None else whole_number(name, value)

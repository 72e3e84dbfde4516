"""What the sun needs is named where it is not installed."""

import sys

import pytest

from appliance.config.location import LocationSettings
from appliance.errors import ConfigError
from appliance.schedules.sun import sun_at


def test_the_extra_is_named_with_the_pip_of_this_installation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "astral", None)
    place = LocationSettings(latitude=52.5, longitude=13.4)
    with pytest.raises(ConfigError, match=f"installed: {sys.prefix}/bin/pip install 'audio-appliance.sun.'$"):
        sun_at(place)
    monkeypatch.setattr(sys, "prefix", "/absent")  # not open for writing, as /opt is to the service
    with pytest.raises(ConfigError, match="installed: sudo /absent/bin/pip install"):
        sun_at(place)

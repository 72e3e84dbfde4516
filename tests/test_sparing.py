"""Libraries are brought in without what nobody needs of them, and have all of it for whoever asks."""

import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from appliance.sparing import later, spared, whole


@pytest.fixture(autouse=True)
def garden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A package that takes from two modules of its own at once."""
    package = tmp_path / "garden"
    package.mkdir()
    (package / "__init__.py").write_text("from .roses import Rose\nfrom .weeds import Weed, pull\n")
    (package / "roses.py").write_text("class Rose: pass\n")
    (package / "weeds.py").write_text("class Weed: pass\ndef pull(count, *, gently): return Weed, count, gently\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield
    for name in [name for name in sys.modules if name.split(".")[0] == "garden"]:
        del sys.modules[name]


def test_what_comes_later_is_loaded_by_the_first_call() -> None:
    with spared(later("garden.weeds")):
        garden = import_module("garden")
    assert "garden.weeds" not in sys.modules
    weed, *told = garden.pull(3, gently=True)
    assert told == [3, True]
    assert weed is sys.modules["garden.weeds"].Weed
    assert isinstance(garden.Rose(), sys.modules["garden.roses"].Rose)


def test_a_whole_package_has_what_it_took() -> None:
    with spared(later("garden.weeds")):
        garden = import_module("garden")
    whole(garden)
    assert "garden.weeds" not in sys.modules
    assert issubclass(type("Nettle", (garden.Weed,), {}), import_module("garden.weeds").Weed)
    assert vars(garden)["Weed"] is garden.Weed
    with pytest.raises(AttributeError, match="module 'garden' has no attribute 'Thistle'"):
        _ = garden.Thistle


def test_what_was_loaded_before_stays() -> None:
    weeds = import_module("garden.weeds")
    with spared(later("garden.weeds")):
        assert sys.modules["garden.weeds"] is weeds
    assert sys.modules["garden.weeds"] is weeds


def test_a_module_is_absent() -> None:
    with spared({"garden.roses": None}), pytest.raises(ImportError, match=r"garden\.roses"):
        import_module("garden")
    assert import_module("garden").Rose


def test_a_plugin_may_use_all_of_the_library_for_pins() -> None:
    code = (
        "import sys, time; from appliance.panel.factory import simulated_factory;"
        "pins = simulated_factory(time.monotonic);"
        "print({'colorzero', 'gpiozero.boards', 'statistics'} & {*sys.modules});"
        "from gpiozero import LEDBoard, RGBLED; board = LEDBoard(2, 3, pin_factory=pins); board.on();"
        "print(board.value, isinstance(board, LEDBoard), RGBLED(4, 5, 6, pwm=False, pin_factory=pins).color)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told == "set()\nLEDBoardValue(device_0=1, device_1=1) True #000000\n"

"""Every target holds for its seeds, for any bytes, and for seeds with some bytes changed."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

_spec = importlib.util.spec_from_file_location("fuzz_targets", Path(__file__).with_name("targets.py"))
assert _spec and _spec.loader
targets: Any = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(targets)

NAMES = list(targets.TARGETS)
CALM = settings(max_examples=60, deadline=None)


@pytest.mark.parametrize("name", NAMES)
def test_its_seeds(name: str) -> None:
    for seed in targets.TARGETS[name].seeds():
        targets.TARGETS[name].check(seed)


@pytest.mark.parametrize("name", NAMES)
@CALM
@given(data=st.binary(max_size=400))
def test_any_bytes(name: str, data: bytes) -> None:
    targets.TARGETS[name].check(data)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
@CALM
@given(
    which=st.integers(0, 2),
    changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=6),
    cut=st.floats(0, 1),
)
def test_changed_seeds(name: str, which: int, changes: list[tuple[float, int]], cut: float) -> None:
    seeds = targets.TARGETS[name].seeds()
    data = bytearray(seeds[which % len(seeds)])
    for where, byte in changes:
        data[int(where * len(data))] = byte
    targets.TARGETS[name].check(bytes(data[: round(cut * len(data))]) if cut < 0.3 else bytes(data))


def test_files_come_out_as_they_were_packed() -> None:
    files = [b"a", None, b"", b"ccc"]
    assert targets.unpack(targets.pack(*files)) == files

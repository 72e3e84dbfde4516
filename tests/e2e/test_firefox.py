"""The page in Firefox: what is done most."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.firefox import Firefox
from tests.e2e.test_page import Served, served

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["served"]

PLAYED = """
return (async () => {
  const sound = document.querySelector("audio");
  sound.muted = true;
  const on = new Promise((done) => { sound.ontimeupdate = () => sound.currentTime > 0 && done(); });
  await sound.play();
  await on;
  return sound.duration;
})()"""
"""Plays a bit of the first clip: how long it is."""


@pytest.mark.slow
def test_a_person_records_and_listens_with_firefox(served: Served, tmp_path: Path) -> None:
    firefox = Firefox(tmp_path / "firefox")
    try:
        firefox.open(served.address)
        assert firefox.run("return performance.getEntriesByName('first-contentful-paint').length") == 1
        firefox.press("Record")
        firefox.until("/Recording 0:0[1-9]/.test(document.querySelector('#doing').textContent)")
        firefox.until("Number(document.querySelector('#take').dataset.drawn) > 2")
        firefox.press("Stop")
        served.box.until(served.box.delivered)
        firefox.open(f"{served.address}/clips")
        firefox.until("document.body.innerText.includes('shelf has it, byte for byte')")
        (entry,) = served.box.clips()
        frames, rate = entry["clip"]["frames"], entry["clip"]["format"]["rate"]
        assert firefox.run(PLAYED) == pytest.approx(frames / rate, abs=0.05)
        firefox.open(f"{served.address}/clips/{entry['clip']['id']}")
        firefox.until("document.querySelector('canvas').dataset.drawn === '800'")
        assert firefox.said(served.address) == []
    finally:
        firefox.close()

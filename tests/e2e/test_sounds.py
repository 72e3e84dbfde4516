"""Greetings and prompts from a phone: a real browser sends them, and a real handset lets them be heard."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile

from tests.e2e.test_page import PHONE, Served, button, chromium, violations
from tests.e2e.test_telephone import RATE, Telephone, telephone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from playwright.sync_api import Browser, Page

__all__ = ["chromium", "telephone"]


@pytest.fixture
def page(telephone: Telephone, chromium: Browser) -> Iterator[Page]:
    served = Served(telephone.box).start()
    context = chromium.new_context(viewport=PHONE, base_url=served.address)
    yield context.new_page()
    context.close()
    served.end()


def of(box: Any, use: str) -> NDArray[np.int16]:
    """The samples of the only sound that the box was given for it."""
    (path,) = (each["path"] for each in box.call("sounds.list")["sounds"] if each["use"] == use)
    samples: NDArray[np.int16] = soundfile.read(path, dtype="int16")[0]
    return samples


@pytest.mark.slow
def test_a_greeting_and_a_prompt_from_the_phone_are_heard_in_the_handset(
    page: Page, telephone: Telephone, tmp_path: Path
) -> None:
    from playwright.sync_api import expect

    box = telephone.box
    welcome = np.random.default_rng(9).integers(-9000, 9000, RATE // 3, dtype=np.int16)
    soundfile.write(tmp_path / "Welcome.flac", welcome, RATE)
    page.goto("/sounds")
    assert violations(page) == []
    page.get_by_label("When").select_option("on one date")
    page.locator("#file").set_input_files(tmp_path / "Welcome.flac")
    expect(page.locator("#said")).to_have_text("Choose the date.")
    page.get_by_label("When").select_option("every day that has none of its own")
    button(page, "Send again").click()
    expect(page.locator(".clips strong", has_text="Welcome")).to_be_visible(timeout=20_000)
    assert violations(page) == []
    telephone.call(0.3)
    assert len([*telephone.ends(welcome)]) == 1 and [*telephone.ends(telephone.greeting)] == []

    page.get_by_label("For what").select_option("The recording is safe")
    page.get_by_label("Title").fill("Thank you so much")
    button(page, "Record it here").click()
    box.until(lambda: page.locator("#hearing").evaluate("(level) => level.value") > 0.05)
    button(page, "Stop and send").click()
    expect(page.locator(".clips strong", has_text="Thank you so much")).to_be_visible(timeout=20_000)
    thanks = of(box, "saved")
    assert abs(thanks).max() > 1000
    page.get_by_role("button", name="Throw away Welcome").click()
    expect(page.get_by_text("The sound is thrown away.")).to_be_visible()
    assert violations(page) == []
    telephone.call(0.3)
    assert len([*telephone.ends(telephone.greeting)]) == 1
    button(page, "Undo").click()
    expect(page.locator(".clips strong", has_text="Welcome")).to_be_visible()
    box.record(0.5)  # longer than what is too short to be told of as safe
    box.until(lambda: [*telephone.ends(thanks)])
    telephone.restart()
    telephone.call(0.3)
    assert len([*telephone.ends(welcome)]) == 2


@pytest.mark.slow
def test_whatever_moment_a_power_cut_comes_at_the_box_greets_by_what_is_whole(telephone: Telephone) -> None:
    from base64 import b64encode

    box = telephone.box
    data = Path(telephone.box.root / "greeting.wav").read_bytes()
    upload = box.call("sounds.send", use="greeting", size=len(data), title="half")
    box.call("sounds.piece", upload=upload, offset=0, data=b64encode(data[:20_000]).decode())
    assert box.process
    box.process.kill()
    box.process.wait()
    telephone.start()
    assert box.call("sounds.list")["sounds"] == [] and not (box.state / "sounds" / "coming").exists()
    telephone.call(0.3)
    assert len([*telephone.ends(telephone.greeting)]) == 1

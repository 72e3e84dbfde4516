"""Guests on their own phones: a real browser leaves a recording with a whole box."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile

from tests.e2e.test_page import DESK, PHONE, Served, button, chromium, violations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.e2e.conftest import Box

__all__ = ["chromium"]

WORDS = "a few good words"


@pytest.fixture
def served(box: Box) -> Iterator[Served]:
    served = Served(box, "web: {listen: 127.0.0.1:0}\nguests: {allowed: true, longest: 20s}\n")
    box.start()
    served.start()
    yield served
    served.end()


def host(served: Served, chromium: Browser) -> Page:
    subprocess.run(served.command("password", "--password", WORDS), check=True, capture_output=True)
    page = chromium.new_context(viewport=DESK, base_url=served.address).new_page()
    page.goto("/guests")
    page.get_by_label("Password of this box").fill(WORDS)
    button(page, "Log in").click()
    button(page, "Let guests in").click()
    return page


def code_of(page: Page) -> str:
    found = re.search(r"Code: (\d{4} \d{4})", page.locator("figcaption").inner_text())
    assert found
    return found[1].replace(" ", "")


def guests_clips(box: Box) -> list[dict[str, Any]]:
    return [each for each in box.clips() if each["clip"]["begun"]["by"] == "guest"]


@pytest.mark.slow
def test_a_guest_scans_records_and_has_left_a_clip(served: Served, chromium: Browser) -> None:
    from playwright.sync_api import expect

    box, theirs = served.box, host(served, chromium)
    assert violations(theirs) == []
    expect(theirs.get_by_role("img", name=re.compile("QR code"))).to_be_visible()

    page = chromium.new_context(viewport=PHONE, base_url=served.address).new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto("/clips")
    page.goto("/guest")
    assert violations(page) == []
    page.goto(f"/guest#{code_of(theirs)}")
    page.reload()
    expect(button(page, "Record")).to_be_visible()
    assert violations(page) == []
    assert page.get_by_role("button").count() == 1 and page.get_by_role("link").count() == 0
    button(page, "Record").click()
    expect(page.get_by_role("timer")).to_have_text("0:02", timeout=10_000)
    assert violations(page) == []
    pieces: list[str] = []
    page.route("**/guests.piece", lambda route: broken(route, pieces))
    button(page, "Stop and send").click()
    expect(page.get_by_text("Thank you. Your recording has arrived.")).to_be_visible(timeout=15_000)
    assert pieces[:2] == ["cut off", "sent"], "and it went on"
    assert said == [] or all("ERR_FAILED" in line for line in said)

    box.until(box.delivered)
    (entry,) = guests_clips(box)
    sound, rate = soundfile.read(box.shelf / f"{entry['clip']['name']}.wav")
    assert 1.5 < len(sound) / rate < 8 and np.abs(sound).max() > 0.01, "the beeps of the browser's microphone"
    page.goto("/clips")
    expect(page.get_by_role("heading", name="Leave a recording")).to_be_visible()

    odd = box.root / "x.wav"
    odd.write_bytes(b"RIFFnothing")
    page.locator("#file").set_input_files(odd)
    expect(page.locator("#told")).to_have_text(re.compile("no sound that the box can read"))
    assert len(guests_clips(box)) == 1


def broken(route: Any, pieces: list[str]) -> None:
    """The network fails at the first piece."""
    pieces.append("sent" if pieces else "cut off")
    if len(pieces) == 1:
        route.abort()
    else:
        route.continue_()


@pytest.mark.slow
def test_over_plain_http_the_phone_itself_records(served: Served, chromium: Browser) -> None:
    """A browser that is not at the box itself gives no microphone; the phone's own recorder brings a file."""
    from playwright.sync_api import expect

    code = code_of(host(served, chromium))
    context = chromium.new_context(viewport=PHONE, base_url=served.address)
    page = context.new_page()
    page.add_init_script("Object.defineProperty(navigator, 'mediaDevices', { value: undefined })")
    page.goto("/guest")
    page.get_by_label("The code that you were given").fill(code)
    button(page, "Go on").click()
    expect(page.get_by_text("records on pages with HTTPS only")).to_be_visible()
    assert violations(page) == [] and not page.locator("#record").is_visible()
    sound = served.box.root / "note.flac"
    soundfile.write(sound, np.random.default_rng(1).normal(0, 0.1, 48_000), 48_000)
    with page.expect_file_chooser() as chooser:
        page.get_by_text("Record with the phone, or choose a sound").click()
    chooser.value.set_files(sound)
    expect(page.get_by_text("Thank you. Your recording has arrived.")).to_be_visible(timeout=15_000)
    (entry,) = guests_clips(served.box)
    assert entry["clip"]["frames"] == 48_000


@pytest.mark.slow
def test_what_a_guest_recorded_while_the_host_made_a_new_code_arrives_by_that(
    served: Served, chromium: Browser
) -> None:
    from playwright.sync_api import expect

    theirs = host(served, chromium)
    page = chromium.new_context(viewport=PHONE, base_url=served.address).new_page()
    page.goto(f"/guest#{code_of(theirs)}")
    button(page, "Record").click()
    expect(page.get_by_role("timer")).to_have_text("0:01", timeout=10_000)
    button(theirs, "Let nobody in any more").click()
    expect(theirs.get_by_text("No guest is let in at the moment.")).to_be_visible()
    button(page, "Stop and send").click()
    expect(page.get_by_text("Your recording is still here")).to_be_visible(timeout=10_000)
    assert violations(page) == []
    button(theirs, "Let guests in").click()
    expect(theirs.locator("figcaption")).to_be_visible()
    page.get_by_label("The code that you were given").fill("1234 5678")
    button(page, "Go on").click()
    expect(page.get_by_text("That is not the code.")).to_be_visible()
    page.get_by_label("The code that you were given").fill(code_of(theirs))
    button(page, "Go on").click()
    expect(page.get_by_text("Thank you. Your recording has arrived.")).to_be_visible(timeout=15_000)
    served.box.until(lambda: len(guests_clips(served.box)) == 1)

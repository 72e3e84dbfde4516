"""Every page for everybody: axe-core finds nothing on any of them, by day and by night, in every language's letters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.test_page import PHONE, Served, button, chromium, violations
from tests.e2e.test_settings import Helper, helper

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.e2e.conftest import Box

__all__ = ["chromium", "helper"]

MORE = """\
flow: {script: booth, numbers: {1: play.latest}}
recording: {fields: {room: {choices: [hall, studio]}, consent: yes_no}, profiles: {interview: {name: interview}}}
audio: {playback: {device: "usb:nobody"}}
"""


@pytest.mark.slow
def test_axe_finds_nothing_on_any_page(box: Box, helper: Helper, chromium: Browser) -> None:
    with box.config.open("a") as file:
        file.write(MORE)
    served = Served(box)
    box.start()
    served.start("--settings", str(helper.path))
    clip = box.record(0.6)
    trashed = box.record(0.6)
    box.call("clips.delete", clip=trashed["id"])
    settings = ("", "/flow", "/panel", "/destinations", "/destinations/shelf", "/panel/buttons/17")
    paths = ["/", "/clips", f"/clips/{clip['id']}", "/messages", "/sounds", "/trash", "/health", "/begin", "/guests"]
    paths += [*(f"/settings{each}" for each in settings), "/login", "/nowhere"]
    found = []
    for scheme, language in (("light", "en"), ("dark", "zh")):
        context = chromium.new_context(
            viewport=PHONE,
            base_url=served.address,
            color_scheme="dark" if scheme == "dark" else "light",
            locale=language,
        )
        page = context.new_page()
        for path in paths:
            page.goto(path)
            page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
            found += [f"{path} {scheme}: {each}" for each in violations(page)]
            wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            found += [f"{path} {scheme}: {wide} pixels too wide"] if wide > 0 else []
        context.close()
    served.end()
    assert found == []


@pytest.mark.slow
def test_the_keyboard_alone_leads_through_a_recording(box: Box, chromium: Browser) -> None:
    from playwright.sync_api import expect

    with box.config.open("a") as file:
        file.write("recording: {fields: {room: text}}\n")
    served = Served(box)
    box.start()
    served.start()
    context = chromium.new_context(viewport=PHONE, base_url=served.address)
    page = context.new_page()
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="To the content")).to_be_focused()
    page.get_by_text("Say what it will be").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("The mayor")
    page.keyboard.press("Tab")
    page.keyboard.type("hall")
    served.box.call("volume.up")  # something happens meanwhile: nothing that was typed is lost
    expect(page.get_by_label("room")).to_be_focused()
    expect(page.get_by_label("Title")).to_have_value("The mayor")
    page.wait_for_timeout(500)
    expect(page.get_by_label("room")).to_be_focused()
    expect(page.get_by_label("room")).to_have_value("hall")
    button(page, "Record").focus()
    page.keyboard.press("Enter")
    expect(button(page, "Stop")).to_be_focused()
    page.keyboard.press("Enter")
    expect(button(page, "Record")).to_be_visible()
    box.until(lambda: len(box.clips()) == 1)
    (entry,) = box.clips()
    assert (entry["clip"]["title"], entry["clip"]["fields"]["room"]) == ("The mayor", "hall")
    context.close()
    served.end()

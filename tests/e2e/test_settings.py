"""Settings on the page beside a whole recorder: seen, changed, used, and taken back."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
import yaml

from appliance.control.client import Client
from appliance.errors import ConfigError
from tests.e2e.test_page import PHONE, Served, button, chromium, violations

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.e2e.conftest import Box

__all__ = ["chromium"]

COMMENT = "# Written by hand, and to stay so.\n"


class Helper:
    """Starts the helper for each connection, as systemd does."""

    def __init__(self, box: Box) -> None:
        self.path = box.root / "settings.sock"
        self.command = [sys.executable, "-m", "appliance", "--socket", str(box.socket), "settings"]
        self.command += ["--config", str(box.config), "--versions", str(box.root / "versions")]
        self.started: list[subprocess.Popen[bytes]] = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.path))
        self.listener.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                end = connection.fileno()
                self.started.append(subprocess.Popen(self.command, stdin=end, stdout=end))

    def ask(self, word: str, **given: object) -> dict[str, object]:
        with Client(self.path, 60) as client:
            answer: dict[str, object] = client.call(word, **given)
            return answer

    def use(self, *place: str, **values: str) -> dict[str, object]:
        """Change something as the page does."""
        version = self.ask("form", place=place)["version"]
        found = self.ask("review", place=place, values=values, version=version)
        assert found["problems"] == []
        return self.ask("use", proposal=found["proposal"])


@pytest.fixture
def helper(box: Box) -> Iterator[Helper]:
    with box.config.open("a") as file:
        file.write(COMMENT)
    helper = Helper(box)
    yield helper
    helper.listener.close()
    for each in helper.started:
        each.wait()


@pytest.mark.slow
def test_what_is_changed_is_used_or_taken_back_and_all_else_stays(box: Box, helper: Helper) -> None:
    before = box.config.read_text()
    box.start()
    assert helper.use("device", name="attic") == {"used": "now"}
    assert box.status()["device"] == "attic"
    assert box.config.read_text() == before.replace("device: {name: box}", "device: {name: attic}")
    assert helper.ask("restore", number=1) == {"used": "now"}
    assert (box.status()["device"], box.config.read_text()) == ("box", before)

    spoilt = before.replace("record.toggle", "nonsense")
    box.config.write_text(spoilt)
    with pytest.raises(ConfigError, match=r"all is as it was before.*nonsense"):
        helper.use("device", name="attic")
    assert (box.status()["device"], box.config.read_text()) == ("box", spoilt)


@pytest.mark.slow
def test_a_person_changes_settings(box: Box, helper: Helper, chromium: Browser) -> None:
    from playwright.sync_api import expect

    served = Served(box)
    box.start()
    served.start("--settings", str(helper.path))
    context = chromium.new_context(viewport=PHONE, base_url=served.address)
    page = context.new_page()
    page.goto("/settings")
    assert violations(page) == []
    page.get_by_role("link", name="recording", exact=True).click()
    expect(page.get_by_label("max_duration")).to_have_attribute("placeholder", "1h")
    assert violations(page) == []
    page.get_by_label("max_duration").fill("5 parsecs")
    button(page, "See what would change").click()
    expect(page.get_by_role("alert")).to_contain_text("expected a duration with a unit")
    assert violations(page) == []
    page.get_by_label("max_duration").fill("5m")
    button(page, "See what would change").click()
    expect(page.locator("main li")).to_have_text("recording.max_duration becomes 5m, was 1h")
    assert violations(page) == []
    button(page, "Use it").click()
    expect(page.get_by_text("It is used from now on.")).to_be_visible(timeout=20_000)
    assert "max_duration: 5m" in box.config.read_text() and COMMENT in box.config.read_text()

    _add_a_destination(page, box)
    context.close()
    served.end()


def _add_a_destination(page: Page, box: Box) -> None:
    """One with a secret, which is written and never shown; then it is taken out again."""
    from playwright.sync_api import expect

    page.goto("/settings/destinations")
    page.get_by_label("Name").fill("office")
    page.get_by_label("Kind").select_option("http")
    button(page, "Go on").click()
    page.get_by_label("url", exact=True).fill("https://example.org/in")
    page.get_by_label("bearer").fill("sesame42")
    button(page, "See what would change").click()
    expect(page.get_by_text("destinations.office.auth.bearer is set anew")).to_be_visible()
    button(page, "Use it").click()
    expect(page.get_by_label("bearer")).to_have_attribute("placeholder", "is set, and never shown", timeout=20_000)
    assert "sesame42" not in page.content() + box.config.read_text()
    secrets = box.root / "secrets.yaml"
    assert secrets.read_text() == "destinations-office-auth-bearer: sesame42\n" and secrets.stat().st_mode & 0o77 == 0
    assert "office" in box.status()["destinations"]
    button(page, "Take it out").click()
    button(page, "Use it").click()
    box.until(lambda: "office" not in box.status()["destinations"])


@pytest.mark.slow
def test_a_person_takes_the_first_steps(box: Box, helper: Helper, chromium: Browser) -> None:
    from playwright.sync_api import expect

    box.config.write_text(box.config.read_text().partition("destinations:")[0])
    served = Served(box)
    box.start()
    served.start("--settings", str(helper.path))
    context = chromium.new_context(viewport=PHONE, base_url=served.address, timezone_id="Asia/Tokyo")
    page = context.new_page()
    page.goto("/")
    page.get_by_role("link", name="First steps").click()
    expect(page.get_by_label("A booth in which people tell their stories")).to_be_visible()
    expect(page.get_by_text("This phone says something else:")).to_be_visible()
    expect(page.get_by_label("Time zone")).to_have_value("Asia/Tokyo")
    assert violations(page) == []
    button(page, "Listen").click()
    expect(page.get_by_text("A little closer, or louder.")).to_be_visible(timeout=20_000)
    assert box.clips() == [] and box.status()["take"] is None
    button(page, "Set its gain").click()
    expect(page.get_by_text("Done: the gain is")).to_be_visible(timeout=20_000)
    assert box.status()["gain"]["value"] > 0
    button(page, "Press them now").click()
    expect(page.get_by_text("press it now, and let go")).to_be_visible(timeout=20_000)
    box.press("1")
    expect(page.get_by_text("button 17: works")).to_be_visible(timeout=20_000)
    page.get_by_label("Name").fill("my attic")
    page.locator("form[action='/settings/device'] button").click()
    expect(page.get_by_role("alert")).to_contain_text("guestbook-1")

    page.get_by_label("name").first.fill("attic")
    button(page, "See what would change").click()
    button(page, "Use it").click()
    expect(page.get_by_role("heading", name="First steps")).to_be_visible(timeout=20_000)
    expect(page.get_by_text("It is used from now on.")).to_be_visible()
    for preset, buttons in (
        ("A guestbook", set()),
        ("A message box", {"17", "27"}),
        ("A dictation", {"17", "22", "27"}),
    ):
        page.get_by_label(preset).check()
        page.locator("form[action='/begin/preset'] button").click()
        button(page, "Use it").click()
        expect(page.get_by_text("It is used from now on.")).to_be_visible(timeout=20_000)
        panel = yaml.safe_load(box.config.read_text())["panel"]
        assert {str(pin) for pin in panel.get("buttons", {})} == buttons
    assert box.status()["device"] == "attic" and "flow:" not in box.config.read_text()

    page.get_by_label("A new one").fill("a few good words")
    page.get_by_label("The same again").fill("other words")
    button(page, "Set the password").click()
    expect(page.get_by_role("alert")).to_contain_text("not the same")
    page.get_by_role("link", name="Try again").click()
    page.get_by_label("A new one").fill("a few good words")
    page.get_by_label("The same again").fill("a few good words")
    button(page, "Set the password").click()
    page.get_by_label("Password of this box").fill("a few good words")
    button(page, "Log in").click()
    expect(page.get_by_label("The one that holds now")).to_be_visible()
    page.get_by_label("The one that holds now").fill("a guess of mine")
    page.get_by_label("A new one").fill("my own words now")
    page.get_by_label("The same again").fill("my own words now")
    button(page, "Set the password").click()
    expect(page.get_by_role("alert")).to_contain_text("not the password")
    context.close()
    served.end()

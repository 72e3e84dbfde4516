"""Firefox without a window, asked over the Marionette protocol, which it speaks by itself."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

FIREFOX = Path("/usr/bin/firefox-esr")

_PREFERENCES = """\
user_pref("marionette.port", 0);
user_pref("media.autoplay.default", 0);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("services.settings.server", "data:,#remote-settings-dummy/v1");
user_pref("app.update.enabled", false);
"""

_SAID = """\
return Services.console.getMessageArray().map((each) => `${each.sourceName ?? ""} ${each.errorMessage ?? each.message}`)
"""


class Firefox:
    """One window of a browser with a profile of its own in `folder`, until it is closed."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        (folder / "user.js").write_text(_PREFERENCES)
        command = [str(FIREFOX), "--headless", "--no-remote", "--marionette", "--remote-allow-system-access"]
        with (folder / "log").open("w") as log:
            self._process = subprocess.Popen(
                [*command, "--profile", str(folder)], stdout=log, stderr=log, env={"HOME": str(folder)}
            )
        self._number = 0
        try:
            self._line = socket.create_connection(("127.0.0.1", self._port(folder)), 60)
            self._answers = self._line.makefile("rb")
            self._told()
            self.ask("WebDriver:NewSession", capabilities={})
        except BaseException:
            self._end()
            raise

    def _port(self, folder: Path) -> int:
        told, limit = folder / "MarionetteActivePort", time.monotonic() + 60
        while not (told.exists() and told.read_text()):
            assert self._process.poll() is None and time.monotonic() < limit, (folder / "log").read_text()
            time.sleep(0.05)
        return int(told.read_text())

    def _told(self) -> Any:
        length = b""
        while (figure := self._answers.read(1)) != b":":
            assert figure, "Firefox has hung up"
            length += figure
        return json.loads(self._answers.read(int(length)))

    def ask(self, command: str, **given: object) -> Any:
        """What comes of a command of Marionette."""
        self._number += 1
        message = json.dumps([0, self._number, command, given]).encode()
        self._line.sendall(b"%d:%b" % (len(message), message))
        _, _, error, result = self._told()
        assert error is None, error
        return result.get("value") if isinstance(result, dict) else result

    def open(self, address: str) -> None:
        """Open a page, and wait until it is there."""
        self.ask("WebDriver:Navigate", url=address)

    def run(self, script: str, *given: object) -> Any:
        """What a script returns in the page; a promise is waited for."""
        return self.ask("WebDriver:ExecuteScript", script=script, args=[*given])

    def until(self, condition: str, *given: object) -> None:
        """Wait until an expression is true in the page."""
        limit = time.monotonic() + 20
        while not self.run(f"return Boolean({condition})", *given):
            assert time.monotonic() < limit, f"{condition} {given}\n{self.run('return document.body.innerText')}"
            time.sleep(0.05)

    def press(self, name: str) -> None:
        """Press the button with this name, as a mouse does."""
        path = f"//button[normalize-space()='{name}']"
        found = self.ask("WebDriver:FindElement", using="xpath", value=path)
        self.ask("WebDriver:ElementClick", id=next(iter(found.values())))

    def said(self, address: str) -> list[str]:
        """What the console says of a site: its scripts' errors, and what its policy forbade."""
        self.ask("Marionette:SetContext", value="chrome")
        told: list[str] = self.ask("WebDriver:ExecuteScript", script=_SAID, args=[])
        self.ask("Marionette:SetContext", value="content")
        return [line for line in told if address in line]

    def close(self) -> None:
        """End it."""
        self._line.close()
        self._end()

    def _end(self) -> None:
        self._process.terminate()
        self._process.wait(20)

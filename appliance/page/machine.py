"""The machine that the box is: its time zone, its clock, restarting it and switching it off.

systemd does all of it when it is asked, and polkit lets the page ask for that and nothing else (`appliance-web.rules`).
"""

import math
import threading
import time
from pathlib import Path

from attrs import field
from bottle import HTTPResponse, request

from appliance.clock import Clock, SystemClock
from appliance.errors import ApplianceError, Refused, UsageError
from appliance.page import answers
from appliance.page.keys import Role
from appliance.page.languages import _
from appliance.page.recorder import Recorder
from appliance.values import frozen

_PATIENCE = 20.0
"""Seconds."""

_PAUSE = 0.1
"""Seconds until a time is given once more to a system that is still ending what kept it before."""

_BUSY = ("Previous request is not finished", "Automatic time synchronization is enabled")
"""What systemd-timedated says while that is so: it answers before the service that it ends has ended."""

_LEAST, _MOST = 1_700_000_000, 4_000_000_000
"""Seconds since 1970 between which a phone's clock makes sense."""

_ZONE = Path("/etc/localtime")
_ZONES = Path("/usr/share/zoneinfo")


@frozen
class Machine:
    """Answers that change it. Each raises Refused where whoever asks may not, or the system does not let the page."""

    recorder: Recorder
    clock: Clock = field(factory=SystemClock)

    def set_zone(self) -> HTTPResponse:
        """Set the time zone of the box. The recorder uses it at once, after a take in progress."""
        wanted = request.forms.getunicode("zone") or ""
        if wanted not in zones():
            raise UsageError(_("there is no such time zone"))
        _ask("timedatectl", "set-timezone", wanted)
        time.tzset()
        try:
            self.recorder.call("config.reload")
        except ApplianceError as error:
            raise Refused(
                _("the time zone is set, and used once the recorder begins anew: {why}").format(why=error)
            ) from error
        return HTTPResponse(status=303, headers={"Location": answers.back()})

    def set_clock(self) -> HTTPResponse:
        """Set the clock of the box by the one of a phone."""
        try:
            seconds = float(request.forms.get("seconds") or "")
        except ValueError:
            seconds = math.nan
        if not _LEAST < seconds < _MOST:
            raise UsageError(_("the clock of this phone makes no sense either"))
        by_network = _ask("timedatectl", "show", "--property=NTP", "--value") == "yes"
        if by_network:  # which lets nobody else set it
            _ask("timedatectl", "set-ntp", "false")
        try:
            self._set_time(seconds)
        finally:
            if by_network:
                _ask("timedatectl", "set-ntp", "true")
        return HTTPResponse(status=303, headers={"Location": answers.back()})

    def _set_time(self, seconds: float) -> None:
        begun, waiting = self.clock.monotonic(), threading.Condition()
        while True:
            late = self.clock.monotonic() - begun
            try:
                _ask("timedatectl", "set-time", f"@{round(seconds + late)}")
                return
            except Refused as error:
                if late > _PATIENCE or not any(each in str(error) for each in _BUSY):
                    raise
            with waiting:
                self.clock.wait(waiting, _PAUSE)

    def restart(self) -> str:
        """Restart the box."""
        return self._ended("reboot", _("The box restarts. This page is there again in a minute or two."))

    def switch_off(self) -> str:
        """Switch the box off, as safely as it can be."""
        return self._ended("poweroff", _("The box switches itself off. Wait half a minute before you unplug it."))

    @staticmethod
    def _ended(word: str, said: str) -> str:
        _ask("systemctl", word)
        return answers.view("ended", visitor=None, path="/health", said=said)


def zones() -> list[str]:
    """The time zones that there are, as IANA names them."""
    found = {"UTC", zone()}
    for table in ("zone1970.tab", "zone.tab"):
        try:
            lines = (_ZONES / table).read_text(encoding="utf-8").splitlines()
        except OSError:
            continue
        found |= {line.split("\t")[2].strip() for line in lines if line.count("\t") > 1 and not line.startswith("#")}
    return sorted(found - {""})


def zone() -> str:
    """The time zone of the box, as IANA names it; empty where that cannot be told."""
    try:
        return _ZONE.resolve().relative_to(_ZONES).as_posix()
    except (OSError, ValueError):
        return ""


def _ask(program: str, *words: str) -> str:
    """What a program of systemd says. Raises Refused."""
    if request.environ["visitor"].role is not Role.HOST:
        raise Refused(_("only whoever owns the box can do that"))
    import subprocess

    command = [program, "--no-ask-password", *words]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Refused(_("the system does not let the page do that: {why}").format(why=error)) from error
    if done.returncode:
        why = " ".join(done.stderr.split())[:200] or str(done.returncode)
        raise Refused(_("the system does not let the page do that: {why}").format(why=why))
    return done.stdout.strip()

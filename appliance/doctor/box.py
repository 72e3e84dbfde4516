"""What the doctor examines, and the machine around it. Everything is given, so that tests can give something else."""

import grp
import os
import pwd
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from attrs import field

from appliance.audio.ports import SoundCards
from appliance.clock import Clock
from appliance.config.settings import Settings
from appliance.housekeeping.outlook import Outlook
from appliance.mounts import MOUNTINFO, mount_of, parse
from appliance.panel.ports import Panel
from appliance.plugin_host import PluginHost
from appliance.values import frozen

SERVICE_USER = "appliance"
"""Whom the service runs as, and its unit's name."""


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def _members(group: str) -> frozenset[str] | None:
    """Who is in a group; None where there is no such group."""
    try:
        found = grp.getgrnam(group)
    except KeyError:
        return None
    first = (account.pw_name for account in pwd.getpwall() if account.pw_gid == found.gr_gid)
    return frozenset((*found.gr_mem, *first))


def _is_read_only(path: Path) -> bool:
    return bool(os.statvfs(path).f_flag & os.ST_RDONLY)


def _is_closed(path: Path) -> bool:
    """Whether it is read-only for this process, though its disk is not."""
    mount = mount_of(path, parse(MOUNTINFO.read_text(encoding="utf-8", errors="surrogateescape")))
    return mount is not None and mount.is_closed_here


@frozen
class System:
    """The machine: its files below `root`, and how this process stands to them."""

    root: Path = Path("/")
    environment: Mapping[str, str] = field(factory=lambda: os.environ)
    user: str = field(factory=_user)
    members: Callable[[str], frozenset[str] | None] = _members
    may_use: Callable[[Path], bool] = lambda path: os.access(path, os.R_OK | os.W_OK)
    may_enter: Callable[[Path], bool] = lambda path: os.access(path, os.R_OK | os.X_OK)
    is_read_only: Callable[[Path], bool] = _is_read_only
    is_closed: Callable[[Path], bool] = _is_closed

    def text(self, path: str) -> str:
        """What a small file below the root holds, stripped; empty where it cannot be read."""
        with suppress(OSError):
            return (self.root / path).read_text(errors="replace").strip("\0\n ")
        return ""


@frozen
class Box:
    """One appliance, running or not.

    `read` reads the configuration as it is on the disk and raises ConfigError. `occupied` says why microphone and
    speaker cannot be had now, or nothing. `panel` is None where it could not be started, and `panel_error` says why.
    `outlook` tells of the room on the disk. `is_running` is true inside the daemon.
    """

    settings: Settings
    read: Callable[[], Settings]
    plugins: PluginHost
    cards: SoundCards
    panel: Panel | None
    panel_error: str
    outlook: Callable[[], Outlook]
    occupied: Callable[[], str]
    clock: Clock
    is_running: bool
    real_cards: bool = True
    real_pins: bool = True
    system: System = field(factory=System)

    def pause(self, seconds: float) -> None:
        """Let time pass."""
        condition = threading.Condition()
        with condition:
            self.clock.wait(condition, seconds)

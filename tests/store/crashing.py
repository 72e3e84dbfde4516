"""Runs a piece of work on copies of a state directory and kills it: before its first step, its second, and so on.

    python crashing.py SCENARIO TEMPLATE OUT

leaves OUT/1, OUT/2 ... as the kills left them; the last one was not killed. A step is a call into the system or into
SQLite on the store thread. TEMPLATE/subject names the take or clip; the take TEMPLATE/held comes after the start.
"""

import os
import shutil
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from appliance.store import Store
from appliance.testing.clock import ManualClock
from appliance.vitals import Vitals

STEPS = {
    *("rename", "replace", "unlink", "rmdir", "rmtree", "mkdir", "ftruncate", "pwrite", "write", "fsync", "fdatasync"),
    *("execute", "executemany", "executescript", "close"),
}


class Killer:
    """A profile function that counts steps and kills the process at one of them."""

    def __init__(self, at: int) -> None:
        self._left = at

    def __call__(self, frame: FrameType, event: str, call: object) -> None:
        if event == "c_call" and getattr(call, "__name__", "") in STEPS:
            self._left -= 1
            if not self._left:
                os.kill(os.getpid(), signal.SIGKILL)


def run(scenario: str, directory: Path, at: int) -> None:
    """The scenario, killed at step `at`."""
    clock = ManualClock()
    store = Store(directory, clock, lambda _: None, Vitals(clock))
    store.set_destinations({"cloud": "original", "stick": "flac"})
    if scenario == "start":
        threading.setprofile(Killer(at))
    store.start()
    subject = (directory / "subject").read_text()
    if (held := directory / "held").exists():
        held.rename(directory / "takes" / subject)

    def work() -> None:
        if scenario == "start":
            return
        sys.setprofile(Killer(at))
        match scenario:
            case "adopt":
                store.clips.adopt(subject)
            case "delete":
                store.clips.delete(subject, "by hand")
            case "trash":
                store.clips.trash(subject)
            case "restore":
                store.clips.restore(subject)
            case "destroy":
                store.clips.destroy(store.clips.find_trashed(subject))
        sys.setprofile(None)

    store.submit(work).result()
    threading.setprofile(None)
    store.close()


def main(scenario: str, template: Path, out: Path) -> None:
    """Every step in turn, until one run gets to its end."""
    at = 0
    while True:
        at += 1
        directory = out / str(at)
        shutil.copytree(template, directory)
        child = os.fork()
        if not child:
            run(scenario, directory, at)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))

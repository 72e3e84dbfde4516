"""A telephone at work: one guest hangs up in the greeting, the next leaves a message."""

import subprocess
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import soundfile

from appliance.control.client import Client
from appliance.phrases import duration
from demo.watching import Watcher, all_good, console, daemon, press, sha256

HOOK = "o"
NOTES = (392.0, 523.25, 659.26, 783.99)
NOTE = 0.35
GREETING, TONE = len(NOTES) * NOTE, 0.4
"""Seconds."""

CONFIG = """\
device: {{name: guestbook}}
panel: {{switches: {{22: handset}}, leds: {{18: status}}}}
storage: {{directory: {root}/state}}
control: {{socket: {root}/control.sock}}
flow: {{script: telephone, greeting: {root}/greetings}}
destinations:
  shelf: {{backend: folder, path: {root}/shelf}}
"""


def run(root: Path, real_audio: bool) -> bool:
    """Two calls. True where exactly one became a clip, and that has arrived."""
    (root / "greetings").mkdir()
    (root / "shelf").mkdir()
    write_notes(root / "greetings" / "welcome.wav", NOTES)
    (root / "config.yaml").write_text(CONFIG.format(root=root))
    with daemon(root, "panel" if real_audio else "all") as process:
        return _perform(root, process)


def _perform(root: Path, process: "subprocess.Popen[str]") -> bool:
    hook = partial(press, process, HOOK)
    watcher = Watcher(root / "control.sock")
    hook("the first guest lifts the handset")
    watcher.wait("FlowMoved", count=2)
    time.sleep(0.5)
    hook("and hangs up in the greeting")
    watcher.wait("FlowMoved", count=3)
    lifted = time.monotonic()
    hook("the second guest lifts it")
    watcher.wait("TakeStarted")
    time.sleep(3)
    hook("has spoken, and hangs up")
    call = time.monotonic() - lifted
    clip = watcher.wait("ClipFinished")["clip"]
    watcher.wait("DeliverySucceeded")
    with Client(root / "control.sock") as client:
        entries = client.call("clips.list")
    seconds = clip["frames"] / clip["format"]["rate"]
    original = Path(entries[0]["path"])
    checks = {
        "who hung up in the greeting left nothing": len(entries) == 1,
        "the other's clip is on the shelf, byte by byte": sha256(original) == sha256(root / "shelf" / original.name),
        "it begins behind greeting and tone": seconds < call - GREETING - TONE,
    }
    console.print(f"The clip: {original.name}, {duration(seconds)}")
    return all_good(checks)


def write_notes(path: Path, notes: Sequence[float]) -> None:
    """A melody of these hertz, in the place of a voice."""
    rate = 48_000
    times = np.arange(round(NOTE * rate)) / rate
    fade = np.minimum(1, np.minimum(times, NOTE - times) / 0.05)
    soundfile.write(path, np.concatenate([0.2 * fade * np.sin(2 * np.pi * hertz * times) for hertz in notes]), rate)

"""A message box at work: two messages from the family are heard, and answered; the answer goes to the family alone."""

import subprocess
import time
from functools import partial
from pathlib import Path

from appliance.control.client import Client
from appliance.phrases import duration
from demo.telephone import write_notes
from demo.watching import Watcher, all_good, console, daemon, press, sha256

HEAR, ANSWER = "1", "2"

MESSAGES = ((523.25, 659.26), (783.99, 659.26, 523.25))

CONFIG = """\
device: {{name: kitchen}}
panel: {{buttons: {{17: message.hear, 27: message.answer}}, leds: {{18: new_message}}}}
storage: {{directory: {root}/state}}
control: {{socket: {root}/control.sock}}
flow: message_box
feeds:
  family: {{backend: folder, path: {root}/from-the-family, settle: 0s, reply_to: family}}
destinations:
  family: {{backend: folder, path: {root}/to-the-family}}
  diary: {{backend: folder, path: {root}/diary}}
"""


def run(root: Path, real_audio: bool) -> bool:
    """Two messages and an answer. True where both were heard, and only the family has the answer."""
    for name in ("from-the-family", "to-the-family", "diary"):
        (root / name).mkdir()
    (root / "config.yaml").write_text(CONFIG.format(root=root))
    with daemon(root, "panel" if real_audio else "all") as process:
        return _perform(root, process)


def _perform(root: Path, process: "subprocess.Popen[str]") -> bool:
    do = partial(press, process)
    watcher = Watcher(root / "control.sock")
    for number, notes in enumerate(MESSAGES, start=1):
        write_notes(root / "from-the-family" / f"message {number}.wav", notes)
    with Client(root / "control.sock") as client:
        client.call("feeds.pull")
    watcher.wait("TrackArrived", count=2)
    do(HEAR, "the light blinks: one button plays what is new")
    heard = [watcher.wait("PlaybackStarted", count=number)["title"] for number in (1, 2)]
    watcher.wait("PlaybackFinished", count=2)
    watcher.wait("NothingToPlay")
    do(ANSWER, "the other one answers")
    watcher.wait("TakeStarted")
    time.sleep(3)
    do(ANSWER, "has spoken, and presses it again")
    clip = watcher.wait("ClipFinished")["clip"]
    watcher.wait("DeliverySucceeded")
    with Client(root / "control.sock") as client:
        (entry,) = client.call("clips.list")
        unheard = client.call("status")["unheard"]
    original = Path(entry["path"])
    checks = {
        "both messages were heard, the oldest first": heard == sorted(heard) and unheard == 0,
        "the family has the answer, byte by byte": sha256(original) == sha256(root / "to-the-family" / original.name),
        "nobody else has it": not list((root / "diary").glob("*.wav")),
    }
    console.print(f"The answer: {original.name}, {duration(clip['frames'] / clip['format']['rate'])}")
    return all_good(checks)

"""The whole appliance at work: a clip from button to two destinations, and a message from afar to the speaker.

Starts the real daemon, presses its (simulated) buttons, and compares checksums of what arrived. Exit code 0 only if
everything did.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import soundfile
from rich.table import Table

from appliance.control.client import Client
from appliance.phrases import duration
from appliance.simulation.sound import SPEECH
from demo import booth, message_box, telephone, waveform
from demo.servers import OtherEnd
from demo.watching import Watcher, all_good, console, daemon, press, sha256

RECORD, PAUSE, PLAY, MARK = "1", "2", "3", "4"
MESSAGE_FRAMES = 48_000

FLOWS = {"telephone": telephone.run, "booth": booth.run, "message_box": message_box.run}

CONFIG = """\
device: {{name: demo}}
panel:
  buttons: {{17: record.toggle, 27: record.pause_toggle, 22: play.toggle, 23: record.mark}}
  leds: {{18: status}}
storage: {{directory: {root}/state}}
control: {{socket: {root}/control.sock}}
destinations:
  shelf: {{backend: folder, path: {root}/shelf}}
  office: {{backend: http, url: {url}/upload, proof: {{json_pointer: /sha256}}}}
feeds:
  news: {{backend: urls, urls: ["{url}/message.flac"]}}
"""


def perform(root: Path, process: "subprocess.Popen[str]", real_audio: bool) -> bool:
    """Press the buttons, wait for the outcomes, compare what arrived. True where all of it is right."""
    do = partial(press, process)
    watcher = Watcher(root / "control.sock")
    do(RECORD, "button: record")
    watcher.wait("TakeStarted")
    time.sleep(3)
    do(PAUSE, "button: pause")
    watcher.wait("TakePaused")
    time.sleep(0.7)
    do(PAUSE, "button: go on")
    watcher.wait("TakeResumed")
    time.sleep(1)
    do(MARK, "button: mark")
    time.sleep(1)
    do(RECORD, "button: stop")
    clip = watcher.wait("ClipFinished")["clip"]
    watcher.wait("DeliverySucceeded", count=2)
    track = watcher.wait("TrackArrived")["track"]
    do(PLAY, "button: play the message that was pulled")
    watcher.wait("PlaybackStarted")
    completed = bool(watcher.wait("PlaybackFinished")["completed"])

    with Client(root / "control.sock") as client:
        entry = client.call("clips.show", clip=clip["id"])
    return _report(root, entry, track, completed, real_audio)


def _report(root: Path, entry: dict[str, Any], track: dict[str, Any], completed: bool, real_audio: bool) -> bool:
    clip, path = entry["clip"], Path(entry["path"])
    expected = sha256(path)
    arrived = {"shelf": root / "shelf" / path.name, "office": root / "received" / path.name}
    checks = {f"{name} holds the same bytes": sha256(file) == expected for name, file in arrived.items()}
    checks["the pulled message is the one that was served"] = sha256(Path(track["path"])) == sha256(
        root / "message.flac"
    )
    checks["the message was played to its end"] = completed

    table = Table("clip", "length", "peak", "gaps", "destination", "receipt", title="What became of it")
    for number, delivery in enumerate(entry["deliveries"]):
        receipt = delivery["receipt"]
        first = (
            clip["id"],
            duration(clip["frames"] / clip["format"]["rate"]),
            f"{clip['levels']['peak_dbfs']:.1f} dBFS",
            str(len(clip["gaps"])),
        )
        proof = f"{receipt['algorithm']} {receipt['checksum'][:8]}…, " + (
            "verified" if receipt["verified"] else "accepted"
        )
        table.add_row(*(("",) * 4 if number else first), delivery["destination"], proof)
    console.print(table)
    console.print(waveform.in_terminal(path))
    picture = Path("demo-waveform.png").absolute()
    waveform.as_png(path, clip, picture)
    console.print(f"The same as a picture: {picture}")
    good = all_good(checks)
    sound = (
        "the sound card was real"
        if real_audio
        else "the microphone (synthesised speech) and the speaker were simulated"
    )
    console.print(
        f"Real: daemon, catalogue, outbox, HTTP upload and download, files. Simulated: buttons and LED; {sound}."
    )
    return good


def main() -> int:
    """Run the demo; the exit code says whether everything arrived."""
    parser = argparse.ArgumentParser(prog="demo", description=__doc__)
    parser.add_argument("--real-audio", action="store_true", help="use the sound card instead of a simulated one")
    parser.add_argument("--flow", choices=tuple(FLOWS), help="show a flow instead of a box with buttons")
    arguments = parser.parse_args()
    real_audio = arguments.real_audio
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="appliance-demo-") as folder:
        root = Path(folder)
        if arguments.flow:
            return 0 if FLOWS[arguments.flow](root, real_audio) else 1
        for name in ("shelf", "received"):
            (root / name).mkdir()
        speech, rate = soundfile.read(SPEECH, frames=MESSAGE_FRAMES)
        soundfile.write(root / "message.flac", speech, rate)
        other_end = OtherEnd(root / "message.flac", root / "received")
        (root / "config.yaml").write_text(CONFIG.format(root=root, url=other_end.url))
        with daemon(root, "panel" if real_audio else "all") as process:
            good = perform(root, process, real_audio)
    console.print(f"{'Everything arrived' if good else 'Something is wrong'}, after {time.monotonic() - begun:.1f} s.")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

"""A booth at work: a question, consent, a story that is heard and kept, and its withdrawal."""

import subprocess
import time
from functools import partial
from pathlib import Path

from appliance.control.client import Client
from appliance.phrases import duration
from demo.telephone import write_notes
from demo.watching import Watcher, all_good, console, daemon, press, sha256

HOOK, DIAL, NEXT = "o", "d", "1"

CONFIG = """\
device: {{name: booth}}
panel: {{switches: {{22: handset}}, dials: {{23: {{}}}}, buttons: {{17: flow.next}}, leds: {{18: status}}}}
storage: {{directory: {root}/state}}
control: {{socket: {root}/control.sock}}
flow:
  script: booth
  greeting: {root}/sounds/welcome.wav
  booth:
    questions: {root}/sounds/questions
    consent: {root}/sounds/consent.wav
    consent_version: "2026-1"
    listen_back: true
    thanks: {root}/sounds/thanks.wav
    codes: true
destinations:
  archive: {{backend: folder, path: {root}/archive}}
"""


def run(root: Path, real_audio: bool) -> bool:
    """One story. True where it arrived with everything that was said about it, and is gone after its withdrawal."""
    (root / "archive").mkdir()
    (root / "sounds/questions").mkdir(parents=True)
    write_notes(root / "sounds/welcome.wav", (523.25, 659.26))
    write_notes(root / "sounds/consent.wav", (440.0, 440.0))
    write_notes(root / "sounds/thanks.wav", (783.99, 523.25))
    for number, name in enumerate(("childhood", "first work"), start=1):
        write_notes(root / f"sounds/questions/{number} {name}.wav", (392.0 * number, 392.0))
    (root / "config.yaml").write_text(CONFIG.format(root=root))
    with daemon(root, "panel" if real_audio else "all") as process:
        return _perform(root, process)


def _perform(root: Path, process: "subprocess.Popen[str]") -> bool:
    do = partial(press, process)
    watcher = Watcher(root / "control.sock")
    do(HOOK, "somebody lifts the handset")
    watcher.moved("question")
    do(f"{DIAL}2", "dials 2: the second question")
    time.sleep(2.5)
    do(NEXT, "presses the button, to go on")
    watcher.moved("consent")
    do(f"{DIAL}1", "dials 1: yes")
    watcher.wait("TakeStarted")
    time.sleep(3)
    do(NEXT, "has told the story")
    watcher.moved("review")
    do(f"{DIAL}1", "has heard it, and keeps it")
    told = watcher.wait("WithdrawalCode")
    watcher.wait("DeliverySucceeded")
    do(HOOK, "hangs up")
    with Client(root / "control.sock") as client:
        entry = client.call("clips.show", clip=told["clip_id"])
        arrived = root / "archive" / Path(entry["path"]).name
        same = sha256(Path(entry["path"])) == sha256(arrived)
        console.print(f"         [bold]and withdraws it later, by the code {told['code']}[/]")
        proof = client.call("clips.withdraw", code=told["code"])
        left = client.call("clips.list")
    clip, fields = entry["clip"], entry["clip"]["fields"]
    consent = (fields.get("consent_version"), fields.get("consent_given"), bool(fields.get("consent_time")))
    checks = {
        "the story is in the archive, byte by byte": same,
        "question and consent are kept with it": (fields.get("question"), consent)
        == ("2 first work", ("2026-1", "pressed", True)),
        "withdrawn, it is deleted here and in the archive": left == [] and not arrived.exists(),
        "there is a proof of that": [copy["outcome"] for copy in proof["copies"]] == ["deleted"],
    }
    console.print(f"The story: {clip['name']}.wav, {duration(clip['frames'] / clip['format']['rate'])}")
    return all_good(checks)

"""A message box as a process of its own: what it answers, and to whom."""

import signal

import numpy as np
import pytest
import soundfile

from tests.e2e.conftest import Box

CONFIG = """\
device: {{name: kitchen}}
panel: {{buttons: {{17: message.hear, 27: message.answer}}}}
storage: {{directory: {root}/state}}
control: {{socket: {root}/control.sock}}
flow: message_box
feeds:
  family: {{backend: folder, path: {root}/from-the-family, settle: 0s, reply_to: family}}
destinations:
  family: {{backend: folder, path: {root}/to-the-family}}
  diary: {{backend: folder, path: {root}/diary}}
"""


@pytest.mark.slow
def test_an_answer_goes_to_whom_it_answers_also_after_the_power_was_cut(box: Box) -> None:
    (box.root / "from-the-family").mkdir()
    soundfile.write(box.root / "from-the-family/a song.wav", np.zeros(4800, "int16"), 48_000)
    box.config.write_text(CONFIG.format(root=box.root))
    box.start()
    box.call("feeds.pull")
    box.until(lambda: box.status()["unheard"] == 1)
    box.press("1")
    box.until(lambda: box.status()["unheard"] == 0 and (box.state / "heard.json").exists())
    box.signal(signal.SIGKILL)
    box.start()
    box.press("2")
    box.until(lambda: (box.status()["take"] or {"seconds": 0})["seconds"] >= 0.6)
    box.press("2")
    box.until(lambda: box.clips() and box.clips()[0]["deliveries"] and box.delivered())
    [entry] = box.clips()
    assert [each["destination"] for each in entry["deliveries"]] == ["family"]
    assert entry["clip"]["fields"]["title"] == "answer to a song"

"""A whole box that encrypts what it sends: nothing else reaches any destination."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from appliance.control.client import Client

if TYPE_CHECKING:
    from tests.e2e.conftest import Box


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("age"), reason="Debian's age is not installed")
def test_only_what_is_encrypted_leaves_the_box(box: Box) -> None:
    key, flacs = box.root / "key", box.root / "flacs"
    subprocess.run(["age-keygen", "-o", key], check=True, capture_output=True)
    public = subprocess.run(["age-keygen", "-y", key], check=True, capture_output=True, text=True).stdout.strip()
    text = box.config.read_text().replace("storage: {", f"storage: {{encrypt_to: [{public}], ")
    box.config.write_text(f"{text}  flacs: {{backend: folder, path: {flacs}, deliver_as: flac, sidecar: true}}\n")
    box.start()
    clip = box.record(0.6)
    box.call("clips.title", clip=clip["id"], title="Anna")
    box.until(box.delivered)
    (sent,) = box.shelf.iterdir()
    assert sent.name == f"{clip['name']}.wav.age"
    wanted = (box.state / "clips" / f"{clip['name']}.wav").read_bytes()
    assert subprocess.run(["age", "-d", "-i", key, sent], check=True, capture_output=True).stdout == wanted
    names = sorted(path.name for path in flacs.iterdir())
    assert names == [f"{clip['name']}.flac.age", f"{clip['name']}.json"]
    for path in (*box.shelf.iterdir(), *flacs.iterdir()):
        content = path.read_bytes()
        assert b"fLaC" not in content and b"RIFF" not in content and b"Anna" not in content
    with Client(box.socket) as client:
        assert [each["receipt"]["verified"] for entry in client.call("clips.list") for each in entry["deliveries"]]


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("age"), reason="Debian's age is not installed")
def test_only_what_is_encrypted_stays_on_the_card(box: Box) -> None:
    key = box.root / "key"
    subprocess.run(["age-keygen", "-o", key], check=True, capture_output=True)
    public = subprocess.run(["age-keygen", "-y", key], check=True, capture_output=True, text=True).stdout.strip()
    safe = f"storage: {{encrypt_to: [{public}], keep_encrypted: true, "
    box.config.write_text(box.config.read_text().replace("storage: {", safe))
    box.start()
    clip = box.record(0.6)
    kept = box.state / "clips" / f"{clip['name']}.wav.age"
    box.until(lambda: kept.exists() and not kept.with_suffix("").exists())
    box.until(box.delivered)
    opened = subprocess.run(["age", "-d", "-i", key, kept], check=True, capture_output=True).stdout
    assert len(opened) == clip["size"] and opened[:4] == b"RIFF"
    assert [each["path"] for each in box.call("clips.list")] == [str(kept)]
    assert box.call("status")["faults"] == []

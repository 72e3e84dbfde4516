"""What a person said of a take, read back wherever it was sent: by a web server, by S3, in files and beside them."""

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import mutagen
import pytest
from wavinfo import WavInfoReader

from tests.plugins.receiver import Receiver, Reply
from tests.plugins.s3.conftest import ACCESS_KEY, BUCKET, SECRET_KEY, S3Server, make_weed, running
from tests.project.test_schema import SCHEMA, fits

Box = Any  # tests/e2e/conftest.py is not importable

CONFIG = """\
  form:
    backend: http
    url: {form}
    fields:
      speaker: "{{fields.speaker}}"
      ok: "{{fields.consent}}"
      row: "{{fields.row}}"
      none: "{{fields.room}}"
      all: "{{metadata}}"
  place: {{backend: http, method: PUT, url: "{put}/{{fields.speaker}}/{{id}}", sidecar: true}}
  cloud:
    backend: s3
    bucket: {bucket}
    prefix: {prefix}/
    endpoint_url: http://127.0.0.1:{port}
    access_key: {access}
    secret_key: {secret}
  flac: {{backend: folder, path: {root}/flac, deliver_as: flac}}
  opus: {{backend: folder, path: {root}/opus, deliver_as: opus}}
  mp3: {{backend: folder, path: {root}/mp3, deliver_as: mp3}}
  bwf: {{backend: folder, path: {root}/bwf, deliver_as: bwf, sidecar: true, name: "{{fields.speaker}} {{fields.row}}"}}
recording:
  fields: {{speaker: text, consent: yes_no, row: number, room: {{choices: [hall, studio]}}}}
"""
SPEAKER = '"Ada" <Lö\'we> & 日本\n--x; ../%41{id}\n=?'


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def shelf() -> Iterator[Receiver]:
    """Takes whatever is put there."""
    shelf = Receiver(always=Reply(201))
    yield shelf
    shelf.close()


@pytest.fixture
def weed(tmp_path: Path) -> Iterator[S3Server]:
    yield from running(make_weed(tmp_path / "weed"))


@pytest.mark.slow
def test_whatever_was_said_is_read_back_everywhere(
    box: Box, receiver: Receiver, shelf: Receiver, weed: S3Server
) -> None:
    more = CONFIG.format(
        form=receiver.url("/form"),
        put=shelf.url("/put"),
        bucket=BUCKET,
        prefix=box.root.name,
        port=weed.port,
        access=ACCESS_KEY,
        secret=SECRET_KEY,
        root=box.root,
    )
    box.config.write_text(box.config.read_text() + more)
    box.start()
    said = ("--field", f"speaker={SPEAKER}", "--field", "consent=no", "--field", "row=-2.50")
    box.cli("record", "start", *said)
    box.until(lambda: (box.status()["take"] or {"seconds": 0})["seconds"] >= 1.2)
    clip = box.call("record.stop")["clip"]
    fields = {"speaker": SPEAKER, "consent": False, "row": -2.5}
    assert clip["fields"] == fields
    box.until(box.delivered, 60)

    [form] = [seen for seen in receiver.seen if seen.path == "/form"]
    told = {part.name: part.content.decode() for part in form.parts if part.file_name is None}
    everything = json.loads(told.pop("all"))
    assert told == {"speaker": SPEAKER, "ok": "no", "row": "-2.5", "none": ""}
    assert everything["fields"] == fields and fits(everything, SCHEMA)

    put = [seen for seen in shelf.seen if seen.method == "PUT"]
    assert [unquote(seen.path) for seen in put] == [f"/put/{SPEAKER}/{clip['id']}", f"/put/{SPEAKER}/{clip['id']}.json"]
    assert all(seen.path.count("/") == 3 and "?" not in seen.path for seen in put), "nothing leaves its place"
    assert json.loads(put[1].body)["fields"] == fields

    [key] = [key for key in weed.listing() if key.startswith(box.root.name) and key.endswith(".wav")]
    kept = weed.client().head_object(Bucket=BUCKET, Key=key)["Metadata"]
    assert unquote(kept["field-speaker"]) == SPEAKER
    assert (kept["field-consent"], kept["field-row"]) == ("no", "-2.5") and "field-room" not in kept

    for kind in ("flac", "opus"):
        [path] = (box.root / kind).iterdir()
        tags = mutagen.File(path).tags
        assert (tags["speaker"], tags["consent"], tags["row"]) == ([SPEAKER], ["no"], ["-2.5"])
    [path] = (box.root / "mp3").iterdir()
    tags = mutagen.File(path).tags
    assert (str(tags["TPE1"]), str(tags["TXXX:CONSENT"])) == (SPEAKER, "no")
    [path] = (box.root / "bwf").glob("*.wav")
    assert f"SPEAKER={SPEAKER}" in ElementTree.fromstring(WavInfoReader(str(path)).ixml.source).findtext("USER", "")
    assert path.parent == box.root / "bwf" and path.name.endswith(f" -2.5_{clip['id']}.bwf.wav")
    assert json.loads(next((box.root / "bwf").glob("*.json")).read_text())["fields"] == fields

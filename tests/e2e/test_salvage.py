"""Whatever has become of the configuration, or lies in the state directory: the box starts, records, and says what is
wrong."""

import os
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import CONFIG, Box


def faults(box: Box) -> dict[str, Any]:
    return {fault["name"]: fault for fault in box.status()["faults"]}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("more", "name", "words"),
    [
        ("  office: {{backend: nothere}}\n", "delivery:office", "nothere"),
        (
            "  office: {{backend: http, url: 'https://x.org/', auth: {{bearer: !secret gone}}}}\n",
            "delivery:office",
            "gone",
        ),
        ("  office: {{backend: http, url: 'https://x.org/', expect: [301]}}\n", "delivery:office", "301"),
        ("feeds: {{news: {{urls: [example]}}}}\n", "left_out:feeds.news", "example"),
        ("heartbeat: {{url: !env NOT_SET}}\n", "left_out:services.heartbeat", "NOT_SET"),
        ("services: {{lobby: {{service: nothere}}}}\n", "left_out:services.lobby", "nothere"),
        ("disabled_plugins: 7\n", "left_out:disabled_plugins", "found 7"),
    ],
)
def test_what_recording_does_not_need_is_left_out_and_told(more: str, name: str, words: str, box: Box) -> None:
    box.config.write_text((CONFIG + more).format(root=box.root))
    box.start()
    assert words in faults(box)[name]["message"]
    box.record(0.6)
    box.until(lambda: any(each["state"] == "delivered" for each in box.clips()[0]["deliveries"]))
    states = {each["destination"]: each["state"] for each in box.clips()[0]["deliveries"]}
    assert states == {"shelf": "delivered"} | ({"office": "pending"} if "office" in more else {})
    assert "Traceback" not in box.log.read_text()


@pytest.mark.slow
def test_a_pin_that_makes_no_sense_leaves_the_others(box: Box) -> None:
    box.config.write_text(CONFIG.format(root=box.root).replace("27: record.pause_toggle", "99: record.pause_toggle"))
    box.start()
    assert "99" in faults(box)["left_out:panel.buttons.99"]["message"]
    box.press("1")
    box.until(lambda: box.status()["recorder"] == "recording")


@pytest.mark.slow
@pytest.mark.parametrize("spoilt", ["", "device: [\n", "audio: {capture: {rate: fast}}\n", "\0", None], ids=repr)
def test_a_file_that_is_broken_as_such_gives_way_to_the_last_one_used(
    spoilt: str | None, box: Box, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    box.start(STATE_DIRECTORY=str(kept))
    box.until(lambda: any(kept.iterdir()))
    box.end()
    if spoilt is None:
        box.config.unlink()
    else:
        box.config.write_text(spoilt)
    box.start(STATE_DIRECTORY=str(kept))
    fault = faults(box)["configuration"]
    assert fault["urgent"] and str(box.config) in fault["message"]
    assert box.record(0.6)
    box.config.write_text(CONFIG.format(root=box.root))
    box.cli("config", "reload")
    box.until(lambda: "configuration" not in faults(box))


@pytest.mark.slow
@pytest.mark.parametrize(
    "spoilt",
    ["audio: {{capture: {{rate: fast}}}}\n", "recordng: {{}}\n", "device: {{name: twice}}\n"],
)
def test_without_one_to_go_back_to_the_rest_is_used(spoilt: str, box: Box) -> None:
    box.config.write_text((CONFIG + spoilt).format(root=box.root))
    box.start()
    name = spoilt.partition(":")[0]
    fault = faults(box)["configuration"]
    assert fault["urgent"] and name in fault["message"]
    assert any(name in word for word in faults(box) if word.startswith("left_out:"))
    box.press("1")
    box.until(lambda: box.status()["recorder"] == "recording")


@pytest.mark.slow
@pytest.mark.parametrize("spoilt", ["", "# nothing\n\n", "\0" * 300, "device: [\n", None], ids=repr)
def test_a_service_without_any_configuration_records_by_the_defaults(
    spoilt: str | None, box: Box, tmp_path: Path
) -> None:
    state = tmp_path / "state-of-the-unit"
    if spoilt is None:
        box.config.unlink()
    else:
        box.config.write_text(spoilt)
    box.start(STATE_DIRECTORY=str(state), RUNTIME_DIRECTORY=str(box.root))
    fault = faults(box)["configuration"]
    assert fault["urgent"] and str(box.config) in fault["message"] and str(state) in fault["message"]
    box.call("record.start")
    box.call("record.stop")
    box.until(lambda: len(list((state / "clips").glob("*.wav"))) == 1)
    box.config.write_text(CONFIG.format(root=box.root))
    box.cli("config", "reload")
    box.until(lambda: "configuration" not in faults(box))


@pytest.mark.slow
def test_whoever_starts_it_by_hand_reads_that_nothing_can_be_read(box: Box) -> None:
    box.config.write_text("device: [\n")
    assert box.spawn().wait(20) == 3
    assert "not valid YAML" in box.log.read_text()


@pytest.mark.slow
def test_without_a_service_the_last_one_lies_beside_the_file_for_its_owner_alone(box: Box) -> None:
    box.start()
    kept = box.config.with_name(".config.yaml.last-used")
    box.until(kept.exists)
    assert kept.stat().st_mode & 0o777 == 0o600
    box.end()
    box.config.write_text("")
    box.start()
    assert "the last one that could be goes on" in faults(box)["configuration"]["message"]


@pytest.mark.slow
def test_a_control_socket_that_cannot_be_made_is_a_fault_and_no_end(box: Box) -> None:
    (box.root / "file").write_text("")
    box.config.write_text(CONFIG.format(root=box.root).replace("/control.sock", "/file/control.sock"))
    process = box.spawn()
    box.until(lambda: "control socket" in box.log.read_text() and "ready" in box.log.read_text())
    assert process.poll() is None
    process.kill()
    process.wait()


@pytest.mark.slow
def test_what_lies_in_its_folders_keeps_no_box_from_starting(box: Box) -> None:
    box.start()
    clip = box.record(0.6)
    box.until(box.delivered)
    box.end()
    (box.state / "inbox").rmdir()
    (box.state / "inbox").symlink_to("/nonexistent")
    (box.state / "catalogue.db").unlink()
    (box.state / "catalogue.db").mkdir()
    (box.state / "clips" / os.fsdecode(b"caf\xe9.wav")).write_bytes(b"RIFF")
    (box.state / "takes" / "left").mkdir()
    os.mkfifo(box.state / "takes" / "left" / "journal.jsonl")
    box.start()
    box.until(lambda: "quarantine" in faults(box))
    second = box.record(0.6)
    assert [entry["clip"]["id"] for entry in box.clips()] == [second["id"], clip["id"]]
    box.until(box.delivered)
    box.cli("status")
    assert "Traceback" not in box.log.read_text()

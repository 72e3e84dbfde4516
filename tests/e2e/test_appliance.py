"""The whole appliance as its users meet it: real processes, real signals, real files."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import wave
from pathlib import Path
from typing import Any

import pytest

from appliance.errors import AudioError, Refused
from appliance.models import AudioFormat
from appliance.simulation.sound import SPEECH, stretches

Box = Any  # tests/e2e/conftest.py is not importable


@pytest.mark.slow
def test_from_button_to_destination(box: Box) -> None:
    box.start()
    box.press("1")
    box.until(lambda: box.status()["take"] and box.status()["take"]["seconds"] >= 0.7)
    box.press("1")
    box.until(box.delivered)
    entry = box.clips()[0]
    clip, path = entry["clip"], Path(entry["path"])
    assert clip["verdict"] == "ok" and clip["gaps"] == [] and clip["frames"] > 0.6 * 48_000
    assert (box.shelf / path.name).read_bytes() == path.read_bytes()
    assert entry["deliveries"][0]["receipt"]["verified"]
    with wave.open(str(path)) as audio:
        assert (audio.getframerate(), audio.getnchannels(), audio.getnframes()) == (48_000, 1, clip["frames"])


@pytest.mark.slow
def test_sigterm_in_mid_take_keeps_the_take(box: Box) -> None:
    box.start()
    box.call("record.start")
    box.until(lambda: box.status()["take"]["seconds"] >= 0.5)
    begun = time.monotonic()
    assert box.signal(signal.SIGTERM) == 0
    assert time.monotonic() - begun < 5
    assert len(list((box.state / "clips").glob("*.wav"))) == 1
    assert list((box.state / "takes").iterdir()) == []
    box.start()
    assert [entry["clip"]["recovered"] for entry in box.clips()] == [False]
    box.until(box.delivered)


@pytest.mark.slow
def test_sigkill_in_mid_take_costs_at_most_the_last_second(box: Box) -> None:
    box.start()
    box.call("record.start")
    box.until(lambda: box.status()["take"]["seconds"] >= 1.5)
    seconds = box.status()["take"]["seconds"]
    box.signal(signal.SIGKILL)
    box.start()
    (entry,) = box.clips()
    assert entry["clip"]["recovered"]
    assert entry["clip"]["frames"] / 48_000 > seconds - 1.0
    box.until(box.delivered)


@pytest.mark.slow
def test_a_second_daemon_is_refused_by_name_and_process(box: Box) -> None:
    box.start()
    other = box.spawn()
    assert other.wait(20) == 5
    last = box.log.read_text().splitlines()[-1]
    assert str(box.process.pid) in last and str(box.state) in last
    assert box.status()["recorder"] == "idle"


@pytest.mark.slow
def test_systemd_hears_ready_watchdog_and_stopping(box: Box, systemd: socket.socket) -> None:
    box.start(NOTIFY_SOCKET=systemd.getsockname(), WATCHDOG_USEC="300000")
    heard = [systemd.recv(1000).decode() for _ in range(5)]
    assert heard[0].startswith("READY=1") or heard[1].startswith("READY=1")
    assert heard.count("WATCHDOG=1") >= 3
    box.process.send_signal(signal.SIGTERM)
    while systemd.recv(1000) != b"STOPPING=1":
        pass
    assert box.process.wait(10) == 0


@pytest.mark.slow
def test_the_command_line_records(box: Box) -> None:
    box.start()
    assert box.cli("record", "start").stdout.startswith("recording box_")
    assert "recording" in box.cli("status").stdout
    assert "a take is in progress" in box.cli("record", "start", code=6).stderr
    assert box.cli("record", "pause").stdout == "paused\n"
    assert box.cli("record", "resume").stdout == "recording\n"
    assert box.cli("record", "mark").stdout.startswith("mark set at ")
    assert "is safe" in box.cli("record", "stop").stdout
    assert "no take is in progress" in box.cli("record", "stop", code=6).stderr
    box.cli("record", "start")
    box.cli("record", "discard")
    assert len(box.clips()) == 1
    (mark,) = box.clips()[0]["clip"]["marks"]
    assert mark["offset"] > 0


@pytest.mark.slow
def test_the_command_line_keeps_clips(box: Box) -> None:
    box.start()
    clip = box.record(0.6)
    box.until(box.delivered)
    listed = box.cli("clips", "list")
    assert clip["id"] in listed.stdout and "delivered" in listed.stdout
    assert json.loads(box.cli("clips", "list", "--json").stdout)[0]["clip"] == clip
    assert "sha256" in box.cli("clips", "show", clip["id"][:5]).stdout
    assert "no clips" in box.cli("clips", "list", "--until", "1d").stdout
    target = box.root / "export"
    assert box.cli("clips", "export", "--since", "1h", "--to", str(target)).stdout.startswith("1 clip copied")
    assert (target / f"{clip['name']}.wav").stat().st_size == clip["size"]
    assert (target / f"{clip['name']}.json").exists()
    assert box.cli("clips", "export", "--to", str(target)).stdout.startswith("0 clips copied")
    assert "0 clips queued" in box.cli("clips", "deliver", "--all", "--to", "shelf").stdout
    assert "nowhere" in box.cli("clips", "deliver", "--all", "--to", "nowhere", code=7).stderr
    box.cli("clips", "deliver", "--to", "shelf", code=2)
    assert "0 deliveries" in box.cli("clips", "retry").stdout
    assert "nowhere" in box.cli("clips", "retry", "--to", "nowhere", code=7).stderr
    assert "stopped: Not a directory" in box.cli("clips", "export", "--to", "/dev/null/x", code=9).stderr
    box.cli("clips", "show", "zzzz", code=7)
    assert "too little" in box.cli("clips", "delete", "--yes", clip["id"][:5], code=2).stderr
    assert "has arrived at shelf" in box.cli("clips", "delete", "--yes", clip["id"][:6]).stdout
    assert box.clips() == [] and list((box.state / "clips").glob("*.wav")) == []
    assert clip["name"] in box.cli("clips", "trash").stdout and "trash" in box.cli("clips", "show", clip["id"]).stdout
    assert "is back" in box.cli("clips", "restore", clip["id"]).stdout and len(box.clips()) == 1
    assert "deleted for good" in box.cli("clips", "delete", "--now", "--yes", clip["id"]).stdout
    assert "empty" in box.cli("clips", "trash").stdout and box.clips() == []
    assert (box.shelf / f"{clip['name']}.wav").exists()


@pytest.mark.slow
def test_the_command_line_looks_again_at_what_arrived(box: Box) -> None:
    box.start()
    first, second = box.record(0.6), box.record(0.6)
    box.until(box.delivered)
    assert "2 copies: 2 ok" in box.cli("clips", "verify", "--all", "--to", "shelf").stdout
    (box.shelf / f"{first['name']}.wav").unlink()
    done = box.cli("clips", "verify", first["id"], second["id"], code=11)
    assert "missing" in done.stdout and "1 of 2 copies" in done.stderr
    assert "sent again" in box.cli("clips", "verify", "--all", "--resend", code=11).stdout
    box.until(box.delivered)
    (checked, _) = map(json.loads, box.cli("clips", "verify", "--all", "--json").stdout.splitlines())
    assert (checked["found"], checked["clip_id"], checked["destination"]) == ("ok", first["id"], "shelf")
    box.cli("clips", "verify", code=2)
    box.cli("clips", "verify", "--all", "--to", "nowhere", code=7)


@pytest.mark.slow
def test_the_command_line_shows_what_is_being_sent(box: Box) -> None:
    box.config.write_text(box.config.read_text().replace("backend: folder,", "backend: folder, rate_limit: 10kB,"))
    box.start()
    clip = box.record(1.0)
    box.until(lambda: (box.clips()[0]["deliveries"][0]["progress"] or {"sent": 0})["sent"])
    assert "100%" in box.cli("clips", "list").stdout
    assert "sending 100%" in box.cli("clips", "show", clip["id"]).stdout
    box.cli("clips", "delete", "--yes", clip["id"])


@pytest.mark.slow
def test_the_command_line_plays(box: Box) -> None:
    box.start()
    assert "nothing was recorded" in box.cli("play", "recording", code=7).stderr
    clip = box.record(0.6)
    assert clip["name"] in box.cli("play", "recording").stdout
    path = box.state / "clips" / f"{clip['name']}.wav"
    assert path.name in box.cli("play", str(path)).stdout
    speech = SPEECH
    box.cli("play", str(speech))
    box.cli("player", "pause")
    box.cli("player", "seek", "0.5")
    box.cli("player", "resume")
    box.cli("player", "volume", "40")
    box.cli("player", "stop")
    assert "nothing is playing" in box.cli("player", "stop", code=6).stderr
    box.cli("play", str(speech))
    status = box.status()
    assert (status["player"], status["volume"]) == ("playing", 40)
    (box.root / "noise.wav").write_bytes(b"not sound at all")
    assert "noise.wav" in box.cli("play", str(box.root / "noise.wav"), code=8).stderr
    box.cli("play", "/nowhere.wav", code=7)
    assert box.status()["ok"], "a wrong file is no fault of the box"
    box.cli("player", "volume", "140", code=2)


@pytest.mark.slow
def test_a_message_from_afar_is_pulled_and_played(box: Box, web: str) -> None:
    box.config.write_text(box.config.read_text() + f'feeds: {{news: {{urls: ["{web}/speech.flac"], every: 1h}}}}\n')
    box.start()
    box.until(lambda: box.status()["unheard"] == 1)
    assert json.loads(box.cli("feeds", "pull", "--json").stdout) == {"pulling": ["news"]}
    assert "speech" in box.cli("feeds", "list").stdout
    box.cli("play", "next")
    box.until(lambda: box.status()["unheard"] == 0)
    assert "speech" in box.cli("play", f"{web}/speech.flac").stdout
    assert "refuses the connection" in box.cli("play", "http://127.0.0.1:1/absent.flac", code=11).stderr
    assert "makes no sense" in box.cli("play", "http://[::1", code=7).stderr


@pytest.mark.slow
def test_recording_takes_over_from_the_player(box: Box) -> None:
    box.start()
    box.call("play", source=str(SPEECH))
    box.call("record.start")
    assert box.status()["player"] == "stopped"
    with pytest.raises(Refused):
        box.call("play", source="latest")
    box.call("record.stop")


@pytest.mark.slow
def test_devices_and_plugins(box: Box) -> None:
    brings = ("upload-folder", "upload-http", "upload-s3", "upload-rclone", "download", "heartbeat")
    without_daemon = box.cli("plugins").stdout
    box.cli("devices")
    box.start()
    with_daemon = box.cli("plugins").stdout
    for name in brings:
        assert name in without_daemon and name in with_daemon
    assert "simulated" in box.cli("devices").stdout.lower()


def test_without_a_daemon_the_command_line_says_what_to_do(box: Box) -> None:
    assert "systemctl start appliance" in box.cli("status", code=4).stderr
    box.cli("fly", code=2)


@pytest.mark.slow
def test_events_can_be_followed(box: Box) -> None:
    box.start()
    command = [sys.executable, "-m", "appliance", "--socket", str(box.socket), "events", "--json"]
    with (box.root / "events").open("w") as output, subprocess.Popen(command, stdout=output) as follower:
        box.until(lambda: _follows(box))
        box.record(0.6)
        box.until(lambda: any(event["event"] == "DeliverySucceeded" for event in box.events()))
        follower.terminate()
    told = [event["event"] for event in box.events()]
    story = ["TakeStarted", "TakeSealed", "ClipFinished", "DeliveryStarted", "DeliverySucceeded"]
    assert [name for name in told if name in story] == story


def _follows(box: Box) -> bool:
    """Whether the follower is there: it hears a volume change."""
    box.call("player.volume", percent=50)
    return bool((box.root / "events").read_text())


@pytest.mark.slow
def test_without_sound_card_and_pins_the_box_says_so_and_lives(box: Box) -> None:
    """This is a machine without either: the real ALSA and the real GPIO library say so."""
    if any(Path("/dev").glob("gpiochip*")) or any(Path("/dev/snd").glob("pcm*")):
        pytest.skip("this machine has sound or GPIO hardware")
    box.start("--verbose")
    faults = {fault["name"]: fault for fault in box.status()["faults"]}
    assert faults["microphone"]["urgent"] and "panel" in faults
    assert "Plug one in" in box.cli("record", "start", code=AudioError.exit_code).stderr
    assert "Plug one in" in box.cli("play", str(SPEECH), code=AudioError.exit_code).stderr
    assert "fault" in box.cli("status").stdout
    assert box.signal(signal.SIGTERM) == 0


@pytest.mark.slow
def test_real_libasound_from_card_to_destination(box: Box, test_card: Path) -> None:
    """Recorded through alsa-lib from the test card, whose signal numbers its frames: not one is missing."""
    device = f"testcard:{test_card}"
    box.config.write_text(
        box.config.read_text() + f'audio: {{capture: {{device: "{device}"}}, playback: {{device: "{device}"}}}}\n'
    )
    box.start("--simulate", "panel", ALSA_CONFIG_PATH=os.environ["ALSA_CONFIG_PATH"])
    clip = box.record(1.5)
    box.until(box.delivered)
    with wave.open(str(box.shelf / f"{clip['name']}.wav")) as audio:
        data = audio.readframes(audio.getnframes())
    (sound,) = stretches(data, AudioFormat())
    assert sound.frames == clip["frames"] > 48_000 and clip["gaps"] == []

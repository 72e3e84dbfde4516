"""What is asked of the player by the command line, heard at the speaker of a real daemon."""

import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from appliance.errors import ApplianceError

Box = Any  # tests/e2e/conftest.py is not importable

RATE = 48_000
RAMP = 960
RING = RATE


def sound(path: Path, seconds: float, seed: int = 1) -> NDArray[np.int16]:
    """Noise that tells every frame from every other, in a WAV file."""
    samples = np.random.default_rng(seed).integers(-9000, 9000, round(seconds * RATE), dtype=np.int16)
    soundfile.write(path, samples, RATE)
    return samples


def heard(card: Path) -> NDArray[np.int16]:
    """The left channel of all that the speaker has played."""
    played = card / "played.raw"
    return np.frombuffer(played.read_bytes() if played.exists() else b"", "<i2")[::2]


def sounded(card: Path) -> int:
    """Frames that have sounded, even if the player takes back all that it handed over ahead."""
    return len(heard(card)) - RING


def place(needle: NDArray[np.int16], hay: NDArray[np.int16]) -> int:
    """Where the very samples of `needle` begin in `hay`."""
    for at in np.flatnonzero(hay[: len(hay) - len(needle) + 1] == needle[0]):
        if np.array_equal(hay[at : at + len(needle)], needle):
            return int(at)
    raise AssertionError("it did not sound")


def is_over(box: Box) -> bool:
    return bool(box.status()["player"] == "stopped")


@pytest.mark.slow
def test_it_starts_where_one_wants_and_skips(loud: Box, test_card: Path, tmp_path: Path) -> None:
    samples = sound(tmp_path / "a.wav", 60)
    loud.cli("play", str(tmp_path / "a.wav"), "--start-at", "0:20.5")
    loud.until(lambda: sounded(test_card) > RATE)
    loud.cli("player", "skip", "-15")
    loud.until(lambda: loud.status()["playback"]["position"] < 10)
    loud.cli("player", "seek", "59.5")
    loud.until(lambda: is_over(loud))
    played = heard(test_card)
    first = round(20.5 * RATE) + RAMP
    assert place(samples[first : first + RATE // 2], played) == RAMP
    last = samples[round(59.5 * RATE) + RAMP :]
    assert place(last, played) > RATE


@pytest.mark.slow
def test_a_loop_at_twice_the_speed_sounds_until_it_is_stopped(loud: Box, test_card: Path, tmp_path: Path) -> None:
    times = np.arange(RATE) / RATE
    soundfile.write(tmp_path / "tone.flac", 0.4 * np.sin(2 * np.pi * 440 * times), RATE)
    assert loud.cli("player", "rate", "2").stdout == "playing at 2 times the speed\n"
    loud.cli("play", str(tmp_path / "tone.flac"), "--loop")
    loud.until(lambda: sounded(test_card) > 2 * RATE)
    assert loud.status()["rate"] == 2.0 and loud.status()["player"] == "playing"
    loud.cli("player", "stop")
    played = heard(test_card)[: 2 * RATE].astype(float)
    spectrum = np.abs(np.fft.rfft(played * np.hanning(len(played))))
    assert spectrum.argmax() * RATE / len(played) == pytest.approx(440, abs=1)
    assert 20 * np.log10(played.std() / 32768 / (0.4 / np.sqrt(2))) == pytest.approx(0, abs=0.5)
    assert np.abs(np.diff(played)).max() < 0.4 * 32768 * 2 * np.pi * 440 / RATE * 1.3


@pytest.mark.slow
def test_a_speaker_that_is_unplugged_is_told_and_the_sound_goes_on(loud: Box, test_card: Path, tmp_path: Path) -> None:
    samples = sound(tmp_path / "a.wav", 3)
    loud.cli("play", str(tmp_path / "a.wav"))
    loud.until(lambda: len(heard(test_card)) > RATE)
    (test_card / "unplugged").touch()
    loud.until(lambda: (loud.status()["playback"] or {}).get("waits"))
    assert "was unplugged" in loud.status()["playback"]["waits"]
    assert any(fault["name"] == "playback" for fault in loud.status()["faults"])
    before = len(heard(test_card))
    (test_card / "unplugged").unlink()
    loud.until(lambda: is_over(loud))
    assert not any(fault["name"] == "playback" for fault in loud.status()["faults"])
    played = heard(test_card)
    place(samples[before + 2 * RAMP :], played[before:])


@pytest.mark.slow
def test_who_asks_a_message_box_is_told_what_came_of_it(box: Box, test_card: Path, tmp_path: Path) -> None:
    folder, device = tmp_path / "family", f"testcard:{test_card}"
    folder.mkdir()
    box.config.write_text(
        box.config.read_text()
        + f'audio: {{capture: {{device: "{device}"}}, playback: {{device: "{device}"}}}}\nflow: message_box\n'
        + f"feeds: {{family: {{backend: folder, path: {folder}, settle: 0s}}}}\n"
    )
    box.start("--simulate", "panel", ALSA_CONFIG_PATH=os.environ["ALSA_CONFIG_PATH"])
    assert "message" in box.cli("message", "hear", code=7).stderr
    sound(folder / "hello.wav", 30)
    box.cli("feeds", "pull")
    box.until(lambda: box.status()["unheard"] == 1)
    assert "playing hello, 30" in box.cli("message", "hear").stdout
    assert "playback is at 0.0 s" in box.cli("message", "hear").stdout, "once more from its beginning"
    assert box.cli("message", "answer").stdout == "flow: tone\n"
    box.until(lambda: box.status()["recorder"] == "recording")
    assert box.cli("message", "answer").stdout == "flow: idle\n"


@pytest.mark.slow
def test_a_book_is_heard_without_gaps_and_goes_on_after_a_restart(loud: Box, test_card: Path, tmp_path: Path) -> None:
    book = tmp_path / "book"
    book.mkdir()
    whole = sound(tmp_path / "whole.wav", 12)
    for number, begin in ((10, 6), (2, 1), (1, 0)):
        end = {1: 1, 2: 6, 10: 12}[number]
        soundfile.write(book / f"chapter {number}.flac", whole[begin * RATE : end * RATE], RATE)
    assert "of 3 tracks" in loud.cli("playlist", "add", str(book)).stdout
    assert "over and over" in loud.cli("playlist", "repeat", "all").stdout
    assert "1 of 3 tracks, chapter 1.flac; played once" in loud.cli("playlist", "repeat", "off").stdout
    loud.cli("playlist", "play")
    loud.until(lambda: len(heard(test_card)) > 3.5 * RATE)
    assert "> 2. chapter 2.flac" in loud.cli("playlist", "list").stdout
    assert np.array_equal(heard(test_card)[: 3 * RATE], whole[: 3 * RATE])
    loud.signal(signal.SIGTERM)
    before = len(heard(test_card))
    loud.start("--simulate", "panel", ALSA_CONFIG_PATH=os.environ["ALSA_CONFIG_PATH"])
    loud.cli("playlist", "play")
    loud.until(lambda: len(heard(test_card)) > before and is_over(loud), 30)
    played = heard(test_card)[before:]
    at = place(played[RAMP : 2 * RAMP], whole) - RAMP
    assert 2 * RATE < at <= before
    assert np.array_equal(played[RAMP : len(whole) - at], whole[at + RAMP :])


@pytest.mark.slow
@pytest.mark.parametrize(("loud", "factor"), [("duck", 0.1), ("allow", 1.0), ("refuse", 0.0)], indirect=["loud"])
def test_what_plays_while_it_records(loud: Box, factor: float, test_card: Path, tmp_path: Path) -> None:
    samples = sound(tmp_path / "a.wav", 20)
    loud.cli("play", str(tmp_path / "a.wav"))
    loud.until(lambda: len(heard(test_card)) > RATE)
    loud.cli("record", "start")
    if not factor:
        loud.until(lambda: is_over(loud))
    began = len(heard(test_card)) + RATE // 2
    if factor:
        loud.until(lambda: len(heard(test_card)) > began + RATE)
        given = samples[began : began + RATE].astype(float)
        assert np.abs(heard(test_card)[began : began + RATE] - factor * given).max() <= 1
    assert loud.status()["recorder"] == "recording"
    loud.until(lambda: loud.status()["take"]["seconds"] > 1)
    loud.cli("record", "stop")
    if factor:
        after = len(heard(test_card)) + RATE // 2
        loud.until(lambda: len(heard(test_card)) > after + RATE // 2)
        assert np.array_equal(heard(test_card)[after : after + RATE // 4], samples[after : after + RATE // 4])
    loud.until(lambda: " ok " in loud.cli("clips", "list").stdout)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["list.m3u", "feed"])
def test_a_url_is_played_whatever_it_leads_to(name: str, loud: Box, site: tuple[str, Path], test_card: Path) -> None:
    url, folder = site
    samples = sound(folder / "a.wav", 1)
    soundfile.write(folder / "old.wav", samples[::-1], RATE)
    (folder / "list.m3u").write_text("#EXTM3U\na.wav\nold.wav\n")
    items = "".join(
        f"<item><title>{file}</title><guid>{file}</guid><pubDate>Mon, {day} Feb 2026 12:00:00 GMT</pubDate>"
        f'<enclosure url="{file}" type="audio/wav" length="1"/></item>'
        for file, day in (("old.wav", "02"), ("a.wav", "09"))
    )
    for feed in ("show.rss", "feed"):
        (folder / feed).write_text(f'<?xml version="1.0"?><rss version="2.0"><channel>{items}</channel></rss>')
    loud.cli("play", f"{url}/{name}")
    loud.until(lambda: len(heard(test_card)) >= len(samples) and is_over(loud))
    assert np.array_equal(heard(test_card)[: len(samples)], samples)


@pytest.mark.slow
def test_the_day_is_said_before_a_recording(
    box: Box, test_card: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    voice = sound(tmp_path / "voice.wav", 0.5, seed=9)
    program = tmp_path / "bin" / "espeak-ng"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\ncat >{tmp_path}/said\ncp {tmp_path}/voice.wav "$6"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    device = f"testcard:{test_card}"
    audio = f'audio: {{capture: {{device: "{device}"}}, playback: {{device: "{device}", volume: 100}}}}\n'
    box.config.write_text(box.config.read_text() + audio + "prompts: {announce: [title, time], language: de}\n")
    box.start("--simulate", "panel", ALSA_CONFIG_PATH=os.environ["ALSA_CONFIG_PATH"])
    message = sound(tmp_path / "Anna.wav", 1)
    box.cli("feeds", "send", str(tmp_path / "Anna.wav"))
    box.call("play.new")
    box.until(lambda: len(heard(test_card)) > 0 and is_over(box))
    played = heard(test_card)
    assert place(message, played) == place(voice, played) + len(voice), "at once behind it, and both whole"
    assert (tmp_path / "said").read_text().startswith("Anna"), "and when it came, where a clock tells"
    before = len(played)
    box.call("play", source=str(tmp_path / "Anna.wav"))
    box.until(lambda: len(heard(test_card)) > before and is_over(box))
    assert len(heard(test_card)) < before + len(message) + RATE // 2, "who names it knows it"
    before = len(heard(test_card))
    voice = sound(tmp_path / "voice.wav", 4, seed=8)
    message = sound(tmp_path / "Berta.wav", 1, seed=7)
    box.cli("feeds", "send", str(tmp_path / "Berta.wav"))
    box.call("play.new")
    assert box.call("player.pause")["position"] == 0.0, "in what is said"
    paused = len(heard(test_card))
    assert before < paused < before + 4 * RATE
    box.call("player.resume")
    box.until(lambda: is_over(box))
    played = heard(test_card)[paused:]
    assert place(message, played) == place(voice[-RATE // 10 :], played) + RATE // 10, "it goes on where it was"
    assert len(np.flatnonzero(heard(test_card)[before:])) < 5.2 * RATE, "and repeats nothing"


@pytest.mark.slow
def test_only_what_was_approved_is_heard_by_others(box: Box, test_card: Path) -> None:
    speaker = f'{{device: "testcard:{test_card}", volume: 100, only_approved: true}}'
    audio = f'audio: {{capture: {{device: "testcard:{test_card}"}}, playback: {speaker}}}\n'
    box.config.write_text(box.config.read_text() + audio)
    box.start("--simulate", "panel", ALSA_CONFIG_PATH=os.environ["ALSA_CONFIG_PATH"])
    good, _ = box.record(1), box.record(1)
    for word in ("play.earlier", "play.random", "play.all"):
        with pytest.raises(ApplianceError, match="clips approve"):
            box.call(word)
    assert len(heard(test_card)) == 0
    box.call("clips.approve", clip=good["id"])
    samples, _ = soundfile.read(box.state / "clips" / f"{good['name']}.wav", dtype="int16")
    for word in ("play.earlier", "play.random", "play.all"):
        before = len(heard(test_card))
        box.call(word)
        box.until(lambda before=before: len(heard(test_card)) > before and is_over(box))
        played = heard(test_card)[before:]
        place(samples[RAMP : len(samples) - RAMP], played)
        assert len(played) < len(samples) + RATE // 2, "and nothing but that one"
    box.call("clips.approve", clip=good["id"], approved=False)
    with pytest.raises(ApplianceError, match="clips approve"):
        box.call("play.random")


@pytest.mark.slow
def test_the_volume_is_turned_at_the_card_where_that_is_wanted(box: Box, test_card: Path, tmp_path: Path) -> None:
    """So that every sample reaches it as it is; the test card's speaker goes from -16 dB to 30 dB, off at first."""
    samples, mixer, device = sound(tmp_path / "a.wav", 20), test_card / "mixer", f"testcard:{test_card}"
    mixer.write_text("16 16 1 0 3 3 0\n")
    speaker = f'{{device: "{device}", volume: 100, mixer: Speaker}}'
    box.config.write_text(box.config.read_text() + f'audio: {{capture: {{device: "{device}"}}, playback: {speaker}}}\n')
    box.start("--simulate", "panel", ALSA_CONFIG_PATH=os.environ["ALSA_CONFIG_PATH"])

    def stands(*wanted: int) -> bool:
        return [int(word) for word in mixer.read_text().split()][4:] == [*wanted]

    box.cli("play", str(tmp_path / "a.wav"))
    box.until(lambda: stands(46, 46, 1))
    box.until(lambda: sounded(test_card) > RATE)
    box.cli("volume", "set", "50%")
    box.until(lambda: stands(27, 27, 1))
    heard_so_far = sounded(test_card)
    box.until(lambda: sounded(test_card) > heard_so_far + RATE)
    assert place(samples[: heard_so_far + RATE // 2], heard(test_card)) >= 0, "as it is in the file"
    box.cli("volume", "set", "0%")
    box.until(lambda: stands(0, 0, 0))
    assert not box.status()["faults"]


@pytest.mark.slow
def test_a_control_that_the_card_has_not_is_a_fault_and_the_sound_is_quieter_all_the_same(
    box: Box, test_card: Path, tmp_path: Path
) -> None:
    samples, device = sound(tmp_path / "a.wav", 4), f"testcard:{test_card}"
    (test_card / "mixer").write_text("16 16 1 0 3 3 1\n")
    speaker = f'{{device: "{device}", volume: 50, mixer: Master}}'
    box.config.write_text(box.config.read_text() + f'audio: {{capture: {{device: "{device}"}}, playback: {speaker}}}\n')
    box.start("--simulate", "panel", ALSA_CONFIG_PATH=os.environ["ALSA_CONFIG_PATH"])
    box.cli("play", str(tmp_path / "a.wav"))
    box.until(lambda: "speaker_volume" in [fault["name"] for fault in box.status()["faults"]])
    message = next(fault["message"] for fault in box.status()["faults"] if fault["name"] == "speaker_volume")
    assert message.startswith("the sound card has no control 'Master' that turns its speaker")
    assert message.endswith("'Speaker'")
    box.until(lambda: is_over(box))
    played = heard(test_card)[: 3 * RATE].astype(float)
    assert played.std() == pytest.approx(samples.std() / 8, rel=0.05)

"""The loop from the speaker to the microphone: plays a chirp and listens for it."""

import threading
from collections.abc import Iterator
from math import log10
from typing import TYPE_CHECKING

from attrs import define, field

from appliance.audio.nearest import open_nearest
from appliance.audio.output import Output
from appliance.audio.ports import XRUN, Capture, Direction
from appliance.audio.ramps import loudness
from appliance.config.audio import NO_SPEAKER
from appliance.doctor.box import Box
from appliance.doctor.chirp import chirp, find
from appliance.doctor.finding import Finding, Prompt, Result, Step
from appliance.errors import AudioError, DeviceRecalled

if TYPE_CHECKING:
    pass

NAME = "speaker to microphone"
PERIOD = 0.05
BUFFER = 2.0
BEFORE, AFTER = 0.3, 1.2
"""Seconds of listening before and after the chirp: wireless speakers are most of a second late."""

_JOIN_TIMEOUT = 5.0


@define
class _Listener:
    """Reads a microphone on a thread of its own. `began` is when its first frame sounded, CLOCK_MONOTONIC.

    What an overrun cost is not known, so the sound before one is forgotten.
    """

    box: Box
    capture: Capture
    data: bytearray = field(factory=bytearray)
    began: float = float("inf")
    overran: bool = False
    error: AudioError | None = None
    over: bool = False

    def run(self) -> None:
        try:
            while not self.over:
                length, data = self.capture.read()
                if not length:
                    return
                if length == XRUN:
                    self.overran, self.began = True, float("inf")
                    self.data.clear()
                    continue
                self.data += data
                frames = len(self.data) // self.capture.format.frame_bytes
                read_at = self.box.clock.monotonic()
                self.began = min(self.began, read_at - self.capture.format.seconds(frames))
        except AudioError as error:
            self.error = error
        finally:
            self.capture.close()


def loop(box: Box) -> Iterator[Step]:
    """Whether the microphone hears the speaker, how late and how loud."""
    playback = box.settings.audio.playback
    if why := box.occupied():
        yield Finding(NAME, Result.SKIP, why, "Ask again afterwards")
    elif playback.device == NO_SPEAKER:
        yield Finding(NAME, Result.SKIP, "this box has no speaker: audio.playback.device is none")
    elif not box.cards.present(playback.device, Direction.PLAYBACK):
        yield Finding(NAME, Result.SKIP, f"there is no speaker {playback.device!r}", "Plug it in, should there be one")
    elif not playback.volume.start:
        yield Finding(NAME, Result.SKIP, "audio.playback.volume is 0: nothing would be heard")
    else:
        yield Prompt("playing a chirp on the speaker, and listening for it")
        try:
            yield _measure(box)
        except DeviceRecalled as error:
            yield Finding(NAME, Result.SKIP, str(error))
        except AudioError as error:
            yield Finding(NAME, Result.FAIL, str(error))


def _measure(box: Box) -> Finding:
    audio = box.settings.audio
    rate = audio.playback.rate or audio.capture.format.rate
    capture = open_nearest(box.cards, audio.capture, PERIOD, BUFFER)
    listener = _Listener(box, capture)
    thread = threading.Thread(target=listener.run, name="doctor-listener", daemon=True)
    thread.start()
    try:
        box.pause(BEFORE)
        played = _play(box, rate)
        box.pause(AFTER)
    finally:
        listener.over = True
        thread.join(_JOIN_TIMEOUT)
        if thread.is_alive():
            capture.stop()
    if listener.error:
        raise listener.error
    return _judge(listener, played, loudness(audio.playback.volume.start))


def _play(box: Box, rate: int) -> float:
    """Play a chirp at the configured volume; the moment when its first frame was handed over."""
    playback = box.settings.audio.playback
    output = Output(box.cards, playback.device, rate, box.clock)
    output.gain.go_to(loudness(playback.volume.start), 0)
    output.open()
    try:
        sound = chirp(output.rate)
        began = box.clock.monotonic()
        output.play(sound)
        output.finish()
    finally:
        output.close()
    return began


def _judge(listener: _Listener, played: float, volume: float) -> Finding:
    from appliance.pcm import to_float

    format = listener.capture.format
    echo = find(to_float(bytes(listener.data), format), format.rate)
    if echo is None and listener.overran:
        return Finding(
            NAME,
            Result.WARN,
            "the card lost sound while it listened, maybe the chirp",
            "Ask again; where it stays so, stop other programs or give the card a USB port without a hub",
        )
    if echo is None:
        return Finding(
            NAME,
            Result.WARN,
            "no sound came back: the microphone did not hear the speaker",
            "If it should: check the speaker's power, plug and volume (`alsamixer`), and that they are in one room",
        )
    late = listener.began + format.seconds(echo.frame) - played
    lost = echo.decibels - 20 * log10(volume)
    return Finding(NAME, Result.PASS, f"a chirp came back after {late * 1000:.0f} ms, {lost:+.0f} dB")

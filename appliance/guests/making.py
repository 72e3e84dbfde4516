"""Makes a take, sealed, of a sound that came from elsewhere: every frame of it is decoded."""

from pathlib import Path

from attrs import evolve

from appliance.audio.decode import Decoder
from appliance.audio.journal import Begin
from appliance.audio.levels import Meter, verdict
from appliance.audio.samples import to_pcm
from appliance.audio.takefile import TakeFile
from appliance.errors import StorageError, Unplayable, UsageError
from appliance.feeds.safefile import Room
from appliance.models import AudioFormat

_BLOCK = 65_536
"""Frames that are decoded at once."""


def make_take(sound: Path, folder: Path, begin: Begin, longest: float, has_room: Room) -> None:
    """Make the take `folder/ID`, with 16 bits at the rate of `begin`, mono or stereo as the sound is.

    Raises UsageError where it is no sound, damaged, or longer than `longest` seconds, StorageError where the disk
    refuses or the room is what recordings have in reserve.
    """
    try:
        decoder = Decoder(sound, begin.format.rate)
    except Unplayable as error:
        raise UsageError("this is no sound that the box can read. Send WAV, FLAC, Ogg, Opus or MP3") from error
    try:
        format = AudioFormat(begin.format.rate, decoder.channels)
        take = TakeFile.create(folder, evolve(begin, format=format))
        try:
            meter = Meter(format)
            while len(block := decoder.read(_BLOCK)):
                data = to_pcm(block, format.sample)
                if take.seconds + format.seconds(len(block)) > longest:
                    raise UsageError(f"this is longer than the {longest:g} s that a guest may record")
                if not has_room(len(data)):
                    raise StorageError("there is no room for more beside what recordings have in reserve")
                take.append(data)
                meter.add(data)
            levels = meter.levels
            take.seal(levels, verdict(levels, take.seconds, begin.min_seconds))
        finally:
            take.close()
    except Unplayable as error:
        raise UsageError("this sound is damaged, or not all there. Record it again") from error
    finally:
        decoder.close()

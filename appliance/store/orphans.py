"""Clips whose metadata is lost: what their file and its name still tell."""

import re
from datetime import datetime
from pathlib import Path

from appliance import durable
from appliance.audio import wav
from appliance.audio.journal import Begin, line
from appliance.audio.takefile import AUDIO, JOURNAL
from appliance.models import AudioFormat, ClockSource, ClockStamp
from appliance.store.places import MODE, Places

_NAME = re.compile(r"(?P<device>.+)_(?P<time>\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d[+-]\d{4})_(?P<id>[a-z2-7]{10})")
_HEAD_BYTES = 4096


def make_take(places: Places, name: str) -> Path:
    """Turn NAME.wav in `clips/` back into an unsealed take of the same name; its folder.

    The journal comes first: with the sound in place it is a take like any that a crash left behind. Raises ValueError
    where the file is not one that the appliance made.
    """
    audio = places.audio(name)
    if places.sound(name) != audio:
        raise ValueError("it is encrypted")
    begin = _begin(name, _format(audio))
    folder = places.takes / begin.take_id
    durable.make_directory(folder, mode=MODE)
    durable.write_file(folder / JOURNAL, line(begin))
    if (folder / AUDIO).exists():
        raise ValueError(f"take {begin.take_id} has sound of its own")
    durable.move(audio, folder / AUDIO)
    return folder


def _format(audio: Path) -> AudioFormat:
    return wav.parse(durable.read_file(audio, _HEAD_BYTES)).format


def _begin(name: str, format: AudioFormat) -> Begin:
    parts = _NAME.fullmatch(name)
    if parts is None:
        raise ValueError("its name is not one that the appliance gives")
    local = datetime.strptime(parts["time"], "%Y-%m-%d_%H-%M-%S%z")
    offset = local.utcoffset()
    return Begin(
        take_id=parts["id"],
        name=name,
        device=parts["device"],
        format=format,
        started=ClockStamp(
            wall_ns=int(local.timestamp()) * 10**9,
            monotonic_ns=0,
            boot_id="",
            source=ClockSource.NONE,
            utc_offset=int(offset.total_seconds()) if offset else 0,
        ),
        min_seconds=0.0,
    )

"""Joins the parts of a recording to one file: every frame of theirs in order, and not one more."""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

from appliance.audio import wav
from appliance.codec import from_plain
from appliance.durable import PARTIAL, sync_directory
from appliance.errors import StorageError, UsageError
from appliance.models import Clip

_BLOCK = 1 << 20


def join(
    parts: Sequence[dict[str, Any]], target: Path, joining: Callable[[int, int], None] = lambda done, whole: None
) -> int:
    """Write the sound of all parts to the file `target`, compared with their lengths and synced; how many frames.

    `joining` hears now and then how many bytes of how many are written. Raises UsageError where parts differ in format,
    or one is missing in between, and StorageError where a part cannot be read whole or the file not be written.
    """
    clips = [from_plain(part["clip"], Clip) for part in parts]
    format = clips[0].format
    for before, clip in pairwise(clips):
        if clip.format != format:
            raise UsageError(
                f"{clip.name} is {clip.format}, the parts before it are {format}: nothing joins them exactly"
            )
        if clip.continues != before.id:
            raise UsageError(f"the part before {clip.name} was deleted: what is left is no whole")
    frames = sum(clip.frames for clip in clips)
    whole = frames * format.frame_bytes
    partial = target.parent / f".{target.name}{PARTIAL}"
    try:
        with partial.open("wb") as file:
            file.write(wav.build(format, whole))
            for clip, part in zip(clips, parts, strict=True):
                left = clip.frames * format.frame_bytes
                with Path(part["path"]).open("rb") as sound:
                    sound.seek(wav.HEADER_BYTES)
                    while left and (block := sound.read(min(left, _BLOCK))):
                        file.write(block)
                        left -= len(block)
                        joining(file.tell() - wav.HEADER_BYTES, whole)
                if left:
                    raise StorageError(
                        f"{clip.file_name} is shorter than it was recorded: see `appliance clips verify`"
                    )
            file.write(bytes(wav.padding(whole)))
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
        sync_directory(target.parent)
    except OSError as error:
        why = f"{error.filename or target}: {error.strerror or error}"
        raise StorageError(f"the parts cannot be joined: {why}. Make room or choose another file") from error
    finally:
        with suppress(OSError):
            partial.unlink()
    return frames

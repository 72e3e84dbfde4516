"""Joins the parts of a recording to one file: every frame in order, not one more, with their marks."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

from attrs import evolve

from appliance.audio import wav
from appliance.cli.export import elsewhere
from appliance.codec import from_plain
from appliance.durable import PARTIAL, sync_directory
from appliance.errors import StorageError, UsageError
from appliance.metadata.wave import write
from appliance.models import Clip

_BLOCK = 1 << 20


def join(
    parts: Sequence[dict[str, Any]], target: Path, joining: Callable[[int, int], None] = lambda done, whole: None
) -> int:
    """Write the sound of all parts to the file `target`, compared with their lengths and synced; how many frames.

    It is Broadcast Wave, with the marks of all parts where they are in the whole.

    `joining` hears now and then how many bytes of how many are written. Raises UsageError where parts differ in format,
    one is missing in between, the file is none of WAV, or is there already, and StorageError where a part
    cannot be read whole or the file not be written.
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
    whole = sum(clip.frames for clip in clips) * format.frame_bytes
    partial = target.parent / f".{target.name}{PARTIAL}"
    try:
        _check(target)
        frames = write(partial, _joined(clips), _sound(zip(clips, parts, strict=True), whole, joining))
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.replace(target)
        sync_directory(target.parent)
    except OSError as error:
        why = f"{error.filename or target}: {error.strerror or error}"
        raise StorageError(f"the parts cannot be joined: {why}. {elsewhere(error, 'file')}") from error
    finally:
        with suppress(OSError):
            partial.unlink()
    return frames


def _check(target: Path) -> None:
    """Raise UsageError where it must not be written."""
    there = target.exists()
    if target.suffix.lower() != ".wav" or (there and not target.is_file()):
        raise UsageError(f"{target} is no name of a WAV file, which the whole is: choose one that ends in .wav")
    if there:
        raise UsageError(f"{target} is there already: choose another file")


def _sound(
    parts: Iterable[tuple[Clip, dict[str, Any]]], whole: int, joining: Callable[[int, int], None]
) -> Iterator[bytes]:
    done = 0
    for clip, part in parts:
        left = clip.frames * clip.format.frame_bytes
        with Path(part["path"]).open("rb") as sound:
            sound.seek(wav.HEADER_BYTES)
            while left and (block := sound.read(min(left, _BLOCK))):
                yield block
                left -= len(block)
                done += len(block)
                joining(done, whole)
        if left:
            raise StorageError(f"{clip.file_name} is shorter than it was recorded: see `appliance clips verify`")


def _joined(clips: Sequence[Clip]) -> Clip:
    """The first clip with marks, gaps and pauses of all, where they are in the whole."""
    first, found = clips[0], list[tuple[Clip, int]]()
    begin = 0
    for clip in clips:
        found.append((clip, begin))
        begin += clip.frames
    return evolve(
        first,
        frames=begin,
        size=begin * first.format.frame_bytes,
        marks=tuple(evolve(each, offset=at + each.offset) for clip, at in found for each in clip.marks),
        gaps=tuple(evolve(each, offset=at + each.offset) for clip, at in found for each in clip.gaps),
        pauses=tuple(evolve(each, offset=at + each.offset) for clip, at in found for each in clip.pauses),
        continues=None,
    )

"""Writes that are still there after the power went.

What is promised: once a call returns, the kernel has told the disk to keep it and the disk has said that it did. What
no software can promise: that a card which acknowledges and forgets, or which breaks, keeps anything.
"""

import os
from pathlib import Path


def sync_directory(directory: Path) -> None:
    """Make the names in `directory` durable: creations, renames and removals so far."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_directory(path: Path, *, mode: int = 0o777) -> None:
    """Create `path` and whatever is missing above it, durably. An existing one is fine; `mode` is for `path` only."""
    if not path.is_dir():
        make_directory(path.parent)
        path.mkdir(mode, exist_ok=True)
        sync_directory(path.parent)


def write_file(path: Path, content: bytes, *, mode: int = 0o640) -> None:
    """Write `content` to `path` so that at every moment either the old file or the new one is there, whole."""
    partial = path.with_name(f".{path.name}.partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    sync_directory(path.parent)


def move(source: Path, target: Path) -> None:
    """Rename within one filesystem, durably. `target` must not exist; the caller's names never collide."""
    source.rename(target)
    sync_directory(target.parent)
    if source.parent != target.parent:
        sync_directory(source.parent)

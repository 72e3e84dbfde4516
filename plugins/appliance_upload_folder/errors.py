"""What an operating system error at the destination means: the one place where they are translated."""

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path

from appliance.plugin import Mount, Permanent, Transient
from appliance_upload_folder.mounts import mounted_at

_FULL = {errno.ENOSPC, errno.EDQUOT}
_READ_ONLY = {errno.EROFS}
_FORBIDDEN = {errno.EACCES, errno.EPERM}
_NAME = {errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL}
_SHAPE = {errno.ENOTDIR, errno.EISDIR, errno.ELOOP}
_OPEN = (Path("/media"), Path("/mnt"))
"""What the unit of the service leaves open."""
_GOING_ON = "Delivery goes on by itself"


def translate(error: OSError, path: Path, mount: Mount | None = None) -> Permanent | Transient:
    """Say what happened in the folder `path`, which lies on `mount`, and what to do. What is not known to need a person
    is Transient.
    """
    code = error.errno
    if code in _FULL:
        return Transient(f"{path} is full: free some space or change the disk. {_GOING_ON} once there is room")
    if code == errno.EFBIG:
        return Permanent(
            f"the file is larger than {path} can hold: FAT32 ends at 4 GB. Format the disk as exFAT or ext4, "
            "or set deliver_as: flac"
        )
    if code in _READ_ONLY:
        return Permanent(_read_only(path, mount))
    if code in _FORBIDDEN:
        return Permanent(
            f"not allowed to write to {path}: give it to the user of the service (`sudo chown appliance {path}`; "
            "for FAT and network disks the mount options uid= and gid=)"
        )
    if code in _NAME:
        return Permanent(f"{path} refuses the file's name ({error.strerror}): set a shorter, plainer device.name")
    if code in _SHAPE:
        return Permanent(f"{path} is not a folder: change the option path, or move away what is in its place")
    return Transient(f"{path} does not answer ({error.strerror or error}): check the disk. {_GOING_ON} when it is back")


def _read_only(path: Path, mount: Mount | None) -> str:
    restart = "`sudo systemctl restart appliance`"
    if mount is not None and mount.is_read_only:
        return (
            f"{path} cannot be written, the disk is read-only: it is write-protected or damaged, or was mounted so. "
            f"Mount it so that it can be written, then run {restart}"
        )
    if mount is not None and mount.is_closed_here and any(path.is_relative_to(place) for place in _OPEN):
        return f"the service cannot write to {path}: it was mounted read-only when the service started. Run {restart}"
    return (
        f"the service may not write to {path}: run `sudo systemctl edit appliance`, add the lines [Service] and "
        f"ReadWritePaths={path}, then run {restart}, as where the disk was mounted read-only when the service started"
    )


@contextlib.contextmanager
def translated(path: Path) -> Iterator[None]:
    """Let an OSError out as what `translate` makes of it."""
    try:
        yield
    except OSError as error:
        raise translate(error, path, mounted_at(path) if error.errno in _READ_ONLY else None) from error

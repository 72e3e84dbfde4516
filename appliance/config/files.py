"""Reading a configuration file whatever it turns out to be: missing, a folder, too large, not text."""

import errno
import os
import stat
from pathlib import Path

from appliance.errors import ConfigError

_LARGEST = 1024 * 1024


def read_text(path: Path, *, private: bool = False) -> str:
    """The whole file as text. Raises FileNotFoundError where there is none, ConfigError for anything else.

    A `private` file is refused where anybody but its owner may read or write it.
    """
    try:
        with open(path, "rb", buffering=0, opener=_at_once) as file:
            mode = os.fstat(file.fileno()).st_mode
            if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
                raise ConfigError(f"{path}: this is a pipe, expected a file")
            if private and stat.S_IMODE(mode) & 0o077:
                raise ConfigError(f"{path}: others may open this file, and it holds secrets; run: chmod 600 {path}")
            content = b""
            while len(content) <= _LARGEST and (block := file.read(_LARGEST + 1 - len(content))):
                content += block
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ConfigError(f"{path}: {_words(error)}") from None
    except ValueError:
        raise ConfigError("the name of a configuration file cannot hold a NUL character") from None
    if len(content) > _LARGEST:
        raise ConfigError(f"{path}: the file is larger than 1 MiB, expected a configuration")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{line}: the file is not UTF-8 text; save it as UTF-8") from None


def _at_once(path: str, flags: int) -> int:
    """Opens what would keep us waiting, as pipes and some files of the kernel do, so that it does not."""
    return os.open(path, flags | os.O_NONBLOCK)


def _words(error: OSError) -> str:
    if error.errno == errno.EISDIR:
        return "this is a folder, expected a file"
    if error.errno in (errno.EACCES, errno.EPERM):
        return "the file cannot be read: permission denied; use sudo, or check its owner and mode"
    return f"the file cannot be read: {error.strerror}"


def read(path: Path) -> str:
    """The text of the file. Raises ConfigError where it cannot be read."""
    try:
        return read_text(path)
    except FileNotFoundError:
        missing = f"{path}: there is no such file; `appliance config example` prints one to begin with"
    raise ConfigError(missing)

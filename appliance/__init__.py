"""Audio Appliance: a recorder that never loses what was spoken and always says how it is.

For scripts: `from appliance import Recorder, Player, upload_file, download_file`, see `appliance.api`.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from appliance.api import Block, Downloaded, Player, Recorder, Recording, download_file, upload_file

__version__ = "0.1.0"

__all__ = ["Block", "Downloaded", "Player", "Recorder", "Recording", "download_file", "upload_file"]

_HOMES = {
    "Block": "blocks",
    "Downloaded": "transfer",
    "Player": "player",
    "Recorder": "recorder",
    "Recording": "recording",
    "download_file": "transfer",
    "upload_file": "transfer",
}


def __getattr__(name: str) -> Any:
    """What `appliance.api` has for scripts, imported when it is first used: the daemon never pays for it."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"appliance.api.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])

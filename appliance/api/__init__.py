"""The appliance's engine in a script of your own: no daemon, no configuration file.

`Recorder`, `Player`, `upload_file` and `download_file` are the daemon's own recorder, player and backends. Their errors
are those of `appliance.errors`, and what happens is told as the events of `appliance.events`.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from appliance.api.blocks import Block
    from appliance.api.player import Player
    from appliance.api.recorder import Recorder
    from appliance.api.recording import Recording
    from appliance.api.transfer import Downloaded, download_file, upload_file

__all__ = ["Block", "Downloaded", "Player", "Recorder", "Recording", "download_file", "upload_file"]


def __getattr__(name: str) -> Any:
    """Imported when it is first used: who records need not wait for what plays and sends."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import appliance

    return getattr(appliance, name)

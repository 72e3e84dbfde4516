"""`python -m bench.careless ...`: the `appliance` command without what keeps a take safe, to tell what that costs.

Nothing is synced, the reads are not placed in time (so no loss is noticed and no drift is known), and no levels are
measured (so there is no verdict).
"""

import os
from typing import Any

from appliance import cli
from appliance.audio.levels import Meter
from appliance.audio.timeline import Timeline


def _nothing(*_: Any) -> None:
    pass


def _believe(timeline: Timeline, frames: int, returned: float) -> None:
    timeline._frames += frames
    timeline._latest = returned - timeline._frames / timeline._rate


for owner, name, instead in (
    (os, "fsync", _nothing),
    (os, "fdatasync", _nothing),
    (Meter, "add", _nothing),
    (Timeline, "add", _believe),
):
    setattr(owner, name, instead)
cli.main()

"""`python -m bench.careless ...`: the `appliance` command without what keeps a take safe, to tell what that costs.

Nothing is synced, no drift is estimated, and what is clipped or silent is not counted, so that there is no verdict.
"""

import os
from typing import Any

from appliance import cli
from appliance.audio.levels import Meter
from appliance.audio.timeline import _Drift


def _nothing(*_: Any) -> int:
    return 0


for owner, name in ((os, "fsync"), (os, "fdatasync"), (Meter, "_frames_with"), (_Drift, "add")):
    setattr(owner, name, _nothing)
cli.main()

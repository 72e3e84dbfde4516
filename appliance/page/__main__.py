"""`python -m appliance.page`: what `appliance web` does, without the library of the command line, which takes a fifth
of the time until the page is there, and megabytes. Variables of the environment say what differs from the defaults.
"""

import os
import sys
from pathlib import Path

from appliance.clock import SystemClock
from appliance.defaults import DEFAULT_CONFIG, DEFAULT_HELPER, DEFAULT_KEYS, DEFAULT_SOCKET
from appliance.errors import ApplianceError, refused_by_system
from appliance.page.keys import Keys
from appliance.page.process import serve


def main() -> int:
    """Serve until told to end; the exit code, as of `appliance web`."""
    config, socket, keys, helper = (
        Path(os.environ.get(name, default))
        for name, default in (
            ("APPLIANCE_CONFIG", DEFAULT_CONFIG),
            ("APPLIANCE_SOCKET", DEFAULT_SOCKET),
            ("APPLIANCE_WEB_KEYS", DEFAULT_KEYS),
            ("APPLIANCE_SETTINGS", DEFAULT_HELPER),
        )
    )
    try:
        serve(config, socket, Keys(keys, SystemClock()), helper)
    except ApplianceError as error:
        return _fail(error)
    except OSError as error:
        return _fail(refused_by_system(error))
    return 0


def _fail(error: ApplianceError) -> int:
    for line in str(error).splitlines():
        print(f"appliance: {line}", file=sys.stderr)
    return error.exit_code


if __name__ == "__main__":
    sys.exit(main())

"""What is not installed with everything, and how the person at the terminal installs it."""

import os
import sys


def installing(extra: str, distribution: str = "audio-appliance") -> str:
    """The command that installs it, with the pip of this installation."""
    sudo = "" if os.access(sys.prefix, os.W_OK) else "sudo "
    return f"{sudo}{sys.prefix}/bin/pip install '{distribution}[{extra}]'"

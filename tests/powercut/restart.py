"""`python -m tests.powercut.restart ROOT`: start the store on ROOT/state, and stop it."""

import logging
import sys
from pathlib import Path

from tests.powercut.judge import open_store

if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    open_store(Path(sys.argv[1])).close()

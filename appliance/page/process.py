"""The page as a process: what it needs is loaded, and it serves until it is told to end."""

import gc
import linecache
import logging
import signal
import threading
from pathlib import Path

from appliance.errors import ApplianceError
from appliance.page.keys import Keys
from appliance.sparing import give_back_what_is_large, one_arena


def serve(path: Path, socket: Path, keys: Keys, helper: Path) -> None:
    """Serve the page of the recorder at `socket`, as the configuration at `path` says. Raises ApplianceError."""
    gc.disable()  # until all is loaded, which leaves next to no garbage
    one_arena()
    give_back_what_is_large()
    from appliance.config.page import WebSettings
    from appliance.config.section import load_section

    try:
        from appliance.page.server import Serving
    except ModuleNotFoundError as error:
        raise ApplianceError(
            f"the page needs {error.name}, which is not installed: sudo apt install python3-bottle python3-cheroot"
        ) from error
    gc.freeze()  # what is loaded by now stays, and need not be looked through again and again
    gc.enable()
    linecache.clearcache()  # attrs leaves the source there of all that it has generated
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    ends = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)  # for all threads to come: this one waits for them
    settings = load_section(path, "web", WebSettings)
    serving = Serving(settings, socket, keys, helper)
    server = serving.server()
    threading.Thread(target=server.serve, name="page", daemon=True).start()
    serving.ahead().start()
    address, port = server.bind_addr
    scheme = "https" if serving.certificate else "http"
    _say(f"the page is at {scheme}://{f'[{address}]' if ':' in address else address}:{port}/")
    if settings.self_made and serving.certificate:
        _say(f"Its certificate is the box's own. Fingerprint (SHA-256): {serving.certificate.fingerprint}")
    signal.sigwait(ends)
    server.stop()


def _say(line: str) -> None:
    print(line, flush=True)

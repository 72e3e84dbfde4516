"""Destinations and feeds: each destination is tried with an object of its own, each feed is asked."""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, as_completed
from contextlib import suppress

from appliance.doctor.box import Box
from appliance.doctor.finding import Finding, Prompt, Result, Step
from appliance.errors import ApplianceError, PluginError, Transient
from appliance.foreign import one_line, words
from appliance.plugin import ProbedFeedBackend, UploadBackend
from appliance.plugin.upload import on_own_disk

log = logging.getLogger(__name__)

PATIENCE = 60.0
"""Seconds that a destination or a feed may take to answer."""


def destinations(box: Box) -> Iterator[Step]:
    """Try every destination, all at once."""
    wanted = box.settings.destinations
    if not wanted:
        yield Finding("destinations", Result.WARN, "there are none: clips stay on this box", "Configure one")
        return
    yield Prompt(f"trying {', '.join(wanted)}")
    probes = {name: _begin(name, _prober(box, name)) for name in wanted}
    yield from _findings("destination", probes, "Clips wait, and go by themselves once it works again")


def _prober(box: Box, name: str) -> Callable[[], Finding]:
    def probe() -> Finding:
        settings = box.settings
        directory = settings.storage.directory
        backend = box.plugins.build_upload(name, settings.destinations[name], settings.device.label, directory)
        try:
            found = one_line(backend.probe())
            proof = _proof(backend)
        finally:
            backend.close()
        return Finding(f"destination {name}", Result.PASS, f"{found}; {proof}")

    return probe


def _proof(backend: UploadBackend) -> str:
    """What its receipts are worth: a copy beside the clip goes when the clip goes."""
    if on_own_disk(backend):
        return "on the box's own disk or in its memory, so receipts are no proof"
    return "receipts are proof" if backend.proves else "receipts are no proof"


def _begin(name: str, probe: Callable[[], Finding]) -> "Future[Finding]":
    """Run a probe on a thread of its own, which may be left behind."""
    outcome: Future[Finding] = Future()

    def run() -> None:
        try:
            outcome.set_result(probe())
        except ApplianceError as error:
            outcome.set_exception(error)
        except BaseException as error:  # a plugin may do anything
            log.debug("probe", exc_info=True)
            outcome.set_exception(PluginError(f"defect in its backend: {words(error)}"))

    threading.Thread(target=run, name=f"doctor:{name}", daemon=True).start()
    return outcome


def _findings(kind: str, probes: Mapping[str, "Future[Finding]"], patience: str) -> Iterator[Finding]:
    """What comes of each, as it comes: one that does not answer holds nobody up, and all have the same time.

    `patience` says what waits where the reason may pass.
    """
    names = {probe: f"{kind} {name}" for name, probe in probes.items()}
    with suppress(TimeoutError):
        for probe in as_completed(probes.values(), PATIENCE):
            yield _finding(names.pop(probe), probe, patience)
    said = f"did not answer within {PATIENCE:.0f} seconds"
    for name in names.values():
        yield Finding(name, Result.WARN, said, f"Check the network. {patience}")


def _finding(name: str, probe: "Future[Finding]", patience: str) -> Finding:
    try:
        return probe.result()
    except Transient as error:
        return Finding(name, Result.WARN, words(error), patience)
    except PluginError as error:
        return Finding(name, Result.FAIL, str(error), "Update its plugin, see `appliance plugins`")
    except ApplianceError as error:
        return Finding(name, Result.FAIL, words(error))


def feeds(box: Box) -> Iterator[Step]:
    """Ask every feed, all at once."""
    wanted = box.settings.feeds
    if wanted:
        yield Prompt(f"asking {', '.join(wanted)}")
    probes = {name: _begin(name, _asker(box, name)) for name in wanted}
    yield from _findings("feed", probes, "It is pulled again by itself")


def _asker(box: Box, name: str) -> Callable[[], Finding]:
    def probe() -> Finding:
        settings = box.settings
        backend = box.plugins.build_feed(name, settings.feeds[name], settings.device.label, settings.storage.directory)
        try:
            if isinstance(backend, ProbedFeedBackend):
                found = one_line(backend.probe())
            else:
                found = "its options are good; `appliance feeds pull` tries it"
        finally:
            backend.close()
        return Finding(f"feed {name}", Result.PASS, found)

    return probe

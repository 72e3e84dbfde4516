"""Files of which size and time of change tell the version: each is brought again once that is another."""

from appliance.plugin import FeedJob, Permanent
from appliance_fetch.refusals import Refusals


class Versions:
    """Which version of each file was brought, or refused. `pattern` matches those in keys of earlier releases."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._refusals = Refusals()

    def is_here(self, path: str, version: str, job: FeedJob) -> bool:
        """Whether a file was brought as it is. Raises Permanent where it was refused as it is."""
        self._refusals.check(path, version)
        note = job.note(path)
        if not note and (former := job.take_over(path, self._pattern)):
            note = {"version": former}
            job.save_note(path, note)
        return job.has(path) and note.get("version") == version

    def brought(self, path: str, version: str, job: FeedJob) -> None:
        """It was brought as it is now."""
        self._refusals.forget(path)
        job.save_note(path, {"version": version})

    def refused(self, path: str, version: str, error: Permanent) -> None:
        """It is not taken as it is now."""
        self._refusals.remember(path, version, error)

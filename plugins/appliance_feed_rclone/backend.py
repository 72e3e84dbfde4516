"""Brings the sound files of a remote of rclone's into the inbox, each again only once it has changed."""

from collections.abc import Callable
from pathlib import PurePosixPath

from appliance_fetch.failures import together
from appliance_fetch.suffixes import SUFFIXES
from appliance_fetch.taking import taking
from appliance_fetch.versions import Versions
from appliance_upload_rclone.remote import ListedFile, Remote

from appliance.plugin import BackendContext, Cancelled, FeedJob, Permanent, Transient, counted
from appliance_feed_rclone.options import RcloneFeedOptions

_PATTERNS = f"*.{{{','.join(sorted(each[1:] for each in SUFFIXES))}}}"

_VERSION = r"-?\d+ \d+-\d+-\d+T[0-9:.Z+-]*"


class RcloneFeed:
    """Looks through one folder and all in it; what is hidden there is passed over."""

    def __init__(self, options: RcloneFeedOptions, context: BackendContext) -> None:
        self._options = options
        self._remote = Remote(options, context.clock_trusted, context.rate_limit)
        self._versions = Versions(_VERSION)

    def pull(self, job: FeedJob) -> None:
        def stop() -> None:
            if job.cancelled():
                raise Cancelled(f"pulling {self._remote} was stopped")

        stop()
        found = sorted(self._visible(stop), key=lambda each: (each.changed, each.path))[-self._options.newest :]
        failures = list[Permanent | Transient]()
        for each in found:
            stop()
            version = f"{each.size} {each.changed}"
            try:
                if not self._versions.is_here(each.path, version, job):
                    self._bring(each, version, job, stop)
                    self._versions.brought(each.path, version, job)
            except (Permanent, Transient) as error:
                failures.append(error)
        if failures:
            raise together(failures, "file")

    def probe(self) -> str:
        """Count the files."""
        return f"{self._remote} is there, with {counted(len(self._visible(lambda: None)), 'sound file')}"

    def close(self) -> None:
        pass

    def _visible(self, stop: Callable[[], None]) -> list[ListedFile]:
        return [
            each
            for each in self._remote.files(_PATTERNS, stop)
            if not any(part.startswith(".") for part in PurePosixPath(each.path).parts)
        ]

    def _bring(self, found: ListedFile, version: str, job: FeedJob, stop: Callable[[], None]) -> None:
        path = PurePosixPath(found.path)

        def refused(error: Permanent) -> None:
            self._versions.refused(found.path, version, error)

        with taking(job, found.path, path.stem, path.suffix, refused, found.path, self._options.max_size) as track:
            self._remote.fetch(found.path, track.write, stop)
            if found.size >= 0 and track.size != found.size:
                raise Transient(
                    f"{found.path} broke off after {track.size} of {found.size} bytes, or has changed meanwhile"
                )

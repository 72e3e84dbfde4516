"""What every upload backend has to keep, as checks that its authors run in their own tests.

    def test_my_backend(tmp_path):
        check_upload_backend(lambda: MyBackend(options), fetch=my_server.read, directory=tmp_path)

`MemoryBackend` is a backend that keeps it all, for tests of what uses backends.
"""

from collections.abc import Callable, Collection
from pathlib import Path

from appliance.plugin.upload import UploadBackend
from appliance.testing.memory import MemoryBackend, make_upload_job
from appliance.testing.upload_checks import UploadChecks

__all__ = ["MemoryBackend", "check_upload_backend", "make_upload_job"]


def check_upload_backend(
    make_backend: Callable[[], UploadBackend],
    fetch: Callable[[str], bytes] | None = None,
    *,
    directory: Path,
    listing: Callable[[], Collection[str]] | None = None,
    spoil: Callable[[str], object] | None = None,
    honours_key: bool = True,
    large: int = 3_000_000,
) -> None:
    """Run every check against a destination that works; raises AssertionError at the first broken rule.

    `make_backend` builds a backend for the destination, each time a new one; all checks share what is behind it.
    `fetch` reads what the destination holds under the remote name of a receipt. `listing` names everything it holds,
    `spoil` changes a byte of it behind the backend's back; what they would show is not checked without them.
    `directory` is an empty folder for the files to send, the largest of `large` bytes: more than the backend hands
    over between two looks at `job.cancelled`. `honours_key` is false for a destination that cannot tell that it got
    the same delivery before.

    The rules: bytes arrive exactly, whatever the length and the name; receipt and progress tell the truth; the same
    key twice makes one copy; cancelling works and what was cancelled can be delivered later; resume notes are
    JSON-able, and strange ones do no harm; a missing or changed file is a Permanent or Transient error and never
    proved; two files at once do not mix; `verify`, `probe` and `close` work.
    """
    checks = UploadChecks(make_backend, fetch, listing, spoil, directory, large, honours_key)
    for check in (
        checks.delivers_exactly,
        checks.odd_names,
        checks.any_file,
        checks.same_key_twice,
        checks.cancelled_before,
        checks.cancelled_midway,
        checks.strange_resume_note,
        checks.missing_file,
        checks.changed_file,
        checks.changed_while_sent,
        checks.in_parallel,
        checks.looks_again,
        checks.probes,
    ):
        try:
            check()
        except Exception as error:  # whatever the backend let out, the author wants to know in which check
            raise AssertionError(f"{check.__name__}: {type(error).__name__}: {error}") from error

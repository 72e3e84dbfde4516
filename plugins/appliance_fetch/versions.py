"""Which version of a file was brought, where that is told by its size and when it changed."""

from appliance.plugin import FeedJob


def is_here(path: str, version: str, pattern: str, job: FeedJob) -> bool:
    """Whether a file was brought as it is. `pattern` matches its versions, which keys of earlier releases end with."""
    note = job.note(path)
    if not note and (former := job.take_over(path, pattern)):
        note = {"version": former}
        job.save_note(path, note)
    return job.has(path) and note.get("version") == version


def brought(path: str, version: str, job: FeedJob) -> None:
    """It was brought as it is now."""
    job.save_note(path, {"version": version})

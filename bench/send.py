"""`python -m bench.send http|s3|boto3 URL FILE`: send a file once, in a fresh process.

Prints JSON: the seconds that sending took, and by how many MB the process grew for it, at most. boto3 counts as growth
where it is used; requests, which more than uploads need, does not. Credentials are those of the environment.
"""

import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from attrs import evolve

from appliance.plugin import BackendContext, Rendition, UploadBackend, UploadJob
from appliance.recipes import ORIGINAL
from appliance.testing.backends import make_upload_job

BUCKET = "clips"

Send = Callable[[], object]


def job(path: Path) -> UploadJob:
    """A job that delivers this file."""
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    with tempfile.TemporaryDirectory() as folder:
        any_job = make_upload_job(Path(folder), b"", path.stem)
    rendition = Rendition(any_job.rendition.clip_id, ORIGINAL, path, path.stat().st_size, sha256)
    return evolve(any_job, rendition=rendition)


def http(url: str, wanted: UploadJob) -> Send:
    """By the http backend."""
    from appliance_upload_http.backend import HttpBackend
    from appliance_upload_http.options import HttpOptions

    return _delivery(HttpBackend(HttpOptions(url)), wanted)


def s3(url: str, wanted: UploadJob) -> Send:
    """By the s3 backend."""
    from appliance_upload_s3 import create
    from appliance_upload_s3.options import S3Options

    backend = create(S3Options(BUCKET, endpoint_url=url), BackendContext("cloud", "bench", Path("/nowhere")))
    return _delivery(backend, wanted)


def boto3(url: str, wanted: UploadJob) -> Send:
    """By boto3's own upload_file."""
    import boto3

    client = boto3.client("s3", endpoint_url=url, region_name="us-east-1")
    return lambda: client.upload_file(str(wanted.rendition.path), BUCKET, f"boto3/{wanted.rendition.file_name}")


def _delivery(backend: UploadBackend, wanted: UploadJob) -> Send:
    return lambda: backend.deliver(wanted)


def memory(field: str) -> float:
    """VmRSS or VmHWM of this process in MB (proc_pid_status(5))."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(f"{field}:"))
    return int(line.split()[1]) * 1024 / 1e6


def main(how: str, url: str, path: str) -> None:
    """Send and tell."""
    wanted = job(Path(path))
    if how == "http":
        import_module("appliance_upload_http.backend")
        import_module("appliance_http.transport")
    before = memory("VmRSS")
    send = {"http": http, "s3": s3, "boto3": boto3}[how](url, wanted)
    begun = time.perf_counter()
    send()
    took = time.perf_counter() - begun
    print(json.dumps({"seconds": took, "grown": memory("VmHWM") - before}))


if __name__ == "__main__":
    main(*sys.argv[1:])

"""The http backend against nginx."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import evolve

from appliance.plugin import Permanent, Transient, UploadJob
from appliance.testing.backends import make_upload_job
from tests.plugins.http.conftest import SOUND, backend
from tests.plugins.nginx import Nginx
from tests.plugins.receiver import Receiver, Reply, Seen, parse_form


def arrived(seen: Seen) -> bytes:
    """The file in the form that nginx stored for this request."""
    (part,) = parse_form(seen.headers["content-type"], Path(seen.headers["x-body-file"]).read_bytes())
    return part.content


@pytest.fixture
def receiver(receiver: Receiver) -> Receiver:
    """Behind nginx it only answers; the bodies stay there."""
    receiver.always = Reply(204)
    return receiver


def test_the_form_arrives_at_nginx(nginx: Nginx, receiver: Receiver, job: UploadJob) -> None:
    backend(nginx.url()).deliver(job)
    (seen,) = receiver.seen
    assert arrived(seen) == SOUND


def test_nginx_says_that_it_is_too_large(nginx: Nginx, receiver: Receiver, job: UploadJob) -> None:
    with pytest.raises(Permanent, match=r"413.*client_max_body_size"):
        backend(nginx.url("/small")).deliver(job)
    assert receiver.seen == []


def test_nginx_redirects(nginx: Nginx, receiver: Receiver, job: UploadJob) -> None:
    backend(nginx.url("/moved")).deliver(job)
    with pytest.raises(Permanent, match=r"302.*loses its file"):
        backend(nginx.url("/lost")).deliver(job)
    (seen,) = receiver.seen
    assert arrived(seen) == SOUND


def test_nobody_behind_nginx(nginx: Nginx, job: UploadJob) -> None:
    with pytest.raises(Transient, match="502"):
        backend(nginx.url("/nobody")).deliver(job)


def test_nginx_takes_no_forms_there(nginx: Nginx, job: UploadJob) -> None:
    (nginx.folder / "static" / "page.html").write_text("<p>")
    with pytest.raises(Permanent, match=r"405.*method"):
        backend(nginx.url("/static/page.html")).deliver(job)


def test_what_was_put_is_deleted(nginx: Nginx, job: UploadJob) -> None:
    sender = backend(f"{nginx.url('/dav/')}?key=7", method="PUT")
    receipt = sender.deliver(job)
    (file,) = (nginx.folder / "dav").iterdir()
    assert file.read_bytes() == SOUND and "key" not in receipt.remote_name
    other = sender.deliver(evolve(job, rendition=evolve(job.rendition, called="other.wav")))
    sender.delete(receipt)
    assert [path.name for path in (nginx.folder / "dav").iterdir()] == ["other.wav"]
    sender.delete(receipt)  # where it is gone all is well
    with pytest.raises(Permanent, match=r"405.*by hand"):
        backend(nginx.url("/static/"), method="PUT").delete(evolve(other, remote_name=nginx.url("/static/x.wav")))


def test_what_lies_beside_it_is_deleted_too(nginx: Nginx, job: UploadJob) -> None:
    sender = backend(nginx.url("/dav/"), method="PUT", sidecar=True)
    receipt = sender.deliver(job)
    assert len(list((nginx.folder / "dav").iterdir())) == 2
    sender.delete(receipt)
    assert list((nginx.folder / "dav").iterdir()) == []


@pytest.mark.slow
def test_memory_does_not_grow_with_the_file(nginx: Nginx, receiver: Receiver, tmp_path: Path) -> None:
    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    sender = backend(nginx.url("/discard"))
    sender.deliver(make_upload_job(tmp_path, SOUND, "small"))
    job = make_upload_job(tmp_path, b"", "large")
    os.truncate(job.rendition.path, 200_000_000)
    sha256 = subprocess.check_output(["sha256sum", job.rendition.path], text=True).split()[0]
    before = resident()
    sender.deliver(evolve(job, rendition=evolve(job.rendition, size=200_000_000, sha256=sha256)))
    assert resident() - before < 4_000_000


_CHILD = """
import os, signal, sys
from pathlib import Path
from attrs import evolve
from appliance.testing.backends import make_upload_job
from appliance_upload_http.backend import HttpBackend
from appliance_upload_http.options import HttpOptions

folder, url, point = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
job = make_upload_job(folder, (folder / "sound").read_bytes(), "clip")
die = lambda: os.kill(os.getpid(), signal.SIGKILL)
looks = 0
def cancelled():
    global looks
    looks += 1
    if looks > point:
        die()
    return False
HttpBackend(HttpOptions(url)).deliver(evolve(job, cancelled=cancelled))
die()
"""


@pytest.mark.slow
@pytest.mark.parametrize("point", [0, 1, 2, 7, 12, 16, 17, 18, 20, 1000])
def test_killed_at_any_moment_the_clip_arrives_once(
    point: int, start_receiver: Callable[..., Receiver], tmp_path: Path
) -> None:
    """Killed at a look of the backend at `cancelled`: before and after connecting, between the blocks (from 2), before
    the last line (18), with the answer on its way (20); at last after the answer, before anyone noted it.
    """
    receiver = start_receiver()
    (tmp_path / "sound").write_bytes(SOUND)
    command = [sys.executable, "-c", _CHILD, str(tmp_path), receiver.url(), str(point)]
    assert subprocess.run(command, check=False, timeout=60).returncode == -signal.SIGKILL
    job = make_upload_job(tmp_path, SOUND, "clip")
    backend(receiver.url()).deliver(evolve(job, attempt=2))
    assert receiver.files == {job.rendition.file_name: SOUND}

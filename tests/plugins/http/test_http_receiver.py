"""The receiver that the documentation hands out, with the configuration that goes with it."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from appliance_upload_http.options import Auth, Proof
from attrs import evolve

from appliance.codec import from_json
from appliance.plugin import Clip, Permanent, Secret, UploadJob
from tests.plugins.http.conftest import SOUND, backend

SCRIPT = Path(__file__).parents[3] / "docs/examples/receiver.py"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Its address and folder."""
    folder = tmp_path / "received"
    folder.mkdir()
    command = [sys.executable, str(SCRIPT), str(folder), "token", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().split()[-1], folder
        finally:
            process.terminate()


def test_the_receiver_proves_what_it_has(served: tuple[str, Path], job: UploadJob) -> None:
    address, folder = served
    sender = backend(
        f"{address}{{file_name}}",
        method="PUT",
        auth=Auth(bearer=Secret("token")),
        proof=Proof(header="X-Content-SHA256"),
    )
    receipt = sender.deliver(job)
    assert receipt.verified
    assert [path.name for path in folder.iterdir()] == [job.rendition.file_name]
    assert (folder / job.rendition.file_name).read_bytes() == SOUND


def test_a_sidecar_is_put_beside_what_is_put(served: tuple[str, Path], job: UploadJob) -> None:
    address, folder = served
    sender = backend(f"{address}{{file_name}}", method="PUT", sidecar=True, auth=Auth(bearer=Secret("token")))
    sender.deliver(job)
    beside = (folder / job.rendition.file_name).with_suffix(".json")
    assert job.clip and from_json(beside.read_bytes(), Clip) == job.clip
    assert (folder / job.rendition.file_name).read_bytes() == SOUND
    sender.deliver(evolve(job, attempt=2, clip=evolve(job.clip, title="Anna")))
    assert from_json(beside.read_bytes(), Clip).title == "Anna"


def test_the_receiver_asks_who_is_there(served: tuple[str, Path], job: UploadJob) -> None:
    address, folder = served
    with pytest.raises(Permanent, match="401"):
        backend(f"{address}{{file_name}}", method="PUT", auth=Auth(bearer=Secret("wrong"))).deliver(job)
    assert not list(folder.iterdir())

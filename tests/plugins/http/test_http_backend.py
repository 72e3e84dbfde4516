"""The http backend against a real server."""

from itertools import pairwise
from pathlib import Path

import pytest
from appliance_upload_http import appliance_upload_backends
from appliance_upload_http.backend import HttpBackend
from appliance_upload_http.options import HttpOptions, Proof
from attrs import evolve

from appliance.plugin import BackendContext, UploadJob
from appliance.testing.backends import check_upload_backend
from tests.plugins.http.conftest import backend
from tests.plugins.receiver import Receiver, Reply


@pytest.mark.slow
def test_keeps_the_contract(receiver: Receiver, tmp_path: Path) -> None:
    check_upload_backend(
        lambda: HttpBackend(HttpOptions(receiver.url())),
        fetch=lambda name: receiver.files[name],
        directory=tmp_path / "source",
        listing=lambda: receiver.files,
    )


@pytest.mark.slow
def test_keeps_the_contract_with_proof(receiver: Receiver, tmp_path: Path) -> None:
    check_upload_backend(
        lambda: HttpBackend(HttpOptions(receiver.url(), proof=Proof(json_pointer="/file/sha256"))),
        fetch=lambda name: receiver.files[name],
        directory=tmp_path / "source",
        listing=lambda: receiver.files,
    )


@pytest.mark.parametrize(("limit", "most"), [(None, 65_536), (1_000_000, 65_536), (2000, 2000)])
def test_a_low_rate_limit_makes_small_blocks(
    receiver: Receiver, tmp_path: Path, job: UploadJob, limit: int | None, most: int
) -> None:
    """A server must not wait for longer than it likes between two of them."""
    [kind] = appliance_upload_backends()
    backend = kind.create(HttpOptions(receiver.url()), BackendContext("web", "box", tmp_path, rate_limit=limit))
    sent = [0]
    backend.deliver(evolve(job, progress=sent.append))
    assert max(after - before for before, after in pairwise(sent)) == most


@pytest.mark.parametrize("place", ["/" + "L" * 60_000, "http://[::1/files/7"], ids=["too long", "no URL"])
def test_a_place_that_can_be_none_is_no_reason_to_send_again(place: str, receiver: Receiver, job: UploadJob) -> None:
    receiver.always = Reply(201, {"Location": place})
    assert backend(receiver.url()).deliver(job).remote_name == job.rendition.file_name


def test_what_is_kept_of_a_place_is_without_its_query(receiver: Receiver, job: UploadJob) -> None:
    receiver.always = Reply(201, {"Location": "/files/7?key=hunter22"})
    receipt = backend(receiver.url()).deliver(job)
    assert receipt.remote_name == receiver.url("/files/7") and "hunter22" not in receipt.detail

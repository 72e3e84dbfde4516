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
from tests.plugins.receiver import Receiver


def test_keeps_the_contract(receiver: Receiver, tmp_path: Path) -> None:
    check_upload_backend(
        lambda: HttpBackend(HttpOptions(receiver.url())),
        fetch=lambda name: receiver.files[name],
        directory=tmp_path / "source",
        listing=lambda: receiver.files,
    )


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

"""The http backend against a real server."""

from pathlib import Path

from appliance_upload_http.backend import HttpBackend
from appliance_upload_http.options import HttpOptions, Proof

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

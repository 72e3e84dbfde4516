"""What of the options reaches the wire: where the bucket's name goes, whose credentials sign, what the object is."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from appliance_upload_s3 import create
from appliance_upload_s3.client import make_client
from appliance_upload_s3.options import Addressing, S3Options

from appliance.plugin import BackendContext, Permanent, Secret, Transient
from appliance.testing.backends import make_upload_job
from tests.plugins.s3.conftest import ACCESS_KEY, SECRET_KEY, S3Server

KEYS: dict[str, Any] = {"access_key": Secret("a"), "secret_key": Secret("b")}
AUTO = Addressing.AUTO


@pytest.mark.parametrize(
    ("endpoint", "addressing", "url"),
    [
        ("http://nas.local:9000", AUTO, "http://nas.local:9000/clips/k"),
        ("https://minio.example.org", AUTO, "https://minio.example.org/clips/k"),
        ("https://minio.example.org", Addressing.VIRTUAL, "https://clips.minio.example.org/k"),
        ("https://oss-cn-shanghai.aliyuncs.com", AUTO, "https://clips.oss-cn-shanghai.aliyuncs.com/k"),
        ("https://oss-cn-shanghai.aliyuncs.com", Addressing.PATH, "https://oss-cn-shanghai.aliyuncs.com/clips/k"),
        ("", AUTO, "https://clips.s3.amazonaws.com/k"),
    ],
)
def test_where_the_name_of_the_bucket_goes(endpoint: str, addressing: Addressing, url: str) -> None:
    options = S3Options(bucket="clips", endpoint_url=endpoint, addressing=addressing, allow_http=True, **KEYS)
    signed = make_client(options).generate_presigned_url("put_object", Params={"Bucket": "clips", "Key": "k"})
    assert signed.split("?")[0] == url


def test_a_temporary_key_goes_with_its_token() -> None:
    options = S3Options(bucket="clips", session_token=Secret("tok"), **KEYS)
    signed = make_client(options).generate_presigned_url("get_object", Params={"Bucket": "clips", "Key": "k"})
    assert "tok" in urlsplit(signed).query


@pytest.mark.parametrize(("size", "suffix", "kind"), [(1000, ".wav", "audio/wav"), (9_000_000, ".wav", "audio/wav")])
def test_an_object_says_what_it_is(size: int, suffix: str, kind: str, weed: S3Server, tmp_path: Path) -> None:
    job = make_upload_job(tmp_path, bytes(size), f"clip-of-{size}")
    receipt = weed.backend(tmp_path).deliver(job)
    assert weed.client().head_object(Bucket="clips", Key=receipt.remote_name)["ContentType"] == kind


def test_credentials_that_somebody_renews_are_read_anew(
    weed: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "credentials"
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    job = make_upload_job(tmp_path, b"sound", "renewed")
    backend = weed.backend(tmp_path, access_key=None, secret_key=None)
    with pytest.raises(Permanent, match="no credentials"):
        backend.deliver(job)
    file.write_text("[default]\naws_access_key_id = AKIAOLD\naws_secret_access_key = old\n")
    with pytest.raises((Permanent, Transient)):
        backend.deliver(job)
    file.write_text(f"[default]\naws_access_key_id = {ACCESS_KEY}\naws_secret_access_key = {SECRET_KEY}\n")
    with pytest.raises((Permanent, Transient)):  # the last attempt with the old ones tells that they are of no use
        backend.deliver(job)
    assert backend.deliver(job).verified


def test_a_profile_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nope")
    with pytest.raises(Permanent, match=r"bucket 'clips' at AWS: .*profile \(nope\) could not be found. Check"):
        create(S3Options("clips"), BackendContext("cloud", "box", tmp_path))

"""Options that cannot be meant are refused, with the line that helps."""

from typing import Any

import pytest
from appliance_upload_s3 import appliance_upload_backends
from appliance_upload_s3.options import S3Options

from appliance.plugin import Secret


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"endpoint_url": "http://nas.local:9000"}, "`allow_http: true`"),
        ({"endpoint_url": "nas.local:9000"}, "is not an endpoint"),
        ({"endpoint_url": "https://user:word@nas.local"}, "is not an endpoint"),
        ({"access_key": Secret("a")}, "come together"),
        ({"secret_key": Secret("a")}, "come together"),
        ({"access_key": Secret("a\u2013b"), "secret_key": Secret("b")}, "copy it anew"),
        ({"access_key": Secret("a"), "secret_key": Secret("b c")}, "copy it anew"),
        ({"session_token": Secret("a")}, "belongs to"),
        ({"bucket": "my bucket"}, "bucket"),
        ({"region": "EU (Frankfurt)"}, "region"),
        ({"part_size": 1_000_000}, "part_size"),
        ({"parallel_parts": 0}, "parallel_parts"),
        ({"prefix": "/clips"}, "without a name"),
        ({"key": "{nonsense}"}, "nonsense"),
    ],
)
def test_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        S3Options(**{"bucket": "clips"} | options)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"endpoint_url": "https://s3.example.org"},
        {"endpoint_url": "http://127.0.0.1:9000"},
        {"endpoint_url": "http://[::1]:9000"},
        {"endpoint_url": "http://localhost:9000"},
        {"endpoint_url": "http://nas.local:9000", "allow_http": True},
        {"access_key": Secret("a"), "secret_key": Secret("b")},
        {"region": "eu-central-1"},
        {"region": "auto"},
    ],
)
def test_accepted(options: dict[str, Any]) -> None:
    S3Options(**{"bucket": "clips"} | options)


def test_secrets_are_not_printed() -> None:
    assert "hush" not in repr(S3Options(bucket="clips", access_key=Secret("hush"), secret_key=Secret("hush")))


def test_hook_names_the_backend_and_its_extra() -> None:
    [kind] = appliance_upload_backends()
    assert (kind.name, kind.options(), kind.extra) == ("s3", S3Options, "s3")

"""Every error of the library and the server becomes one of ours, with words for a person."""

from typing import Any

import botocore.exceptions
import pytest
from appliance_upload_s3.errors import Damaged, Exists, Target, UploadGone, translate
from botocore.exceptions import BotoCoreError, ClientError

from appliance.plugin import Cancelled, Permanent, Transient

TARGET = Target("clips", "https://s3.example.org")


def answer(status: int, code: str, message: str = "so says the server", headers: Any = None) -> ClientError:
    response: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": headers or {}},
    }
    return ClientError(response, "PutObject")


@pytest.mark.parametrize(
    ("status", "code", "kind", "words"),
    [
        (403, "RequestTimeTooSkewed", Permanent, "the clock is wrong"),
        (404, "NoSuchBucket", Permanent, "bucket does not exist"),
        (403, "AccessDenied", Permanent, "s3:PutObject"),
        (403, "403", Permanent, "access denied"),
        (403, "InvalidAccessKeyId", Permanent, "access_key"),
        (403, "SignatureDoesNotMatch", Permanent, "secret_key"),
        (301, "PermanentRedirect", Permanent, "region"),
        (302, "302", Permanent, "endpoint_url"),
        (303, "303", Permanent, "endpoint_url"),
        (308, "308", Permanent, "endpoint_url"),
        (411, "MissingContentLength", Permanent, "Check the settings"),
        (451, "451", Permanent, "Check the settings"),
        (423, "423", Transient, "cannot take it now"),
        (400, "AuthorizationHeaderMalformed", Permanent, "region"),
        (400, "EntityTooLarge", Permanent, "larger than the server takes"),
        (413, "413", Permanent, "larger than the server takes"),
        (400, "SomethingNew", Permanent, "Check the settings"),
        (400, "ExpiredToken", Transient, "expired"),
        (503, "SlowDown", Transient, "slow down"),
        (429, "TooManyRequests", Transient, "slow down"),
        (400, "RequestTimeout", Transient, "too slowly"),
        (500, "InternalError", Transient, "status 500"),
        (507, "507", Transient, "status 507"),
        (409, "OperationAborted", Transient, "under way"),
        (412, "PreconditionFailed", Exists, "taken"),
        (400, "BadDigest", Damaged, "damaged"),
        (404, "NoSuchUpload", UploadGone, "anew"),
        (400, "InvalidPart", UploadGone, "anew"),
    ],
)
def test_answers(status: int, code: str, kind: type[Exception], words: str) -> None:
    error = translate(answer(status, code), TARGET)
    assert isinstance(error, kind)
    assert words in str(error)
    assert "clips" in str(error)
    assert code in str(error)


@pytest.mark.parametrize("code", ["RequestTimeTooSkewed", "RequestExpired"])
def test_a_clock_that_was_never_set_is_waited_for(code: str) -> None:
    error = translate(answer(403, code), Target("clips", "https://s3.example.org", lambda: False))
    assert isinstance(error, Transient)
    assert "the clock is wrong" in str(error)


def test_message_is_one_line() -> None:
    assert "\n" not in str(translate(answer(500, "InternalError", "two\n lines"), TARGET))


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("17", 17.0),
        ("", None),
        ("soon", None),
        ("-3", None),
        ("Sat, 31 Jan 2026 12:01:40 GMT", 100.0),
    ],
)
def test_retry_after(header: str, wait: float | None) -> None:
    headers = {"retry-after": header, "date": "Sat, 31 Jan 2026 12:00:00 GMT"}
    error = translate(answer(503, "SlowDown", headers=headers), TARGET)
    assert isinstance(error, Transient)
    assert error.retry_after == wait


class Any_(dict[str, str]):
    """Whatever an exception class of the library wants for its message."""

    def __missing__(self, key: str) -> str:
        return key


def library_errors() -> list[type[BotoCoreError]]:
    found = vars(botocore.exceptions).values()
    return [each for each in found if isinstance(each, type) and issubclass(each, BotoCoreError)]


PERMANENT = {
    "NoCredentialsError",
    "PartialCredentialsError",
    "ProfileNotFound",
    "ConfigNotFound",
    "ConfigParseError",
    "InvalidConfigError",
    "InfiniteLoopConfigError",
    "InvalidProxiesConfigError",
    "NoRegionError",
    "InvalidRegionError",
    "EndpointProviderError",
    "EndpointResolutionError",
    "UnknownEndpointResolutionBuiltInName",
    "InvalidDNSNameError",
    "InvalidEndpointConfigurationError",
    "ParamValidationError",
    "MissingDependencyException",
}


@pytest.mark.parametrize("kind", library_errors(), ids=lambda kind: kind.__name__)
def test_library_errors(kind: type[BotoCoreError]) -> None:
    """Nothing of the library escapes; what only a person can correct is listed, and the rest is tried again."""
    error = kind.__new__(kind)
    Exception.__init__(error, "as the library says it")
    error.kwargs = {}
    found = translate(error, TARGET)
    assert isinstance(found, Permanent if kind.__name__ in PERMANENT else Transient)
    assert "clips" in str(found)


@pytest.mark.parametrize(("status", "kind"), [(407, Permanent), (403, Permanent), (502, Transient)])
def test_a_proxy_that_opens_no_tunnel(status: int, kind: type[Exception]) -> None:
    said = OSError(f"Tunnel connection failed: {status} so says the proxy")
    error = botocore.exceptions.ProxyConnectionError(proxy_url="", error=("Unable to connect to proxy", said))
    assert isinstance(translate(error, TARGET), kind)


def test_our_own_error_inside_a_body_comes_out_as_it_was() -> None:
    cancelled = Cancelled("taken back")
    assert translate(botocore.exceptions.HTTPClientError(error=cancelled), TARGET) is cancelled

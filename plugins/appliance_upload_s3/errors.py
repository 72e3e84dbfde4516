"""Every error of boto3 and of the server, turned into Transient or Permanent. The one place where that happens."""

from collections.abc import Callable
from datetime import UTC, datetime

from appliance_http.causes import causes, passing
from appliance_http.statuses import PASSING, proxy_refusal, retry_after
from attrs import frozen
from botocore import exceptions as boto
from botocore.exceptions import BotoCoreError, ClientError

from appliance.plugin import Cancelled, Permanent, Transient

MUST_ACT = {
    "NoSuchBucket": "the bucket does not exist. Create it, or correct `bucket`",
    "AccessDenied": "access denied. Allow the key s3:PutObject, s3:GetObject and s3:AbortMultipartUpload there",
    "AllAccessDisabled": "the account is disabled. Ask its owner",
    "AccountProblem": "there is a problem with the account. Ask its owner",
    "InvalidAccessKeyId": "the server does not know this access key. Correct `access_key`",
    "SignatureDoesNotMatch": "the secret key is wrong. Correct `secret_key`",
    "InvalidToken": "the temporary credentials are not valid. Renew them",
    "PermanentRedirect": "the bucket is elsewhere, maybe in another region. Correct `region` or `endpoint_url`",
    "TemporaryRedirect": "the server sends us elsewhere: maybe this network has a login page. Else correct `region` or "
    "`endpoint_url`",
    "AuthorizationHeaderMalformed": "the bucket is in another region. Correct `region`",
    "IllegalLocationConstraintException": "the bucket is in another region. Correct `region`",
    "InvalidBucketName": "that is no name of a bucket. Correct `bucket`",
    "InvalidStorageClass": "the server does not have this storage class. Correct `storage_class`",
    "InvalidTag": "the server does not take these tags. Correct `tags`",
    "KMS.NotFoundException": "the KMS key does not exist. Correct `kms_key`",
    "KMS.DisabledException": "the KMS key is disabled. Enable it, or correct `kms_key`",
    "EntityTooLarge": "the clip is larger than the server takes. Use another destination or `deliver_as: flac`",
    "EntityTooSmall": "the server wants larger parts. Raise `part_size`",
    "KeyTooLongError": "the key is too long. Shorten `prefix` or `key`",
    "MetadataTooLarge": "the server does not take that much metadata. Use another server",
    "QuotaExceeded": "the quota is used up. Make room there",
    "NotImplemented": "the server lacks something that is asked for. Remove `tags`, `encryption` or `storage_class`",
    "MethodNotAllowed": "the server does not allow that. Check `endpoint_url`",
    "InvalidObjectState": "the object is archived. Restore it there",
}
_CREDENTIALS = {"ExpiredToken", "InvalidToken", "InvalidAccessKeyId", "SignatureDoesNotMatch"}
CLOCK = {"RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture"}
DAMAGED = {"BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch", "IncompleteBody"}
GONE = {"NoSuchUpload", "InvalidPart", "InvalidPartOrder"}
TRY_AGAIN = {
    "ExpiredToken": "the temporary credentials have expired. Whoever renews them is late",
    "SlowDown": "the server asks to slow down",
    "Throttling": "the server asks to slow down",
    "TooManyRequests": "the server asks to slow down",
    "RequestTimeout": "the data came too slowly",
    "OperationAborted": "another operation on the same object is under way",
    "ConditionalRequestConflict": "another operation on the same object is under way",
}
_SAME_AS = {
    301: "PermanentRedirect",
    302: "TemporaryRedirect",
    303: "TemporaryRedirect",
    307: "TemporaryRedirect",
    308: "PermanentRedirect",
    401: "AccessDenied",
    403: "AccessDenied",
    404: "NoSuchBucket",
    405: "MethodNotAllowed",
    413: "EntityTooLarge",
    501: "NotImplemented",
}
"""What a status means where the server's word for it is not known."""

_LIBRARY_MUST_ACT: tuple[type[BotoCoreError], ...] = (
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.ProfileNotFound,
    boto.ConfigNotFound,
    boto.ConfigParseError,
    boto.InvalidConfigError,
    boto.InvalidProxiesConfigError,
    boto.NoRegionError,
    boto.InvalidRegionError,
    boto.EndpointProviderError,
    boto.InvalidDNSNameError,
    boto.InvalidEndpointConfigurationError,
    boto.ParamValidationError,
    boto.MissingDependencyException,
)


class Damaged(Transient):
    """The bytes that arrived do not have the checksum that came with them."""


class NoAnswer(Transient):
    """What came is no answer of S3, or only the beginning of one."""

    def __init__(self, target: "Target") -> None:
        super().__init__(
            f"{target}: the answer was cut short, or comes from something else: maybe this network has a login page. "
            "Else correct `endpoint_url`"
        )


class UploadGone(Transient):
    """The server does not know the multipart upload, or lost a part of it."""


class Unsupported(Permanent):
    """The server does not do what was asked of it."""


class Exists(Permanent):
    """There is an object under the key already."""


@frozen
class Target:
    """What an error message has to name, and whether the clock of this box is above suspicion."""

    bucket: str
    endpoint: str
    clock_trusted: Callable[[], bool] = lambda: True

    def __str__(self) -> str:
        return f"bucket '{self.bucket}' at {self.endpoint}"


def refuses_credentials(error: BotoCoreError | ClientError) -> bool:
    """Whether other credentials might have done."""
    if isinstance(error, ClientError):
        return code(error) in _CREDENTIALS or status(error) in (401, 403)
    return isinstance(error, boto.NoCredentialsError | boto.PartialCredentialsError | boto.CredentialRetrievalError)


def code(error: ClientError) -> str:
    """The server's own word for what is wrong. The answer to a HEAD has no body: there it is the status."""
    return error.response.get("Error", {}).get("Code", "")


def status(error: ClientError) -> int:
    """The HTTP status."""
    return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)


def translate(error: BotoCoreError | ClientError, target: Target) -> Transient | Permanent | Cancelled:
    """What the outbox has to know about `error`."""
    if isinstance(error, ClientError):
        return _answer(error, target)
    return _library(error, target)


def _answer(error: ClientError, target: Target) -> Transient | Permanent:
    word, number = code(error), status(error)
    said = " ".join(error.response.get("Error", {}).get("Message", "").split())
    note = f" ({word}: {said})" if said else f" ({word})"
    if word in CLOCK:
        if not target.clock_trusted():
            return Transient(
                f"{target}: the clock is wrong: this box was never told the time{note}. Goes on once it is"
            )
        return Permanent(f"{target}: the clock is wrong, on this box or there{note}. Look at `timedatectl`")
    if word in DAMAGED:
        return Damaged(f"{target}: the data was damaged on its way{note}")
    if word in GONE:
        return UploadGone(f"{target}: the server lost the parts sent so far, they are sent anew{note}")
    if number == 412:
        return Exists(f"{target}: the key is taken{note}")
    if word in TRY_AGAIN or number in PASSING | {409}:
        reason = TRY_AGAIN.get(word, "the server cannot take it now")
        return Transient(f"{target}: {reason}{note}", retry_after=_retry_after(error))
    key = word if word in MUST_ACT else _SAME_AS.get(number, "")
    if not key and not 300 <= number <= 499:
        return Transient(f"{target}: the server failed with status {number}{note}", retry_after=_retry_after(error))
    advice = MUST_ACT.get(key, "the server refuses the request. Check the settings of this destination")
    kind = Unsupported if key == "NotImplemented" else Permanent
    return kind(f"{target}: {advice}{note}")


def _retry_after(error: ClientError) -> float | None:
    headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return retry_after({name.title(): text for name, text in headers.items()}, datetime.now(UTC))


def _library(error: BotoCoreError, target: Target) -> Transient | Permanent | Cancelled:
    cause = error.kwargs.get("error")
    if isinstance(cause, (Transient, Permanent, Cancelled)):
        return cause
    text = " ".join(str(cause or error).split())
    if isinstance(cause, ValueError):  # http.client names the header that it cannot send, and shows its value
        return Permanent(f"{target}: the credentials hold characters that no key has. Copy them anew")
    if isinstance(error, boto.NoCredentialsError | boto.PartialCredentialsError):
        return Permanent(f"{target}: no credentials found. Set `access_key` and `secret_key` of this destination")
    if isinstance(error, _LIBRARY_MUST_ACT):
        return Permanent(f"{target}: {text}. Check the settings of this destination")
    if isinstance(error, boto.ConnectTimeoutError | boto.ReadTimeoutError):
        return Transient(f"{target}: no answer in time")
    if isinstance(error, boto.ProxyConnectionError):
        if refusal := proxy_refusal(text):
            return Permanent(f"{target}: {refusal}")
        return Transient(f"{target}: the proxy cannot be reached ({text})")
    for each in causes(cause or error):
        if words := passing(each):
            return Transient(f"{target} {words}")
    if isinstance(error, boto.SSLError):
        return _certificate(text, target)
    return Transient(f"{target}: the connection broke ({text})")


def _certificate(text: str, target: Target) -> Transient | Permanent:
    for date in ("is not yet valid", "has expired"):
        if date in text and not target.clock_trusted():
            return Transient(f"{target}: its certificate {date}: this box was never told the time. Goes on once it is")
        if date in text:
            return Permanent(
                f"{target}: its certificate {date}: the server needs a new one, unless the clock of this box is wrong."
                " Look at `timedatectl`"
            )
    if "CERTIFICATE_VERIFY_FAILED" in text or "doesn't match" in text:
        return Permanent(f"{target}: its certificate is not trusted ({text}). Set `ca_file`, or correct `endpoint_url`")
    return Transient(f"{target}: no secure connection ({text})")

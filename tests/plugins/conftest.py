"""What the tests of several plugins share."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.plugins.certificates import Authority
from tests.plugins.faultproxy import FaultProxy
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

"""What the tests of several plugins share."""

import contextlib
from collections.abc import Callable, Iterator

import pytest

from tests.plugins.faultproxy import FaultProxy


@pytest.fixture
def fault_proxy() -> Iterator[Callable[[int], FaultProxy]]:
    """`fault_proxy(port)` puts a FaultProxy in front of a server on 127.0.0.1."""
    with contextlib.ExitStack() as stack:

        def start(port: int) -> FaultProxy:
            proxy = FaultProxy(("127.0.0.1", port))
            stack.callback(proxy.close)
            return proxy

        yield start

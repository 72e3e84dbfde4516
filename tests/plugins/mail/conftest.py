"""Mail servers that take letters."""

from collections.abc import Iterator

import pytest

from tests.plugins.mailserver import Serve, mail_servers


@pytest.fixture
def serve() -> Iterator[Serve]:
    with mail_servers() as start:
        yield start

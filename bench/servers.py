"""Real servers to deliver to, those of the tests."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.plugins.nginx import Nginx
from tests.plugins.receiver import Receiver, Reply
from tests.plugins.s3.conftest import S3Server, make_weed

RCLONE = str(Path(sys.executable).with_name("rclone"))


@contextmanager
def nginx() -> Iterator[str]:
    """The URL of an nginx that takes forms, writes them to the disk and drops them."""
    with tempfile.TemporaryDirectory(prefix="appliance-bench-") as folder:
        root = Path(folder)
        root.chmod(0o755)
        receiver = Receiver(always=Reply(200, {"Content-Type": "text/plain"}, b"thank you"))
        server = Nginx(root / "nginx", receiver.port)
        try:
            yield server.url("/discard")
        finally:
            server.close()
            receiver.close()


@contextmanager
def weed() -> Iterator[S3Server]:
    """A SeaweedFS with an empty bucket."""
    with tempfile.TemporaryDirectory(prefix="appliance-bench-") as folder:
        directory = Path(folder) / "weed"
        directory.mkdir()
        server = make_weed(directory)
        server.start()
        try:
            yield server
        finally:
            server.stop()

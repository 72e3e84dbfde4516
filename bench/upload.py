"""How fast a large clip goes out and what memory it takes, against the tools that people would use instead."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.results import Result, at_least, at_most
from bench.servers import RCLONE, nginx, weed
from tests.plugins.s3.conftest import ACCESS_KEY, BUCKET, SECRET_KEY

_SIZE = 500_000_000
_BLOCK = 1 << 20


@contextmanager
def _large_file(size: int) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="appliance-bench-") as folder:
        path = Path(folder) / "large.wav"
        with path.open("wb") as file:
            for _ in range(size // _BLOCK):
                file.write(os.urandom(_BLOCK))
        yield path


def _timed(command: Sequence[str | Path]) -> float:
    begun = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


def _send(how: str, url: str, path: Path) -> tuple[float, float]:
    """Seconds and MB of growth of one upload in a process of its own."""
    keys = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}
    command = [sys.executable, "-m", "bench.send", how, url, str(path)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=os.environ | keys)
    told = json.loads(done.stdout)
    return told["seconds"], told["grown"]


def http(rounds: int, scale: float) -> Sequence[Result]:
    """A form with 500 MB in it to nginx, against curl."""
    ratios, growth = [], []
    with nginx() as url, _large_file(round(_SIZE * scale)) as path:
        for _ in range(2 * rounds + 1):
            ours, grown = _send("http", url, path)
            curl = _timed(["curl", "-sS", "--fail", "-F", f"file=@{path}", url])
            ratios.append(curl / ours)
            growth.append(grown)
    megabytes = round(_SIZE * scale / 1e6)
    return [
        at_least(f"HTTP form of {megabytes} MB to nginx, speed", ratios, 0.9, " x", "`curl -F`, in turns"),
        at_most(f"HTTP form of {megabytes} MB to nginx, growth of RSS", growth, 4, " MB", "limit"),
    ]


def s3(rounds: int, scale: float) -> Sequence[Result]:
    """An object of 500 MB to SeaweedFS, against boto3 and rclone."""
    against_boto3, against_rclone, growth = [], [], []
    with weed() as server, _large_file(round(_SIZE * scale)) as path:
        remote = (
            f":s3,provider=SeaweedFS,endpoint='{server.url}',access_key_id={ACCESS_KEY},"
            f"secret_access_key={SECRET_KEY},no_check_bucket:{BUCKET}/rclone"
        )
        for _ in range(rounds):
            ours, grown = _send("s3", server.url, path)
            boto3, _ = _send("boto3", server.url, path)
            rclone = _timed([RCLONE, "--config", "/dev/null", "copy", path, remote])
            against_boto3.append(boto3 / ours)
            against_rclone.append(rclone / ours)
            growth.append(grown)
            for key in server.listing():
                server.client().delete_object(Bucket=BUCKET, Key=key)
    megabytes = round(_SIZE * scale / 1e6)
    return [
        at_least(f"S3 object of {megabytes} MB to SeaweedFS, speed", against_boto3, 0.9, " x", "`boto3.upload_file`"),
        at_least(
            f"S3 object of {megabytes} MB to SeaweedFS, speed beside rclone", against_rclone, 0.9, " x", "`rclone copy`"
        ),
        at_most(f"S3 object of {megabytes} MB, growth of RSS, boto3 included", growth, 40, " MB", "limit"),
    ]

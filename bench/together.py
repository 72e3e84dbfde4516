"""Recording while large clips go out."""

import time
from collections.abc import Sequence
from pathlib import Path

from appliance.audio.journal import Begin
from appliance.audio.take import clip_name
from appliance.audio.takefile import TakeFile
from appliance.clock import SystemClock
from appliance.models import Levels, Verdict
from appliance.store import Store
from appliance.vitals import Vitals
from bench.box import Box, running, until
from bench.record import STEREO, frames_lost
from bench.results import Result, at_most
from bench.servers import nginx, weed
from tests.plugins.s3.conftest import ACCESS_KEY, BUCKET, SECRET_KEY

_SIZE = 500_000_000
_BLOCK = 1 << 20
_DESTINATIONS = """\
  web: {{backend: http, url: "{web}"}}
  cloud: {{backend: s3, bucket: {bucket}, endpoint_url: "{cloud}", access_key: {access}, secret_key: {secret}}}
"""


def make_clip(directory: Path, size: int) -> None:
    """A long clip that goes nowhere by itself."""
    clock = SystemClock()
    store = Store(directory, clock, lambda _: None, Vitals(clock))
    store.start()
    started = clock.stamp()
    begin = Begin("abcdefghij", clip_name("bench", started, "abcdefghij"), "bench", STEREO, started, 0.0)
    take = TakeFile.create(store.places.takes, begin)
    for number in range(size // _BLOCK):
        take.append(number.to_bytes(4, "big") * (_BLOCK // 4))
    take.seal(Levels(), Verdict.OK)
    take.close()
    store.clips.adopt("abcdefghij")
    store.close()


def _arrived(box: Box) -> bool:
    entry = box.call("clips.show", clip="abcdefghij")
    return all(delivery["state"] == "delivered" for delivery in entry["deliveries"])


def _lost(size: int) -> float:
    with nginx() as web, weed() as cloud:
        keys = {"access": ACCESS_KEY, "secret": SECRET_KEY, "bucket": BUCKET}
        more = _DESTINATIONS.format(web=web, cloud=cloud.url, **keys)
        with running(more, lambda state: make_clip(state, size)) as box:
            box.call("record.start")
            time.sleep(2)
            for destination in ("web", "cloud"):
                box.call("clips.deliver", clips=["abcdefghij"], to=destination)
            until(lambda: _arrived(box), 300)
            time.sleep(1)
            box.call("record.stop")
            return frames_lost(box.clips()[-1])


def together(rounds: int, scale: float) -> Sequence[Result]:
    """Frames lost while a clip of 500 MB goes to nginx and, at the same time, to SeaweedFS."""
    lost = max(_lost(round(_SIZE * scale)) for _ in range(rounds))
    what = f"frames lost while two uploads of {_SIZE * scale / 1e6:.0f} MB run"
    return [at_most(what, [lost], 0, "", "HTTP to nginx and S3 to SeaweedFS at once, 48 kHz stereo")]

"""Servers as they are out there, and a whole appliance: what they are believed, and what is never asked for them."""

import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from appliance.simulation.sound import SPEECH
from tests.plugins.receiver import Receiver, Reply

Box = Any
CONFIG = """\
  hasty: {{backend: http, url: "{hasty}", retry: {{min: 1h, max: 1h}}}}
  slow: {{backend: http, url: "{slow}", timeouts: {{read: 1s}}, retry: {{min: 100ms, max: 200ms}}}}
feeds:
  sly: {{backend: urls, urls: ["{sly}"]}}
  meant: {{backend: urls, urls: ["{sly}"], allow_local: true}}
"""


@pytest.fixture
def servers() -> Iterator[dict[str, Receiver]]:
    """`hasty` answers before it has the file, `slow` later than anybody waits, `sly` leads to `own`, a service here."""
    with ExitStack() as stack:
        sound = Reply(200, {"Content-Type": "audio/flac"}, SPEECH.read_bytes())
        found = {
            "hasty": Receiver(always=Reply(200, body=b"ok", early=1)),
            "slow": Receiver(replies=[Reply(silent=True), Reply(silent=True)], deduplicate=True),
            "own": Receiver(always=sound),
        }
        found["sly"] = Receiver(always=Reply(302, {"Location": found["own"].url("/admin")}))
        for each in found.values():
            stack.callback(each.close)
        yield found


@pytest.mark.slow
def test_what_servers_say_is_not_believed_and_not_done_where_it_must_not(
    box: Box, servers: dict[str, Receiver]
) -> None:
    with box.config.open("a") as config:
        config.write(CONFIG.format(**{name: each.url("/a") for name, each in servers.items()}))
    before = os.umask(0o027)  # that of the unit
    box.start()
    os.umask(before)
    box.record(0.6)

    def delivery(destination: str) -> dict[str, Any]:
        [found] = [each for each in box.clips()[0]["deliveries"] if each["destination"] == destination]
        return dict(found)

    box.until(lambda: delivery("slow")["state"] == "delivered")
    assert delivery("slow")["attempts"] == 3 and len(servers["slow"].files) == 1
    box.until(lambda: delivery("hasty")["last_error"])
    assert delivery("hasty")["state"] == "pending" and not servers["hasty"].files

    box.until(lambda: delivery("shelf")["state"] == "delivered")
    [copy] = box.shelf.glob("*.wav")
    assert (stat.S_IMODE(box.shelf.stat().st_mode), stat.S_IMODE(copy.stat().st_mode)) == (0o755, 0o644)

    box.until(lambda: [fault for fault in box.status()["faults"] if fault["name"] == "feed:sly"])
    [fault] = [fault for fault in box.status()["faults"] if fault["name"] == "feed:sly"]
    assert "to this box itself" in fault["message"] and "allow_local: true" in fault["message"]
    box.until(lambda: box.call("feeds.list"))
    assert {track["feed"] for track in box.call("feeds.list")} == {"meant"}
    assert servers["own"].attempts == 1


@pytest.mark.slow
def test_parts_arrive_in_their_order_and_one_that_fails_at_first_holds_none_up(box: Box) -> None:
    far = Receiver(replies=[Reply(503)])
    box.config.write_text(
        box.config.read_text()
        + f"  far: {{backend: http, url: '{far.url()}', fields: {{id: '{{id}}'}}, retry: {{min: 6s, max: 6s}}}}\n"
        "recording: {split_every: 1s}\n"
    )
    try:
        box.start()
        box.call("record.start")
        box.until(lambda: len(box.clips()) >= 3)
        box.call("record.stop")
        parts = [entry["clip"]["id"] for entry in reversed(box.clips())][:3]
        box.until(box.nothing_waits)
    finally:
        far.close()
    tries = [id for seen in far.seen if (id := seen.parts[0].content.decode()) in parts]
    assert list(dict.fromkeys(tries)) == parts
    again = tries.index(parts[0], 1)
    assert tries.count(parts[0]) == 2 and again > tries.index(parts[1]), "the first try of the next did not wait for it"

"""A program in the place of rclone that does what it likes: each ends, is told in one line, and loses nothing."""

import shlex
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from appliance_feed_rclone.backend import RcloneFeed
from appliance_feed_rclone.options import RcloneFeedOptions

from appliance.config.options import Seconds
from appliance.plugin import BackendContext, Cancelled, Permanent, Transient
from appliance.testing.feeds import MemoryInbox

SOUND = "sound"
LIST = '[{"Path": "a.wav", "Size": 5, "ModTime": "2026-01-01T00:00:00Z"}]'
Make = Callable[..., RcloneFeed]


@pytest.fixture
def feed(tmp_path: Path) -> Make:
    program = tmp_path / "rclone"

    def make(timeout: float = 300.0, lists: str = "", gives: str = "") -> RcloneFeed:
        lists, gives = lists or f"printf %s {shlex.quote(LIST)}", gives or f"printf %s {SOUND}"
        program.write_text(f"#!/bin/sh\nif [ $1 = lsjson ]; then\n{lists}\nelse\n{gives}\nfi\n")
        program.chmod(0o755)
        options = RcloneFeedOptions("drive:", binary=str(program), timeout=Seconds(timeout))
        return RcloneFeed(options, BackendContext("family", "box", tmp_path, lambda: True))

    return make


def listed(path: str = '"a.wav"', size: str = "5", changed: str = '"2026-01-01T00:00:00Z"') -> str:
    told = f'[{{"Path": {path}, "Size": {size}, "ModTime": {changed}}}]'
    return f"printf %s {shlex.quote(told)}"


FAULTS = {
    "a list of rubbish": ({"lists": "head -c 100000 /dev/urandom"}, "makes no sense"),
    "no list": ({"lists": "echo null"}, "makes no sense"),
    "a list of nothing": ({"lists": "echo '[1]'"}, "makes no sense"),
    "a size that is none": ({"lists": listed(size='"x"')}, "makes no sense"),
    "a list without an end": ({"lists": "head -c 200000 /dev/zero | tr '\\0' '['"}, "makes no sense"),
    "half a file": ({"gives": "printf so"}, "broke off after 2 of 5 bytes"),
    "more than a file": ({"gives": "yes | head -c 100000"}, "after 100000 of 5 bytes"),
    "killed": ({"gives": "printf so; kill -9 $$"}, "killed by signal 9"),
    "much to say": ({"gives": "yes rubbish | head -c 1000000 >&2; exit 1"}, "rubbish"),
    "one long word to say": ({"gives": "head -c 5000000 /dev/zero | tr '\\0' x >&2; echo >&2; exit 1"}, "xxx"),
    "rubbish to say": ({"gives": "head -c 100000 /dev/urandom >&2; exit 1"}, "failed"),
    "odd counts": ({"gives": 'echo \'{"stats": {"bytes": "x"}}\' >&2; exit 1'}, "failed"),
}
SLOW = {
    "hangs over its list": ({"lists": "exec sleep 60"}, "no progress for 1 s"),
    "hangs over a file": ({"gives": "printf so; exec sleep 60"}, "no progress|next to nothing"),
    "talks for ever": ({"gives": "exec yes >&2"}, "no progress|next to nothing"),
    "says one endless word": ({"lists": "exec tr '\\0' x < /dev/zero >&2"}, "no progress"),
    "1 byte/s": ({"gives": "while :; do printf x; sleep 0.1; done"}, "next to nothing"),
}


@pytest.mark.parametrize("fault", [*FAULTS, *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW)])
def test_whatever_it_does(fault: str, feed: Make) -> None:
    inbox = MemoryInbox()
    does, said = (FAULTS | SLOW)[fault]
    with pytest.raises((Permanent, Transient), match=said) as caught:
        feed(1.0 if fault in SLOW else 300.0, **does).pull(inbox)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 700
    assert not inbox.tracks
    feed().pull(inbox)
    assert [track.content for track in inbox.tracks] == [SOUND.encode()]


def test_names_may_be_anything(feed: Make) -> None:
    inbox = MemoryInbox()
    feed(lists=listed(path=r'"-x\n../\u0007\u00fc $(touch x).wav"'), gives='printf %s "$2" | tail -c 5').pull(inbox)
    assert [(track.suffix, track.content) for track in inbox.tracks] == [(".wav", b").wav")]


def test_it_ends_with_the_box_also_while_it_lists(feed: Make, tmp_path: Path) -> None:
    inbox, errors = MemoryInbox(), list[BaseException]()

    def pull() -> None:
        try:
            feed(lists=f"touch {tmp_path}/begun; exec sleep 60").pull(inbox)
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=pull)
    thread.start()
    limit = time.monotonic() + 30
    while not (tmp_path / "begun").exists():
        assert time.monotonic() < limit
        time.sleep(0.005)
    inbox.stopping = True
    thread.join(30)
    assert not thread.is_alive() and [type(error) for error in errors] == [Cancelled]

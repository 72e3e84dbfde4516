"""What a person at a terminal is told of work that goes on by itself; Ctrl-C ends the telling, not the work."""

import time
from collections.abc import Iterator
from typing import Any

from appliance.cli.remote import Remote
from appliance.cli.terminal import Progress, say
from appliance.phrases import counted, duration, size

_EVERY = 0.3


def until_delivered(remote: Remote, destination: str) -> None:
    """Tell how far the clips for a destination are, until none waits or it cannot be reached."""
    with Progress() as progress:
        for status in _statuses(remote, progress):
            there = status["destinations"][destination]
            under_way = [each for each in status["sending"] if each["destination"] == destination]
            if not there["waiting"]:
                parked = f", {counted(there['parked'], 'clip')} parked: see `appliance clips list`"
                say(f"{destination}: nothing waits any more{parked if there['parked'] else ''}")
                return
            if there["last_error"] and not under_way:
                say(f"{destination}: {counted(there['waiting'], 'clip')} not there yet: {there['last_error']}")
                return
            progress.tell(f"{destination}: {counted(there['waiting'], 'clip')} to go{''.join(map(_way, under_way))}")


def _way(sending: dict[str, Any]) -> str:
    left = "" if sending["seconds_left"] is None else f", {duration(sending['seconds_left'])} left"
    return f", {size(sending['sent'])} of {size(sending['size'])} at {size(sending['rate'])}/s{left}"


def until_pulled(remote: Remote, feed: str | None) -> None:
    """Pull a feed, or all, and tell what it brought once that is over."""
    before = _feeds(remote.call("status"), feed)
    remote.call("feeds.pull", feed=feed)
    with Progress() as progress:
        progress.tell(f"pulling {', '.join(before)}")
        for status in _statuses(remote, progress):
            now = _feeds(status, feed)
            over = [name for name in before if name in now and now[name]["pulls"] > before[name]["pulls"]]
            for name in over:
                del before[name]
                heard = counted(now[name]["unheard"], "message")
                say(f"{name}: {now[name]['last_error'] or f'pulled, {heard} not heard yet'}")
            if not before.keys() & now.keys():
                return
            progress.tell(f"pulling {', '.join(before)}")


def _feeds(status: dict[str, Any], feed: str | None) -> dict[str, Any]:
    return {name: each for name, each in status["feeds"].items() if feed in (None, name)}


def _statuses(remote: Remote, progress: Progress) -> Iterator[dict[str, Any]]:
    """How the box is, several times a second; nothing where nobody watches."""
    while progress.is_watched:
        yield remote.call("status")
        time.sleep(_EVERY)

"""Destinations are tried for real; what goes wrong is told as what it is."""

import threading
from collections.abc import Callable
from itertools import islice
from typing import Any

import pytest
from attrs import frozen

from appliance.config.feeds import FeedSettings
from appliance.config.settings import DestinationSettings, Settings
from appliance.doctor import Box, Finding, Result, delivery, examine
from appliance.errors import Permanent, Transient, UsageError
from appliance.plugin import BackendContext, FeedBackendType, FeedJob, UploadBackendType, hookimpl
from appliance.plugin_host import PluginHost
from appliance.testing.backends import MemoryBackend

Make = Callable[..., Box]
Findings = Callable[..., list[Finding]]


@frozen
class NoOptions:
    """Nothing to set."""


class Probed(MemoryBackend):
    """A destination whose probe does as it is told."""

    closings = 0

    def __init__(self, probe: Callable[[], str]) -> None:
        super().__init__()
        self.probe = probe  # type: ignore[method-assign]

    def close(self) -> None:
        type(self).closings += 1


def hosting(probe: Callable[[], str], create: Callable[..., Any] | None = None) -> PluginHost:
    class Plugin:
        @hookimpl
        def appliance_upload_backends(self) -> list[UploadBackendType]:
            return [UploadBackendType("memory", NoOptions, create or (lambda options, context: Probed(probe)))]

    host = PluginHost([("memory", Plugin)])
    host.discover()
    return host


def raising(error: BaseException) -> Callable[[], str]:
    def probe() -> str:
        raise error

    return probe


def to(*names: str) -> Settings:
    return Settings(destinations={name: DestinationSettings(backend="memory", options=NoOptions()) for name in names})


def test_a_destination_that_works(make_box: Make, findings: Findings) -> None:
    before = Probed.closings
    box = make_box(to("office"), plugins=hosting(lambda: "it takes\nobjects"))
    (found,) = findings(delivery.destinations(box))
    assert (found.name, found.result) == ("destination office", Result.PASS)
    assert found.words.startswith("it takes objects; receipts are")
    assert Probed.closings == before + 1


def test_copies_on_the_own_disk_are_no_proof(make_box: Make, findings: Findings) -> None:
    class Beside(Probed):
        on_own_disk = True

    plugins = hosting(lambda: "", lambda options, context: Beside(lambda: "it takes files"))
    (found,) = findings(delivery.destinations(make_box(settings=to("shelf"), plugins=plugins)))[-1:]
    assert found.words.endswith("it takes files; on the box's own disk or in its memory, so receipts are no proof")


@pytest.mark.parametrize(
    ("error", "result", "word"),
    [
        (Transient("the network is down"), Result.WARN, "the network is down"),
        (Permanent("the password is wrong. Change it"), Result.FAIL, "Change it"),
        (ZeroDivisionError("by zero"), Result.FAIL, "defect in its backend: ZeroDivisionError: by zero"),
        (SystemExit(3), Result.FAIL, "defect"),
    ],
)
def test_a_destination_that_does_not(
    make_box: Make, findings: Findings, error: BaseException, result: Result, word: str
) -> None:
    (found,) = findings(delivery.destinations(make_box(to("office"), plugins=hosting(raising(error)))))
    assert found.result is result and word in found.words


def test_a_backend_that_cannot_be_built(make_box: Make, findings: Findings) -> None:
    def create(options: object, context: object) -> object:
        raise ImportError("no module named boto3")

    (found,) = findings(delivery.destinations(make_box(to("cloud"), plugins=hosting(str, create))))
    assert found.result is Result.FAIL and "boto3" in found.words
    (unknown,) = findings(delivery.destinations(make_box(to("cloud"))))
    assert unknown.result is Result.FAIL and "no plugin brings it" in unknown.words


def test_destinations_are_tried_all_at_once(make_box: Make, findings: Findings) -> None:
    together = threading.Barrier(3, timeout=5)
    box = make_box(to("a", "b", "c"), plugins=hosting(lambda: str(together.wait())))
    assert [finding.result for finding in findings(delivery.destinations(box))] == [Result.PASS] * 3


def test_a_destination_that_never_answers(make_box: Make, findings: Findings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "PATIENCE", 0.05)
    never = threading.Event()
    box = make_box(to("office"), plugins=hosting(lambda: str(never.wait(5))))
    (found,) = findings(delivery.destinations(box))
    never.set()
    assert found.result is Result.WARN and "did not answer" in found.words


def test_one_that_does_not_answer_holds_up_no_other(
    make_box: Make, findings: Findings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "PATIENCE", 5)
    others_told = threading.Event()

    def create(options: object, context: BackendContext) -> Probed:
        return Probed(lambda: str(others_told.wait(5)) if context.name == "slow" else "fine")

    steps = delivery.destinations(make_box(to("slow", "a", "b"), plugins=hosting(str, create)))
    found = [*islice((step for step in steps if isinstance(step, Finding)), 2)]
    assert not others_told.is_set() and {each.name for each in found} == {"destination a", "destination b"}
    others_told.set()
    (last,) = findings(steps)
    assert (last.name, last.result) == ("destination slow", Result.PASS)


def test_all_have_the_same_time(make_box: Make, findings: Findings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "PATIENCE", 0.05)
    never = threading.Event()
    box = make_box(to(*map(str, range(5))), plugins=hosting(lambda: str(never.wait(5))))
    found = findings(delivery.destinations(box))
    never.set()
    assert [each.words for each in found] == ["did not answer within 0 seconds"] * 5


def test_one_alone_is_tried(make_box: Make, findings: Findings) -> None:
    box = make_box(to("nas", "cloud"), plugins=hosting(lambda: "fine"))
    assert [each.name for each in findings(examine(box, only=["destinations.cloud"]))] == ["destination cloud"]
    with pytest.raises(UsageError, match=r"no check destinations\.attic"):
        list(examine(box, only=["destinations.attic"]))
    with pytest.raises(UsageError, match=r"no check panel\.18"):
        list(examine(box, only=["panel.18"]))


def test_a_box_without_destinations(make_box: Make, findings: Findings) -> None:
    (found,) = findings(delivery.destinations(make_box()))
    assert found.result is Result.WARN


class Feed:
    """A feed that brings nothing."""

    def pull(self, job: FeedJob) -> None:
        raise NotImplementedError

    def close(self) -> None:
        pass


class AskedFeed(Feed):
    """A feed whose probe does as it is told."""

    def __init__(self, probe: Callable[[], str]) -> None:
        self.probe = probe


def giving(feed: Feed) -> Callable[[NoOptions, BackendContext], Feed]:
    return lambda options, context: feed


def feeding(**backends: Feed) -> PluginHost:
    class Plugin:
        @hookimpl
        def appliance_feed_backends(self) -> list[FeedBackendType]:
            return [FeedBackendType(name, NoOptions, giving(feed), lambda url: None) for name, feed in backends.items()]

    host = PluginHost([("feeds", Plugin)])
    host.discover()
    return host


def test_feeds(make_box: Make, findings: Findings) -> None:
    away = Transient("example.org refuses the connection")
    host = feeding(
        good=AskedFeed(lambda: "2 files\nare there"),
        plain=Feed(),
        away=AskedFeed(raising(away)),
        wrong=AskedFeed(raising(Permanent("it wants a password. Check headers"))),
        broken=AskedFeed(raising(ZeroDivisionError("oh"))),
    )
    names = ("good", "plain", "away", "wrong", "broken", "nowhere")
    settings = Settings(feeds={name: FeedSettings(backend=name, options=NoOptions()) for name in names})
    found = {each.name: each for each in findings(delivery.feeds(make_box(settings, plugins=host)))}
    good, plain, away_, wrong, broken, lost = (found[f"feed {name}"] for name in names)
    assert (good.name, good.result, good.words) == ("feed good", Result.PASS, "2 files are there")
    assert plain.result is Result.PASS and "feeds pull" in plain.words
    assert away_.result is Result.WARN and "refuses" in away_.words and "by itself" in away_.next_step
    assert wrong.result is Result.FAIL and "password" in wrong.words
    assert broken.result is Result.FAIL and "defect in its backend" in broken.words
    assert lost.result is Result.FAIL and "nowhere" in lost.words

"""Plugins are found, checked and called one by one; a broken one is named and left out."""

import asyncio
import sys
import threading
import time
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from attrs import frozen

from appliance import limits
from appliance.beside import destinations_of, feeds_of
from appliance.codec import to_plain
from appliance.config.feeds import FeedSettings
from appliance.config.options import AbsolutePath, ByteCount
from appliance.config.settings import DestinationSettings, Settings
from appliance.config.storage import StorageSettings
from appliance.errors import ConfigError, NotFound, Permanent, PluginError
from appliance.events import ApplianceReady, Event, EventsLost, FaultRaised, InboxChanged, PlayNext
from appliance.faults import PLUGIN
from appliance.plugin import (
    BackendContext,
    FeedBackend,
    FeedBackendType,
    FeedJob,
    UploadBackend,
    UploadBackendType,
    hookimpl,
    option,
)
from appliance.plugin.kinds import DESTINATION
from appliance.plugin_host import PluginHost, PluginState, PluginStatus
from appliance.plugin_host.listeners import HANGS
from appliance.testing.backends import MemoryBackend
from appliance.testing.clock import ManualClock
from appliance.turn import Plan

SOON = 10.0


@frozen
class Options:
    room: str = option("", "Which room.")


class Puller:
    def __init__(self, url: str = "") -> None:
        self.url = url

    def pull(self, job: FeedJob) -> None: ...

    def close(self) -> None: ...


def make_backend(options: Any, context: BackendContext) -> UploadBackend:
    return MemoryBackend()


class Plugin:
    """A plugin that brings one kind of destination."""

    def __init__(self, name: str = "memory", **changes: Any) -> None:
        self._kind: Any = UploadBackendType(**{"name": name, "options": Options, "create": make_backend, **changes})

    @hookimpl
    def appliance_upload_backends(self) -> Sequence[UploadBackendType]:
        return [self._kind]


class FeedPlugin:
    @hookimpl
    def appliance_feed_backends(self) -> Sequence[FeedBackendType]:
        def create(options: Any, context: BackendContext) -> FeedBackend:
            return Puller(options.room)

        return [FeedBackendType("urls", Options, create, lambda url: Options(url) if "good" in url else None)]


class Listener:
    """Writes down what it hears."""

    def __init__(self, fails: bool = False) -> None:
        self.heard: list[object] = []
        self.threads: set[str] = set()
        self.stopped = threading.Event()
        self._fails = fails

    @hookimpl
    def appliance_started(self, post: Callable[[Any], None]) -> None:
        self.heard.append("started")
        self.post = post

    @hookimpl
    def appliance_event(self, event: Event) -> None:
        self.heard.append(event)
        self.threads.add(threading.current_thread().name)
        if self._fails:
            raise RuntimeError("no lamp here")

    @hookimpl
    def appliance_stopping(self) -> None:
        self.heard.append("stopping")
        self.stopped.set()


def host(**plugins: object) -> PluginHost:
    """A host that has discovered these plugins, an exception standing for an import that fails."""

    def loader(plugin: object) -> Callable[[], object]:
        def load() -> object:
            if isinstance(plugin, BaseException):
                raise plugin
            return plugin

        return load

    built = PluginHost([(name, loader(plugin)) for name, plugin in plugins.items()])
    built.discover()
    return built


def status(host: PluginHost, name: str) -> PluginStatus:
    return next(status for status in host.statuses() if status.name == name)


def test_a_plugin_brings_its_backend() -> None:
    found = host(mine=Plugin(), other=FeedPlugin())
    assert list(found.types(DESTINATION)) == ["memory"]
    assert found.extensions[DestinationSettings] == {"memory": Options}
    assert found.extensions[FeedSettings] == {"urls": Options}
    assert status(found, "mine") == PluginStatus("mine", backends=("memory",))
    assert to_plain(found.statuses()[0])["state"] == "active"


@pytest.mark.parametrize(
    ("plugin", "words"),
    [
        (ImportError("No module named 'frobnicate'"), "cannot be used: ImportError: No module named 'frobnicate'"),
        (SyntaxError("bad\nfile"), "SyntaxError: bad file"),
        (SystemExit(3), "SystemExit: 3"),
        (SimpleNamespace(), "implements no hook"),
        (Plugin(options=dict), "options of backend 'memory' are no attrs class"),
    ],
)
def test_a_broken_plugin_is_named_and_the_rest_works(plugin: object, words: str) -> None:
    found = host(bad=plugin, good=Plugin("fine"))
    assert status(found, "bad").state is PluginState.BROKEN
    assert words in status(found, "bad").message
    assert "\n" not in status(found, "bad").message
    assert status(found, "good").state is PluginState.ACTIVE
    assert list(found.types(DESTINATION)) == ["fine"]


def test_hooks_that_do_not_fit_break_the_plugin() -> None:
    class WrongArguments:
        @hookimpl
        def appliance_event(self, event: Event, colour: str) -> None: ...

    class UnknownHook:
        @hookimpl
        def appliance_evnet(self, event: Event) -> None: ...

    class WrongAnswer:
        @hookimpl
        def appliance_upload_backends(self) -> Any:
            return ["memory"]

    class Raises:
        @hookimpl
        def appliance_feed_backends(self) -> Any:
            raise ValueError("oh")

    found = host(a=WrongArguments(), b=UnknownHook(), c=WrongAnswer(), d=Raises())
    assert [one.state for one in found.statuses()] == [PluginState.BROKEN] * 4
    assert "colour" in status(found, "a").message
    assert "appliance_evnet" in status(found, "b").message
    assert "'memory', which is no UploadBackendType" in status(found, "c").message
    assert "ValueError: oh" in status(found, "d").message


def test_the_first_of_two_backends_of_one_name_wins() -> None:
    found = host(one=Plugin("tape"), two=Plugin("tape"))
    assert status(found, "one").state is PluginState.ACTIVE
    assert "backend 'tape' comes from plugin one already" in status(found, "two").message


def test_the_first_of_two_plugins_of_one_name_wins() -> None:
    found = PluginHost([("twin", lambda: Plugin("a")), ("twin", lambda: Plugin("b"))])
    found.discover()
    assert list(found.types(DESTINATION)) == ["a"]
    assert [one.state for one in found.statuses()] == [PluginState.ACTIVE, PluginState.BROKEN]


def test_options_must_not_be_called_as_those_of_every_destination() -> None:
    @frozen
    class Clash:
        retry: int = option(1, "How often.")
        order: str = option("", "Which.")
        fine: str = option("", "Yes.")

    found = host(bad=Plugin(options=Clash))
    assert "order, retry" in status(found, "bad").message
    assert not found.types(DESTINATION)


def test_a_disabled_plugin_is_not_even_imported() -> None:
    def load() -> object:
        raise AssertionError("imported")

    found = PluginHost([("off", load)], disabled=["off"])
    found.discover()
    assert found.statuses() == (
        PluginStatus("off", state=PluginState.DISABLED, message="disabled in the configuration"),
    )


def test_a_plugin_disabled_later_brings_nothing(tmp_path: Path) -> None:
    found = host(mine=Plugin())
    assert not found.disable(["mine"])
    assert not found.types(DESTINATION)
    with pytest.raises(ConfigError, match="plugin mine, which is disabled"):
        found.build_upload("office", DestinationSettings("memory"), "box", tmp_path)


def test_a_name_to_disable_that_no_plugin_has_is_told() -> None:
    found = host(mine=Plugin())
    assert list(found.disable(["mime", "never-installed"])) == [
        'disabled_plugins: found "mime", expected the name of an installed plugin; did you mean "mine"?',
        'disabled_plugins: found "never-installed", expected the name of an installed plugin; '
        "`appliance plugins` shows what is installed",
    ]
    assert found.types(DESTINATION)


def test_building_a_backend(tmp_path: Path) -> None:
    seen: list[tuple[object, BackendContext]] = []

    def create(options: Any, context: BackendContext) -> UploadBackend:
        seen.append((options, context))
        return MemoryBackend()

    found = host(mine=Plugin(create=create))
    options = Options("cellar")
    assert isinstance(
        found.build_upload("office", DestinationSettings("memory", options=options), "box", tmp_path), MemoryBackend
    )
    assert seen == [(options, BackendContext("office", "box", tmp_path))]


def test_parallel_attempts_share_the_rate_limit(tmp_path: Path) -> None:
    limits: list[int | None] = []

    def create(options: Any, context: BackendContext) -> UploadBackend:
        limits.append(context.rate_limit)
        return MemoryBackend()

    settings = DestinationSettings("memory", rate_limit=ByteCount(9000), max_parallel=3, options=Options("cellar"))
    host(mine=Plugin(create=create)).build_upload("office", settings, "box", tmp_path)
    assert limits == [3000]


def test_a_backend_that_nobody_brings(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="destination 'office' needs backend 'fax', and no plugin brings it"):
        host().build_upload("office", DestinationSettings("fax"), "box", tmp_path)
    with pytest.raises(ConfigError, match="feed 'news'"):
        host().build_feed("news", FeedSettings("fax"), "box", tmp_path)


@pytest.mark.parametrize(
    ("origins", "wanted"),
    [({}, "audio-appliance[s3]"), ({"cloud": ("cloud-plugin", "2.0")}, "cloud-plugin[s3]")],
)
def test_a_missing_extra_is_told_with_the_command(
    tmp_path: Path, origins: dict[str, tuple[str, str]], wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def create(options: Any, context: BackendContext) -> UploadBackend:
        raise ImportError("No module named 'boto3'")

    found = PluginHost([("cloud", lambda: Plugin(create=create, extra="s3"))], origins=origins)
    found.discover()
    with pytest.raises(ConfigError) as caught:
        found.build_upload("office", DestinationSettings("memory"), "box", tmp_path)
    assert str(caught.value).endswith(f"is installed: {sys.prefix}/bin/pip install '{wanted}'")
    monkeypatch.setattr(sys, "prefix", f"{tmp_path}/absent")  # not open for writing, as /opt is to the service
    with pytest.raises(ConfigError, match=f": sudo {tmp_path}/absent/bin/pip install '"):
        found.build_upload("office", DestinationSettings("memory"), "box", tmp_path)


@pytest.mark.parametrize("error", [ImportError("No module named 'x'"), KeyError("room"), RuntimeError()])
def test_a_backend_that_cannot_be_built_names_its_plugin(tmp_path: Path, error: Exception) -> None:
    def create(options: Any, context: BackendContext) -> UploadBackend:
        raise error

    with pytest.raises(PluginError, match=f"office: plugin mine .*{type(error).__name__}"):
        host(mine=Plugin(create=create)).build_upload("office", DestinationSettings("memory"), "box", tmp_path)


def test_what_a_person_must_do_to_have_it_built_is_a_matter_of_the_configuration(tmp_path: Path) -> None:
    def create(options: Any, context: BackendContext) -> UploadBackend:
        raise Permanent("there is no profile nope. Write it into ~/.aws/config")

    with pytest.raises(ConfigError, match=r"^office: there is no profile nope"):
        host(mine=Plugin(create=create)).build_upload("office", DestinationSettings("memory"), "box", tmp_path)


def test_of_several_kinds_the_most_specific_is_asked_first(tmp_path: Path) -> None:
    asked = list[str]()

    def kind(name: str, *suffixes: str) -> FeedBackendType:
        def create(_: object, context: BackendContext) -> Puller:
            asked.append(name)
            return Puller("")

        return FeedBackendType(name, Options, create, lambda _: Options(), suffixes=suffixes)

    class Several:
        @hookimpl
        def appliance_feed_backends(self) -> Sequence[FeedBackendType]:
            return [kind("files"), kind("lists", ".m3u"), kind("episodes", ".rss", ".xml")]

    found = host(several=Several())
    for url, order in (("a.XML?x=.m3u", "efl"), ("a.m3u", "lfe"), ("a.mp3", "fle")):
        asked.clear()
        assert len(list(found.build_fetchers(f"https://example.org/{url}", "url", "box", tmp_path))) == 3
        assert "".join(name[0] for name in asked) == order


def test_a_fetcher_for_a_url(tmp_path: Path) -> None:
    found = host(feeds=FeedPlugin())
    (fetcher,) = found.build_fetchers("http://good/", "urls", "box", tmp_path)
    assert isinstance(fetcher, Puller) and fetcher.url == "http://good/"
    with pytest.raises(NotFound, match="no plugin can fetch ftp://bad/"):
        list(found.build_fetchers("ftp://bad/", "urls", "box", tmp_path))


# -- the plugin thread -------------------------------------------------------------------------------------------------


def test_plugins_hear_of_everything_in_order() -> None:
    listener, posted = Listener(), list[object]()
    found = host(lamp=listener, mine=Plugin())
    found.publish(ApplianceReady())
    found.start(posted.append, ManualClock())
    for number in range(3):
        found.publish(InboxChanged(number))
    found.close()
    assert listener.heard == ["started", InboxChanged(0), InboxChanged(1), InboxChanged(2), "stopping"]
    assert listener.threads == {"plugin:lamp"}
    assert posted == []
    found.publish(ApplianceReady())
    assert listener.heard[-1] == "stopping"


def test_plugins_post_commands_and_nothing_else() -> None:
    listener, posted = Listener(), list[object]()
    found = host(lamp=listener)
    found.start(posted.append, ManualClock())
    found.publish(ApplianceReady())
    found.close()
    listener.post(PlayNext())
    assert posted == [PlayNext()]
    with pytest.raises(TypeError, match="plugins post commands, not ApplianceReady"):
        listener.post(ApplianceReady())


def test_a_plugin_that_fails_is_named_and_left_out_and_the_others_go_on() -> None:
    bad, good, posted = Listener(fails=True), Listener(), list[Any]()
    found = host(bad=bad, good=good)
    found.start(posted.append, ManualClock())
    found.publish(InboxChanged(1))
    found.publish(InboxChanged(2))
    found.close()
    assert good.heard == ["started", InboxChanged(1), InboxChanged(2), "stopping"]
    assert bad.heard == ["started", InboxChanged(1)]
    [raised] = posted
    assert isinstance(raised, FaultRaised)
    assert raised.fault.name == "plugin:bad"
    assert "plugin bad failed in appliance_event: RuntimeError: no lamp here" in raised.fault.message
    assert status(found, "bad").state is PluginState.BROKEN


def test_what_was_broken_at_discovery_is_told_at_start() -> None:
    posted: list[Any] = []
    found = host(bad=ImportError("no"))
    found.start(posted.append, ManualClock())
    assert [event.fault.name for event in posted] == ["plugin:bad"]


class Slow(Listener):
    """Stays in its first event until told."""

    def __init__(self) -> None:
        super().__init__()
        self.inside, self.go = threading.Event(), threading.Event()

    @hookimpl
    def appliance_event(self, event: Event) -> None:
        self.heard.append(event)
        self.inside.set()
        assert self.go.wait(SOON)


def test_a_slow_plugin_loses_the_oldest_events_and_is_told_how_many() -> None:
    slow = Slow()
    found = host(slow=slow)
    found.start(lambda _: None, ManualClock())
    found.publish(ApplianceReady())
    assert slow.inside.wait(SOON)
    for number in range(1500):
        found.publish(InboxChanged(number))
    slow.go.set()
    found.close()
    kept = [InboxChanged(number) for number in range(500, 1500)]
    assert slow.heard[2:] == [EventsLost(500), *kept, "stopping"]


@pytest.mark.slow
def test_a_plugin_that_hangs_does_not_hold_up_the_end() -> None:
    slow = Slow()
    found = host(slow=slow)
    found.start(lambda _: None, ManualClock())
    found.publish(ApplianceReady())
    assert slow.inside.wait(SOON)
    found.close()
    assert not slow.stopped.is_set()
    slow.go.set()


def test_the_plugins_of_this_distribution_are_found() -> None:
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())
    names = [status.name for status in PluginHost.installed().statuses()]
    assert names == sorted(project["project"]["entry-points"]["appliance"])
    assert {status.distribution for status in PluginHost.installed().statuses()} == {"audio-appliance"}


# -- plugins that do their worst ---------------------------------------------------------------------------------------


class Panic(BaseException):
    """What some libraries raise of their own."""


WORST = (asyncio.CancelledError(), KeyboardInterrupt(), GeneratorExit(), SystemExit(3), Panic("oh"))


@pytest.mark.parametrize("error", WORST, ids=lambda error: type(error).__name__)
def test_what_ends_programs_ends_only_the_plugin(tmp_path: Path, error: BaseException) -> None:
    def fail(*_: object, **__: object) -> Any:
        raise error

    class Naming:
        appliance_feed_backends = hookimpl(lambda self: fail())

    class Hearing(Listener):
        appliance_event = hookimpl(lambda self, event: fail())

    good, posted = Listener(), list[Any]()
    found = host(importing=error, naming=Naming(), hearing=Hearing(), building=Plugin(create=fail), good=good)
    for name in ("importing", "naming"):
        assert status(found, name).state is PluginState.BROKEN
        assert type(error).__name__ in status(found, name).message
    with pytest.raises(PluginError, match=f"office: plugin building failed: {type(error).__name__}"):
        found.build_upload("office", DestinationSettings("memory"), "box", tmp_path)
    found.start(posted.append, ManualClock())
    found.publish(InboxChanged(1))
    found.close()
    assert good.heard == ["started", InboxChanged(1), "stopping"]
    assert type(error).__name__ in status(found, "hearing").message
    assert sorted(event.fault.name for event in posted) == ["plugin:hearing", "plugin:importing", "plugin:naming"]


def test_a_plugin_that_hangs_is_named_and_left_out(tmp_path: Path) -> None:
    go = threading.Event()

    class Naming:
        @hookimpl
        def appliance_feed_backends(self) -> Sequence[FeedBackendType]:
            go.wait(SOON)
            return []

    def importing() -> object:
        go.wait(SOON)
        return Plugin("late")

    def create(options: Any, context: BackendContext) -> UploadBackend:
        go.wait(SOON)
        return MemoryBackend()

    class Thinking(MemoryBackend):
        @property
        def proves(self) -> bool:  # type: ignore[override]
            go.wait(SOON)
            return True

    plugins: dict[str, object] = {
        "naming": Naming(),
        "building": Plugin("slow", create=create),
        "asked": Plugin("pensive", create=lambda options, context: Thinking()),
        "good": Plugin("fine"),
    }
    loaders = [("importing", importing), *((name, lambda plugin=plugin: plugin) for name, plugin in plugins.items())]
    found = PluginHost(loaders, patience=0.05)
    found.discover()
    for name in ("importing", "naming"):
        assert "cannot be used: it hangs: it had 0.05 s" in status(found, name).message
    for kind in ("slow", "pensive"):
        with pytest.raises(PluginError, match="it hangs"):
            found.build_upload("office", DestinationSettings(kind), "box", tmp_path)
    found.build_upload("office", DestinationSettings("fine"), "box", tmp_path)
    go.set()
    assert set(found.types(DESTINATION)) == {"slow", "pensive", "fine"}, "what comes too late does not count"


def test_one_that_hangs_silences_no_other_of_its_type(tmp_path: Path) -> None:
    """Of two shares, one on a machine that is switched off."""
    go = threading.Event()

    def create(options: Any, context: BackendContext) -> UploadBackend:
        if context.name == "switched-off":
            go.wait(SOON)
        return MemoryBackend()

    hasty, patient = (
        PluginHost([("share", lambda: Plugin("share", create=create))], patience=each) for each in (0.05, SOON)
    )
    for each in (hasty, patient):
        each.discover()
    for _ in range(2):
        with pytest.raises(PluginError, match="hangs"):
            hasty.build_upload("switched-off", DestinationSettings("share"), "box", tmp_path)
    assert patient.build_upload("other", DestinationSettings("share"), "box", tmp_path)
    go.set()


class Chain:
    """Calls of foreign code, each of which takes until the next one has begun; the last one hangs until the end."""

    def __init__(self, links: int) -> None:
        self.begun = [threading.Event() for _ in range(links)]

    def call(self, link: int) -> None:
        self.begun[link].set()
        if link + 1 < len(self.begun):
            assert self.begun[link + 1].wait(SOON)


def test_several_that_take_long_are_imported_side_by_side_and_the_first_of_a_name_wins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "_TURN", 0.01)
    chain = Chain(4)

    def loader(link: int) -> Callable[[], object]:
        def load() -> object:
            chain.call(link)
            return Plugin("tape" if link < 2 else f"kind{link}")

        return load

    found = PluginHost([(f"plugin{link}", loader(link)) for link in range(4)], patience=SOON)
    found.discover()
    assert [one.state is PluginState.ACTIVE for one in found.statuses()] == [True, False, True, True]
    assert "backend 'tape' comes from plugin plugin0 already" in status(found, "plugin1").message


def test_several_that_take_long_are_built_side_by_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_TURN", 0.01)
    for destinations, feeds in ((3, 0), (0, 3)):
        chain = Chain(3)

        def upload(options: Options, context: BackendContext, chain: Chain = chain) -> UploadBackend:
            chain.call(int(context.name))
            return MemoryBackend()

        def puller(options: Options, context: BackendContext, chain: Chain = chain) -> FeedBackend:
            chain.call(int(context.name))
            return Puller()

        class Both(Plugin):
            @hookimpl
            def appliance_feed_backends(self, puller: Any = puller) -> Sequence[FeedBackendType]:
                return [FeedBackendType("memory", Options, puller, lambda _: None)]

        found = host(mine=Both(create=upload))
        settings = Settings(
            storage=StorageSettings(AbsolutePath(tmp_path)),
            destinations={str(each): DestinationSettings("memory") for each in range(destinations)},
            feeds={str(each): FeedSettings("memory") for each in range(feeds)},
        )
        plan, posted = Plan(settings, found), list[Event]()
        assert len(destinations_of(plan, posted.append)) == destinations
        assert len(feeds_of(plan, posted.append)) == feeds
        assert posted == []


def test_one_that_still_hangs_is_not_begun_again() -> None:
    go, begun = threading.Event(), list[int]()

    def hang() -> None:
        begun.append(1)
        go.wait(SOON)

    with pytest.raises(PluginError, match=r"it hangs: it had 0\.01 s"):
        limits.within(0.01, hang, "import:still")
    with pytest.raises(PluginError, match="it still hangs, as it did before"):
        limits.within(SOON, hang, "import:still")
    assert limits.within(SOON, lambda: "others do", "import:other") == "others do"
    go.set()
    [thread] = [each for each in threading.enumerate() if each.name == "import:still"] or [threading.current_thread()]
    if thread is not threading.current_thread():
        thread.join(SOON)
    limits.within(SOON, hang, "import:still")
    assert len(begun) == 2


def test_one_that_works_all_the_time_is_slow_and_does_not_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    go, looks = threading.Event(), list[int]()

    def spent(_: object) -> float:
        looks.append(1)
        if len(looks) == 5:  # twice in each stretch
            go.set()
        return float(len(looks))

    monkeypatch.setattr(limits.Errand, "_spent", spent)
    assert limits.within(0.05, lambda: go.wait(SOON), "build:slow") is True
    go.clear()
    with pytest.raises(PluginError, match="it hangs"):
        limits.within(0.05, lambda: go.wait(SOON), "build:for-ever")
    go.set()


def test_one_whose_seconds_are_over_is_looked_at_before_it_is_said_to_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    go, looked = threading.Event(), list[float]()

    def hangs(errand: limits.Errand[bool], seconds: float) -> bool:
        looked.append(seconds)
        go.set()
        return not errand.is_over(SOON)

    monkeypatch.setattr(limits.Errand, "hangs", hangs)
    outcome = limits.begun(0.02, lambda: go.wait(SOON), "build:late")
    go.wait(0.05)
    assert outcome() is True and looked == [0.02]


def test_what_foreign_code_spends_is_what_the_kernel_says() -> None:
    go, worked = threading.Event(), threading.Event()

    def work() -> None:
        while time.thread_time() < 0.05:
            pass
        worked.set()
        go.wait(SOON)

    errand = limits.Errand(work, "busy")
    assert worked.wait(SOON)
    assert errand._spent() >= 0.03
    go.set()
    assert errand.is_over(SOON)


def test_one_that_hangs_over_a_url_is_named(tmp_path: Path) -> None:
    go = threading.Event()

    class Thinking:
        @hookimpl
        def appliance_feed_backends(self) -> Sequence[FeedBackendType]:
            return [FeedBackendType("urls", Options, make_backend, lambda url: go.wait(SOON))]  # type: ignore[arg-type]

    found = PluginHost([("thinking", Thinking)], patience=0.05)
    found.discover()
    with pytest.raises(PluginError, match=r"https://example.org/a: plugin thinking failed: it hangs") as caught:
        list(found.build_fetchers("https://example.org/a?key=hunter", "url", "box", tmp_path))
    assert "hunter" not in str(caught.value)
    go.set()


@pytest.mark.parametrize("name", [5, "", "two\nlines", "a b", "é"])
def test_a_name_that_nobody_can_configure_breaks_the_plugin(name: Any) -> None:
    found = host(bad=Plugin(name))
    assert "expected a name of letters, digits, - and _" in status(found, "bad").message
    assert status(found, "bad").message.isprintable()


@pytest.mark.parametrize(("built", "lacks"), [(None, "proves, deliver, verify, probe, close"), (Puller(), "deliver")])
def test_what_is_built_must_be_a_backend(tmp_path: Path, built: Any, lacks: str) -> None:
    found = host(mine=Plugin(create=lambda options, context: built))
    with pytest.raises(PluginError, match=f"is no UploadBackend: it has no .*{lacks}"):
        found.build_upload("office", DestinationSettings("memory"), "box", tmp_path)


def test_one_that_hangs_while_it_listens_silences_nobody_and_is_told_of() -> None:
    slow, good, posted, clock = Slow(), Listener(), list[Any](), ManualClock()
    found = host(slow=slow, good=good)
    found.start(posted.append, clock)
    found.publish(InboxChanged(0))
    assert slow.inside.wait(SOON)
    clock.advance(HANGS + 1)
    found.publish(InboxChanged(1))
    found.publish(InboxChanged(2))
    [raised] = posted
    assert raised.fault.name == "plugin:slow" and "hangs in a hook" in raised.fault.message
    slow.go.set()
    found.close()
    assert good.heard == ["started", *(InboxChanged(number) for number in range(3)), "stopping"]
    assert slow.heard == good.heard
    assert posted[1:] == [PLUGIN.cleared("slow")]


def test_words_of_a_plugin_can_be_shown_whatever_they_are() -> None:
    found = host(bad=OSError(2, "no", "stick/\udcff\x1b[31m.wav"), endless=ValueError("x" * 5_000_000))
    posted: list[Any] = []
    found.start(posted.append, ManualClock())
    for event in posted:
        event.fault.message.encode()
        assert event.fault.message.isprintable() and len(event.fault.message) < 2000

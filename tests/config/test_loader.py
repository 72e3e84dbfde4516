import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from appliance_upload_s3.options import S3Options
from attrs import frozen

from appliance.config.actions import ButtonAction
from appliance.config.loader import load, parse
from appliance.config.options import Extensions, Seconds, Secret, option
from appliance.config.settings import DeleteAfter, DestinationSettings, Light, Settings, SwitchAction
from appliance.errors import ConfigError

Problems = Callable[..., tuple[str, ...]]
Web = Callable[..., Any]
Read = Callable[..., Settings]

WHOLE = """
device:
  name: guestbook-1
audio:
  capture: {rate: 44100, period: 100ms, sample_format: S24_3LE}
  playback:
    volume: 55%
    rate: null
panel:
  buttons:
    17: record.toggle
    4: {hold: record.discard, hold_time: 2s, to: 3v3}
  switches: {22: record.while_off_hook}
  leds:
    18: status
recording:
  max_duration: 12h
  fill_gaps: no
storage:
  directory: /srv/box
destinations:
  stick:
    backend: folder
    path: /media/stick
    deliver_as: flac
    retry: {min: 1s, max: 30d}
feeds:
  news:
    urls: [https://example.org/a.mp3]
    every: 5m
disabled_plugins: [upload-s3]
"""


class TestValues:
    def test_a_whole_file(self, read: Read) -> None:
        settings = read(WHOLE)
        assert settings.device.name == "guestbook-1"
        assert (settings.audio.capture.rate, settings.audio.capture.period) == (44_100, 0.1)
        assert settings.audio.playback.volume.start == 55
        assert settings.audio.playback.rate is None
        assert settings.panel.buttons[17].press is ButtonAction.RECORD_TOGGLE
        assert settings.panel.buttons[4].hold_time == Seconds(2)
        assert settings.panel.switches[22].action is SwitchAction.RECORD_WHILE_OFF_HOOK
        assert settings.panel.leds[18].shows is Light.STATUS
        assert settings.recording.fill_gaps is False
        assert settings.storage.directory == Path("/srv/box")
        stick = settings.destinations["stick"]
        assert (stick.backend, stick.deliver_as, stick.retry.max) == ("folder", "flac", Seconds(2_592_000))
        assert stick.options.path == Path("/media/stick")
        assert settings.feeds["news"].backend == "urls"
        assert settings.feeds["news"].options.urls == ("https://example.org/a.mp3",)
        assert settings.disabled_plugins == ("upload-s3",)

    def test_nothing_but_defaults(self, read: Read) -> None:
        assert read("{}") == Settings()

    def test_headings_whose_options_are_commented_out_mean_the_default(self, read: Read) -> None:
        text = "device:\naudio:\n  capture:\npanel:\n  buttons:\n    # 17: x\ndestinations:\ndisabled_plugins:\n"
        assert read(text) == Settings()

    def test_every_type_an_option_can_have(self, web: Web) -> None:
        options = web(
            "token: hunter22",
            "headers: {X-Key: abcd}",
            "expect: [200, +204, 1_000]",
            "share: 1e-1",
            "limit: 1.5MiB",
            "loud: 20",
            "at: 6:05",
            "colour: off",
            "size: large",
            "certificate: own.pem",
            "names: ['5', b]",
            "extra: {a: 1, b: [yes, 1.5, text, null], c: {d: '1'}, e: 2024-01-01, f: 017}",
            "by_colour: {off: 1s}",
            "patience: {connect: 5m}",
        )
        assert options.token == Secret("hunter22")
        assert options.headers == {"X-Key": Secret("abcd")}
        assert options.expect == (200, 204, 1000)
        assert options.share == 0.1
        assert options.limit == 1_572_864
        assert options.loud == 20
        assert options.at == "06:05"
        assert options.colour == "off"
        assert options.size == "large"
        assert options.certificate == Path("own.pem")
        assert options.names == ["5", "b"]
        assert options.extra == {
            "a": 1,
            "b": [True, 1.5, "text", None],
            "c": {"d": "1"},
            "e": "2024-01-01",
            "f": "017",
        }
        assert options.by_colour == {"off": 1}
        assert options.patience.connect == 300

    @pytest.mark.parametrize("written", ["22:30", "'22:30'", '"22:30"'])
    def test_a_time_of_day_is_what_was_written(self, web: Web, written: str) -> None:
        assert web(f"at: {written}").at == "22:30"

    def test_aliases_and_merged_options(self, read: Read) -> None:
        settings = read(
            "panel:\n  buttons:\n    17: &slow {press: record.mark, debounce: 50ms}\n    4: *slow\n"
            "    5:\n      <<: *slow\n      press: play.next\n    6:\n      <<: [{press: volume.up}, *slow]\n"
        )
        buttons = settings.panel.buttons
        assert buttons[4] == buttons[17]
        assert (buttons[5].press, buttons[5].debounce) == ("play.next", 0.05)
        assert (buttons[6].press, buttons[6].debounce) == ("volume.up", 0.05)

    def test_a_byte_order_mark_and_windows_line_ends(self, tmp_path: Path, extensions: Extensions) -> None:
        path = tmp_path / "box.yaml"
        path.write_bytes(b"\xef\xbb\xbfdevice:\r\n  name: box\r\n")
        assert load(path, extensions, {}).device.name == "box"

    def test_other_plugins_find_no_own_names_in_the_way(self, read: Read) -> None:
        found = read(
            "destinations: {a: {backend: folder, path: /a}, b: {backend: web, url: x, mode: fast}}"
        ).destinations
        assert (found["a"].options.path, found["b"].options.mode) == (Path("/a"), "fast")


class TestFile:
    def load(self, path: Path) -> str:
        with pytest.raises(ConfigError) as caught:
            load(path, {}, {})
        assert caught.value.__context__ is None or caught.value.__suppress_context__
        return str(caught.value)

    def test_missing(self, tmp_path: Path) -> None:
        path = tmp_path / "box.yaml"
        assert self.load(path) == f"{path}: there is no such file; `appliance config example` prints one to begin with"

    def test_a_folder(self, tmp_path: Path) -> None:
        assert self.load(tmp_path) == f"{tmp_path}: this is a folder, expected a file"

    def test_unreadable(self, tmp_path: Path) -> None:
        path = tmp_path / "box.yaml"
        path.touch(0o000)
        user = os.geteuid()
        if user == 0:  # root may read everything
            os.seteuid(65534)
        try:
            assert "permission denied; use sudo, or check its owner and mode" in self.load(path)
        finally:
            os.seteuid(user)

    def test_below_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        assert "cannot be read" in self.load(tmp_path / "file" / "box.yaml")

    def test_an_impossible_name(self) -> None:
        assert "NUL" in self.load(Path("a\0b"))

    @pytest.mark.parametrize("text", ["", "# nothing\n", "\n\n"])
    def test_empty(self, tmp_path: Path, text: str) -> None:
        path = tmp_path / "box.yaml"
        path.write_text(text)
        assert self.load(path) == f"{path}: the file is empty, expected options such as `panel:`"

    @pytest.mark.parametrize(
        ("content", "line"),
        [(b"device:\n  name: \xff\n", 2), ("device: {}".encode("utf-16"), 1)],
    )
    def test_not_utf8(self, tmp_path: Path, content: bytes, line: int) -> None:
        path = tmp_path / "box.yaml"
        path.write_bytes(content)
        assert self.load(path) == f"{path}:{line}: the file is not UTF-8 text; save it as UTF-8"

    def test_endless(self) -> None:
        assert "larger than 1 MiB" in self.load(Path("/dev/zero"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a:\n\tb: 1", "2: indented with a tab, expected spaces"),
        ("a:\n  b: 1\n\tc: 2", "3: indented with a tab, expected spaces"),
        ("- a", "1: found a list, expected options such as `panel:`"),
        ("text", "1: found something else, expected options such as `panel:`"),
        ("a: [1,\n2", "1: a bracket is opened here and never closed, or a comma is missing"),
        ("a: {b: 1\n", "1: a bracket is opened here and never closed, or a comma is missing"),
        ("a: 1\nb: 'x\n\n", "2: a quote is opened here and never closed"),
        ("a: 1\n  b: 2", "2: unexpected colon; is the indentation right? Text with `: ` needs quotes"),
        ("a:\n  b: 1\n c: 2", "3: unexpected indentation, expected the column of the options above"),
        ("a: 1\nb\n", "2: found a line without a colon, expected `name: value`"),
        ("a: @x", "1: text that begins with a special character, expected it in quotes"),
        ("a: 1\n---\nb: 2", "2: a second document begins here, expected only one"),
        ("a: *b", "1: an alias (*) for something that no anchor (&) names; text that begins with * needs quotes"),
        ("a: \x07", "1: a control character, expected text"),
        ("a: 1\nb: \ud800", "2: a control character, expected text"),
        ("[" * 200_000, "1: nested too deeply, expected no more than a few levels"),
        ("{a: " * 40, "1: nested too deeply, expected no more than a few levels"),
        ("a: &a [*a]", "1: nested too deeply; is an alias (*) used inside itself?"),
        ("a: &a {<<: *a}", "1: nested too deeply; is an alias (*) used inside itself?"),
        ("? [a]\n: b", "1: a name that is not a plain word, expected `name: value`"),
        ("!env A: b", "1: a name that is not a plain word, expected `name: value`"),
        ("<<: 5", "1: `<<` merges options in, expected an alias for options"),
    ],
)
def test_what_is_not_yaml_or_not_a_configuration(problems: Problems, text: str, expected: str) -> None:
    assert f"box.yaml:{expected}" in problems(text)


def test_a_bomb_of_aliases_does_not_go_off(problems: Problems) -> None:
    levels = [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]" for level in range(1, 30)]
    for text in (
        "a0: &a0 [x]\n" + "\n".join(levels),
        "a0: &a0 {b: x}\n" + "\n".join(levels).replace("[", "{<<: [").replace("]", "]}"),
    ):
        (problem,) = problems(text)
        assert "too many values" in problem or "nested too deeply" in problem


def test_a_file_of_another_kind_is_given_up_before_it_costs_much(problems: Problems) -> None:
    (problem,) = problems("feeds: {f: {urls: [" + "a," * 30_000 + "a]}}")
    assert problem == "box.yaml: more than 10000 values, expected a configuration"


OFFICE = "destinations:\n  office: "


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("devise: {}", '1: devise: unknown option; did you mean "device"?'),
        ("audio: {capture: {rat: 5}}", '1: audio.capture.rat: unknown option; did you mean "rate"?'),
        ("device: {xyzzy: 5}", "1: device.xyzzy: unknown option, expected name"),
        ("device:\n- a", "1: device: found a list, expected options below it, each as `name: value`"),
        ("device: box", '1: device: found "box", expected options below it, each as `name: value`'),
        ("panel: {buttons: [17]}", "1: panel.buttons: found a list, expected options below it, each as `name: value`"),
        ("device: {name: 5}", "1: device.name: found 5, expected text: put it in quotes"),
        ("device: {name: on}", "1: device.name: found on, expected text: put it in quotes"),
        ("device: {name: 22:30}", "1: device.name: found 22:30, expected text: put it in quotes"),
        ("device: {name: 2024-01-01}", "1: device.name: found 2024-01-01, expected text: put it in quotes"),
        ("device: {name: [a]}", "1: device.name: found a list, expected text"),
        ("device: {name: }", "1: device.name: found nothing, expected text"),
        ('device: {name: "a\\e[0m b"}', '1: device.name: found "a\\x1b[0m b", must look like guestbook-1'),
        ('device: {name: "\\0"}', "1: device.name: a character that is not text, expected text"),
        ("audio: {capture: {rate: 4000}}", "1: audio.capture.rate: found 4000, must be between 8000 and 384000"),
        ("audio: {capture: {rate: '48000'}}", '1: audio.capture.rate: found "48000", expected a whole number'),
        ("audio: {capture: {rate: 1e400}}", '1: audio.capture.rate: found "1e400", expected a whole number'),
        ("audio: {capture: {rate: 48000.0}}", "1: audio.capture.rate: found 48000.0, expected a whole number"),
        ("audio: {capture: {rate: .nan}}", "1: audio.capture.rate: found .nan, expected a whole number"),
        ("audio: {capture: {rate: 0xBB80}}", "1: audio.capture.rate: found 0xBB80, expected a whole number"),
        ("audio: {capture: {rate: yes}}", "1: audio.capture.rate: found yes, expected a whole number"),
        ("audio: {capture: {period: 3s}}", '1: audio.capture.period: found "3s", must be between 10ms and 1s'),
        (
            "audio: {capture: {period: 1}}",
            "1: audio.capture.period: found 1, expected a duration with a unit, such as 250ms, 1.5s, 5m, 12h or 30d",
        ),
        (
            "audio: {capture: {sample_format: S16LE}}",
            '1: audio.capture.sample_format: found "S16LE", expected S16_LE, S24_3LE or S32_LE; did you mean "S16_LE"?',
        ),
        (
            "audio: {playback: {volume: 101%}}",
            '1: audio.playback.volume: found "101%", expected a percentage from 0% to 100%',
        ),
        ("recording: {fill_gaps: 1}", "1: recording.fill_gaps: found 1, expected true or false"),
        ("recording: {min_duration: -1s}", '1: recording.min_duration: found "-1s", expected a duration with a unit'),
        ("storage: {directory: clips}", '1: storage.directory: found "clips", expected an absolute path'),
        ("storage: {keep: 30}", "1: storage.keep: found 30, expected until_space_needed, always or days, such as 30d"),
        ("storage: {keep: days}", '1: storage.keep: found "days", expected until_space_needed, always or days'),
        ("storage: {keep: [30d]}", "1: storage.keep: found a list, expected until_space_needed, always or days"),
        ("disabled_plugins: s3", '1: disabled_plugins: found "s3", expected a list, such as [a, b]'),
        ("disabled_plugins: [a, 5]", "1: disabled_plugins[1]: found 5, expected text: put it in quotes"),
        (
            "panel: {buttons: {28: record.mark}}",
            "1: panel.buttons.28: found pin 28, expected the BCM number of a pin, from 2 to 27",
        ),
        (
            "panel: {leds: {-1: status}}",
            "1: panel.leds.-1: found pin -1, expected the BCM number of a pin, from 2 to 27",
        ),
        ("panel: {leds: {led: status}}", "1: panel.leds.led: found led, expected a whole number"),
        ("panel: {leds: {007: status}}", "1: panel.leds.007: found 007, expected a whole number"),
        ("panel: {buttons: {17: }}", "1: panel.buttons.17: found nothing, expected record.toggle, record.start"),
        ("panel: {buttons: {17: 5}}", "1: panel.buttons.17: found 5, expected record.toggle, record.start"),
        (
            "panel:\n  buttons:\n    17: record.togle",
            '3: panel.buttons.17: found "record.togle"; did you mean "record.toggle"?',
        ),
        (
            "panel: {buttons: {17: {debounce: 2s}}}",
            '1: panel.buttons.17.debounce: found "2s", must be between 0s and 1s',
        ),
        (
            "panel:\n  buttons: {17: record.mark}\n  leds: {17: status}",
            "3: panel.leds.17: pin 17 is taken by panel.buttons.17, expected a pin of its own",
        ),
        (
            "panel:\n  buttons: {17: record.mark}\n  switches: {+17: record.while_off_hook}",
            "3: panel.switches.+17: pin 17 is taken by panel.buttons.17, expected a pin of its own",
        ),
        (
            "panel:\n  buttons:\n    17: record.mark\n    17: play.next",
            "4: panel.buttons.17: found a second time, expected once; the first is on line 3",
        ),
        ("device: {}\ndevice: {}", "2: device: found a second time, expected once; the first is on line 1"),
        (OFFICE + "{}", "2: destinations.office.backend: is missing, expected folder or web"),
        (OFFICE, "2: destinations.office.backend: is missing, expected folder or web"),
        (OFFICE + "{backend: folder}", "2: destinations.office.path: is missing, expected an absolute path"),
        (
            OFFICE + "{backend: foldr}",
            '2: destinations.office.backend: found "foldr", expected folder or web; did you mean "folder"?',
        ),
        (OFFICE + "{backend: ftp}", "expected folder or web; `appliance plugins` shows what is installed"),
        (OFFICE + "{backend: [a]}", "2: destinations.office.backend: found a list, expected text"),
        (OFFICE + "{backend: folder, path: /a, options: {}}", "2: destinations.office.options: unknown option"),
        (
            OFFICE + "{backend: folder, path: /a, pth: /b}",
            '2: destinations.office.pth: unknown option; did you mean "path"?',
        ),
        (
            OFFICE + "{backend: folder, path: /a, ordr: newest}",
            '2: destinations.office.ordr: unknown option; did you mean "order"?',
        ),
        (
            OFFICE + "{backend: folder, path: /a, order: newst}",
            '2: destinations.office.order: found "newst", must be oldest or newest; did you mean "newest"?',
        ),
        (
            OFFICE + "{backend: folder, path: /a, active_hours: [22-6]}",
            '2: destinations.office.active_hours: found a list, must look like ["22:00-06:00"]',
        ),
        (
            OFFICE + "\n    backend: folder\n    path: /a\n    retry: {min: 2h}",
            "5: destinations.office.retry: found min 2h and max 1h, expected min to be at most max",
        ),
        (
            "destinations:\n  a b: {backend: folder, path: /a}",
            '2: destinations.a b: found "a b", expected a name of letters',
        ),
        ("feeds:\n  é: {urls: []}", '2: feeds.é: found "é", expected a name of letters, digits, - and _'),
        ("feeds: {a: {every: 5m}}", "1: feeds.a.urls: is missing, expected a list, such as [a, b]"),
        ("device: !box {}", "1: device: a tag that cannot stand here"),
        ("device: {name: !box a}", "1: device.name: unknown tag, expected !env NAME or !secret NAME"),
        ("device: {name: !!python/object/apply:os.system [x]}", "1: device.name: a tag that cannot stand here"),
        ("device: {name: !env }", "1: device.name: !env without a proper name, expected !env NAME"),
        (
            "device: {name: !env NO_SUCH}",
            "1: device.name: found !env NO_SUCH, expected the environment variable NO_SUCH to be set",
        ),
        ("device: !env NAME", "1: device: found the value of !env NAME, expected options below it"),
        (
            "audio: {capture: {rate: !env NAME}}",
            "1: audio.capture.rate: found the value of !env NAME, expected a whole number",
        ),
    ],
)
def test_what_a_person_must_correct(problems: Problems, text: str, expected: str) -> None:
    found = problems(text, {"NAME": "sesame"})
    assert len(found) == 1, found
    assert found[0].startswith("box.yaml:")
    assert expected in found[0]
    assert "sesame" not in found[0]


WEB = "destinations:\n  office:\n    backend: web\n    url: https://example.org\n    "


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("limit: 500", "limit: found 500, expected a size with a unit, such as 500kB, 200MB or 5MiB"),
        ("limit: 999B", 'limit: found "999B", must be at least 1kB'),
        ("tries: 10", "tries: found 10, must be between 1 and 9"),
        ("share: 2.0", "share: found 2.0, must be at most 1"),
        ("share: .inf", "share: found .inf, expected a number"),
        ("share: 1e999", 'share: found "1e999", expected a number'),
        ("user: abcdefghijklmnopqrstuvwxyz", "must be at most 20 characters long"),
        ("expect: []", "expect: found a list, must be at least 1 entry long"),
        ("expect: [4__0]", "expect[0]: found 4__0, expected a whole number"),
        ("expect: [200, x]", 'expect[1]: found "x", expected a whole number'),
        ("at: 25:00", "at: found 25:00, expected a time of day"),
        ("colour: rad", 'colour: found "rad", expected red or off; did you mean "red"?'),
        ("size: larg", 'size: found "larg", expected small or large; did you mean "large"?'),
        ("by_colour: {rd: 1s}", "by_colour.rd: found rd, expected red or off"),
        ("patience: {connect: 1ms}", 'patience.connect: found "1ms", must be at least 100ms'),
        ("url: x", "url: found a second time, expected once; the first is on line 4"),
    ],
)
def test_options_of_a_backend(problems: Problems, line: str, expected: str) -> None:
    (found,) = problems(WEB + line)
    assert found.startswith("box.yaml:5: destinations.office.")
    assert expected in found


def test_every_problem_at_once_in_the_order_of_the_file(problems: Problems) -> None:
    found = problems(
        "device: {name: '?'}\n"
        "audio:\n"
        "  capture:\n"
        "    rate: 1\n"
        "    period: 9s\n"
        "    buffer: 9\n"
        "    chanels: 1\n"
        "panel:\n"
        "  buttons:\n"
        "    99: record.mark\n"
        "    3: record.mrk\n"
        "    4: {press: record.mark, debounce: 9s, hold_time: 1ms}\n"
        "destinations:\n"
        "  one:\n"
        "    backend: web\n"
        "    url: http://example.org\n"
        "    tries: 0\n"
        "    retry: {min: 0, max: 5}\n"
        "  two:\n"
        "    backend: fodler\n"
        "    order: none\n"
        "storage:\n"
        "  directory: !env NOWHERE\n"
    )
    assert [problem.split(": ")[0:2] for problem in found] == [
        ["box.yaml:1", "device.name"],
        ["box.yaml:4", "audio.capture.rate"],
        ["box.yaml:5", "audio.capture.period"],
        ["box.yaml:6", "audio.capture.buffer"],
        ["box.yaml:7", "audio.capture.chanels"],
        ["box.yaml:10", "panel.buttons.99"],
        ["box.yaml:11", "panel.buttons.3"],
        ["box.yaml:12", "panel.buttons.4.debounce"],
        ["box.yaml:12", "panel.buttons.4.hold_time"],
        ["box.yaml:16", "destinations.one.url"],
        ["box.yaml:17", "destinations.one.tries"],
        ["box.yaml:18", "destinations.one.retry.max"],
        ["box.yaml:18", "destinations.one.retry.min"],
        ["box.yaml:20", "destinations.two.backend"],
        ["box.yaml:21", "destinations.two.order"],
        ["box.yaml:23", "storage.directory"],
    ]


def test_a_check_of_a_plugin_speaks_for_itself(problems: Problems, web: Web) -> None:
    (found,) = problems("destinations: {office: {backend: web, url: 'http://example.org'}}")
    assert found.endswith("office.url: 'http://example.org' is not encrypted: add the line `allow_http: true`")
    assert web("allow_http: true").allow_http


def test_a_broken_plugin_is_named(uploads: dict[str, type]) -> None:
    from appliance.config.loader import parse

    class NoOptions:
        pass

    with pytest.raises(ConfigError, match=r"box.yaml:1: destinations.a: the plugin of its backend is broken: .*attrs"):
        parse("destinations: {a: {backend: odd}}", "box.yaml", {DestinationSettings: {"odd": NoOptions}}, {})


def test_options_that_hang_or_end_programs_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from appliance.config import convert
    from appliance.config.loader import usable

    go = threading.Event()

    def end(*_: object) -> None:
        raise SystemExit(4)

    @frozen
    class Hangs:
        x: str = option("", "x", check=lambda *_: go.wait(30))

    @frozen
    class Ends:
        x: str = option("", "x", check=end)

    monkeypatch.setattr(convert, "PATIENCE", 0.05)
    text = "destinations: {a: {backend: hangs}, b: {backend: ends}}"
    found = usable(text, "box.yaml", {DestinationSettings: {"hangs": Hangs, "ends": Ends}}, {})
    go.set()
    assert "the plugin of its backend is broken: it hangs" in found.left_out["destinations.a"]
    assert "the plugin of its backend is broken: SystemExit: 4" in found.left_out["destinations.b"]


def test_an_entry_whose_values_hang_keeps_no_other_of_its_kind_out(monkeypatch: pytest.MonkeyPatch) -> None:
    from appliance.config import convert
    from appliance.config.loader import usable

    go, looked = threading.Event(), list[str]()

    def look(_: object, __: object, place: str) -> None:
        looked.append(place)
        if place == "/dead":
            go.wait(30)

    @frozen
    class Folder:
        place: str = option("", "x", check=look)

    kinds: Any = {DestinationSettings: {"folder": Folder}}
    with monkeypatch.context() as patch:
        patch.setattr(convert, "PATIENCE", 0.05)
        assert usable("destinations: {a: {backend: folder, place: /dead}}", "box.yaml", kinds, {}).left_out
    text = "destinations: {a: {backend: folder, place: /dead}, b: {backend: folder, place: /alive}}"
    found = usable(text, "box.yaml", kinds, {})
    go.set()
    assert set(found.left_out) == {"destinations.a"} and "still hangs" in found.left_out["destinations.a"]
    assert looked.count("/dead") == 1


def test_clips_wait_for_a_destination_that_is_left_out_in_the_form_that_it_wants(uploads: dict[str, type]) -> None:
    from appliance.config.loader import usable

    text = (
        "destinations:\n"
        "  typo: {backend: folder, deliver_as: flac, delete_after: accepted, order: sideways, xyzzy: 5}\n"
        "  list: [a]\n"
    )
    found = usable(text, "box.yaml", {DestinationSettings: uploads}, {}).settings.destinations
    assert found["typo"] == DestinationSettings("", deliver_as="flac", delete_after=DeleteAfter.ACCEPTED)
    assert found["list"] == DestinationSettings("")


def test_without_any_plugin_every_backend_is_unknown() -> None:
    from appliance.config.loader import parse

    with pytest.raises(ConfigError, match="expected the backend of an installed plugin"):
        parse("destinations: {a: {backend: folder}}", "box.yaml", {DestinationSettings: {}}, {})


class TestLive:
    """Only originals can be sent while they are recorded."""

    TEXT = "destinations:\n  cloud:\n    backend: s3\n    bucket: clips\n    deliver_as: {kind}\n    live: {live}\n"
    CLOUD: ClassVar[Extensions] = {DestinationSettings: {"s3": S3Options}}

    @pytest.mark.parametrize(("kind", "live"), [("original", "true"), ("flac", "false"), ("original", "false")])
    def test_what_goes_together(self, kind: str, live: str) -> None:
        settings = parse(self.TEXT.format(kind=kind, live=live), "box.yaml", self.CLOUD, {})
        assert settings.destinations["cloud"].options.live is (live == "true")

    @pytest.mark.parametrize("kind", ["flac", "opus"])
    def test_what_does_not(self, kind: str) -> None:
        with pytest.raises(ConfigError, match=f"found `live: true` and `deliver_as: {kind}`.*Leave out one"):
            parse(self.TEXT.format(kind=kind, live="true"), "box.yaml", self.CLOUD, {})


class TestHeartbeat:
    """`heartbeat:` at the top is short for a service of that name."""

    def test_it_is_that_service(self, read: Read) -> None:
        short = read("services: {other: {service: heartbeat}}\nheartbeat:\n  url: here")
        full = read("services: {other: {service: heartbeat}, heartbeat: {service: heartbeat, url: here}}")
        assert short == full and short.services["heartbeat"].options.url == "here"

    @pytest.mark.parametrize("text", ["heartbeat:", "heartbeat:\nservices:", "services: {}"])
    def test_a_heading_alone_is_none(self, read: Read, text: str) -> None:
        assert read(text).services == {}

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("\nheartbeat:\n  urls: a", "box.yaml:3: services.heartbeat.urls: unknown option; did you mean"),
            ("\nheartbeat: [a]", "box.yaml:2: services.heartbeat: found a list, expected options below it"),
            ("heartbeat: {url: a}\nservices: [a]", "box.yaml:2: services: found a list"),
            (
                "services: {heartbeat: {service: heartbeat}}\nheartbeat: {url: a}",
                "box.yaml:2: heartbeat: is short for services.heartbeat, which is there too: take one out",
            ),
        ],
    )
    def test_what_is_wrong_is_said_where_it_stands(self, problems: Problems, text: str, words: str) -> None:
        assert problems(text)[0].startswith(words)

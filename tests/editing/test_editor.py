"""Changing the configuration: what is asked for, refused, written and taken back."""

import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import define, evolve, field, frozen

from appliance.config import loader
from appliance.editing.editor import Editor
from appliance.editing.form import LOCKED, Forms
from appliance.editing.versions import KEPT, Versions
from appliance.errors import ApplianceError, ConfigError, NotFound, NotRunning, Refused, StorageError
from appliance.plugin_host import PluginHost

PRESETS = Path(__file__).parents[2] / "share/appliance/presets"
NAMES = sorted(path.stem for path in PRESETS.glob("*.yaml"))
CHANGED = {
    "telephone": {"panel/switches/22/contact": "normally_closed"},
    "booth": {"flow/booth/codes": "false", "panel/buttons/27/press": "flow.next"},
    "message_box": {"panel/buttons/27/hold": "play.previous"},
    "dictation": {"panel/buttons/22/press": "play.latest"},
    "field": {"recording/split_at": "20m"},
    "wildlife": {"triggers/birds/rise": "12"},
}
"""What somebody who uses a preset would change of it."""
FILE = """\
# By hand.
device: {name: box}
panel: {buttons: {17: record.toggle}}  # one
destinations:
  office:
    backend: http
    url: https://example.org/in
    auth: {bearer: !secret old}
  cloud: {backend: rclone, remote: "gdrive:x"}
  shelf: {backend: folder, path: /srv/shelf}
services: {}
"""


@define
class Desk:
    """An editor of a file, and a recorder that answers as a test wants."""

    path: Path
    editor: Editor = field(init=False)
    answer: Callable[[], bool] = lambda: True
    refused: bool = False

    def ask(self, *place: str, **values: str) -> dict[str, Any]:
        form = self.editor.form([*place])
        return self.editor.review(
            [*place], {name.replace("__", "."): each for name, each in values.items()}, form["version"]
        )

    def use(self, *place: str, **values: str) -> dict[str, Any]:
        return self.editor.use(self.ask(*place, **values)["proposal"])

    def take(self, preset: str) -> None:
        found = self.editor.preset(preset, self.editor.form([])["version"])
        assert found["problems"] == []
        if found["changes"]:
            self.editor.use(found["proposal"])


@pytest.fixture(scope="module")
def extensions() -> Any:
    plugins = PluginHost.installed()
    plugins.discover()
    return plugins.extensions


@pytest.fixture
def desk(tmp_path: Path, extensions: Any) -> Desk:
    path = tmp_path / "config.yaml"
    path.write_text(FILE)
    path.with_name("secrets.yaml").touch(0o600)
    path.with_name("secrets.yaml").write_text("# mine\nold: sesame\n")
    desk = Desk(path)
    versions = Versions(tmp_path / "versions", lambda: 5.0)
    desk.editor = Editor(path, extensions, versions, lambda: desk.answer(), PRESETS, lambda: desk.refused)
    return desk


def fields(form: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for part in form["parts"] for each in part["fields"]}


def test_a_form_has_the_words_of_the_reference(desk: Desk, extensions: Any) -> None:
    from appliance.config.reference import reference

    text = reference(extensions)
    for place in (["recording"], ["destinations", "office"], ["panel", "buttons", "17"], ["audio"]):
        for each in fields(desk.editor.form(place)).values():
            assert each["help"].replace("|", "\\|") in text


def test_a_form_shows_what_is_written_and_no_secret(desk: Desk) -> None:
    office = desk.editor.form(["destinations", "office"])
    assert "sesame" not in json.dumps(office)
    shown = fields(office)
    assert shown["auth.bearer"]["written"] and not shown["auth.bearer"]["value"]
    assert shown["url"]["value"] == "https://example.org/in" and shown["backend"]["locked"]
    assert fields(desk.editor.form(["panel", "buttons", "17"]))["press"]["value"] == "record.toggle"
    assert [name for name, _ in desk.editor.form([])["parts"][0]["links"]][:3] == ["device", "audio", "recording"]
    with pytest.raises(NotFound):
        desk.editor.form(["nonsense"])


@pytest.mark.parametrize(
    ("place", "values", "old", "new"),
    [
        ("device", {"name": "attic"}, "{name: box}", "{name: attic}"),
        ("device", {"name": "2026"}, "{name: box}", "{name: '2026'}"),
        ("device", {"name": "no"}, "{name: box}", "{name: 'no'}"),
        ("panel/buttons/17", {"press": "play.next"}, "17: record.toggle", "17: {press: play.next}"),
        ("panel/buttons/17", {"hold": "play.next"}, "17: record.toggle", "17: {press: record.toggle, hold: play.next}"),
        (
            "panel/buttons/17",
            {"take__test": "true"},
            "17: record.toggle",
            "17: {press: record.toggle, take: {test: true}}",
        ),
        (
            "destinations/shelf",
            {"active_hours": "22:00-06:00"},
            "/srv/shelf}",
            '/srv/shelf, active_hours: ["22:00-06:00"]}',
        ),
        ("destinations/shelf", {"path": "/srv/a b"}, "/srv/shelf", "/srv/a b"),
    ],
)
def test_what_is_written(place: str, values: dict[str, str], old: str, new: str, desk: Desk) -> None:
    assert desk.use(*place.split("/"), **values) == {"used": "now"}
    found = desk.path.read_text()
    if "active" in new:
        found = found.replace("[22:00-06:00]", '["22:00-06:00"]')
    assert found == FILE.replace(old, new)


def test_names_and_values_are_changed_one_by_one_and_keep_their_comments(desk: Desk) -> None:
    numbers = "    1: play.latest  # the newest\n    2: play.random\n    0: record.mark\n"
    desk.path.write_text(f"{FILE}flow:\n  script: telephone\n  numbers:\n{numbers}")
    shown = fields(desk.editor.form(["flow"]))["numbers"]
    assert (shown["kind"], shown["locked"]) == ("pairs", False)
    assert shown["value"] == "1: play.latest\n2: play.random\n0: record.mark"
    found = desk.ask("flow", numbers="1: play.latest\n2: greeting.play\n*: language.next\n")
    assert [(each["name"], each["was"], each["becomes"], each["kind"]) for each in found["changes"]] == [
        ("flow.numbers.2", "play.random", "greeting.play", "changed"),
        ("flow.numbers.*", "", "language.next", "changed"),
        ("flow.numbers.0", "record.mark", "", "removed"),
    ]
    desk.editor.use(found["proposal"])
    after = "  numbers:\n    1: play.latest  # the newest\n    2: greeting.play\n    '*': language.next\n"
    assert desk.path.read_text() == f"{FILE}flow:\n  script: telephone\n{after}"
    desk.use("flow", numbers="")
    assert fields(desk.editor.form(["flow"]))["numbers"]["value"] == ""
    desk.use("flow", numbers="3: play.all\n4: play.next")
    assert fields(desk.editor.form(["flow"]))["numbers"]["value"] == "3: play.all\n4: play.next"


@pytest.mark.parametrize("typed", ["1: nonsense", "1", "x: play.latest", "17: record.toggle"])
def test_a_wrong_name_or_value_is_told_at_its_option(typed: str, desk: Desk) -> None:
    (problem,) = desk.ask("flow", numbers=typed)["problems"]
    assert problem["name"].startswith("numbers") and problem["words"]


@pytest.mark.parametrize("typed", ["1", "007", "true", "2026-11-28", "~", "a: b", "[x", "plain"])
def test_text_among_names_and_values_stays_text_whatever_it_looks_like(typed: str, desk: Desk) -> None:
    desk.use("destinations", "office", fields=f"year: {typed}\nplace: Rome")
    assert fields(desk.editor.form(["destinations", "office"]))["fields"]["value"] == f"year: {typed}\nplace: Rome"


def test_text_in_a_list_stays_text_where_it_looks_like_a_number(desk: Desk) -> None:
    rows, keys = "5\n6\n13\n19", "123\n456\n789\n*0#"
    desk.use("panel", keypad__rows=rows, keypad__columns="16\n20\n21", keypad__keys=keys.replace("456", "457"))
    shown = fields(desk.editor.form(["panel"]))
    assert shown["keypad.keys"]["value"] == keys.replace("456", "457") and shown["keypad.rows"]["value"] == rows


def test_a_new_entry_and_its_secret(desk: Desk) -> None:
    form = desk.editor.form(["destinations", "new"], "http")
    values = {"url": "https://example.org/x", "auth.bearer": "it's me"}
    found = desk.editor.review(["destinations", "new"], values, form["version"], "http")
    assert "it's me" not in json.dumps(found)
    desk.editor.use(found["proposal"])
    hidden = desk.path.with_name("secrets.yaml")
    assert hidden.read_text() == "# mine\nold: sesame\ndestinations-new-auth-bearer: it's me\n"
    assert hidden.stat().st_mode & 0o777 == 0o600
    settings = loader.load(desk.path, desk.editor.extensions, {})
    assert settings.destinations["new"].options.auth.bearer.reveal() == "it's me"
    assert "it's me" not in desk.path.read_text() + "".join(
        each.read_text() for each in desk.editor.versions.folder.iterdir()
    )


def test_problems_have_the_words_of_the_check(desk: Desk) -> None:
    found = desk.ask("recording", max_duration="5 parsecs")
    with pytest.raises(ConfigError) as told:
        loader.parse("recording: {max_duration: 5 parsecs}", "x", {}, {})
    ((problem),) = found["problems"]
    assert problem["name"] == "max_duration" and told.value.problems == (
        f"x:1: recording.max_duration: {problem['words']}",
    )
    assert "proposal" not in found


def test_what_somebody_wants_that_there_is_not_is_told_at_its_place(desk: Desk) -> None:
    found = desk.ask("destinations", "shelf", only__profile="interview")
    words = "there is no profile 'interview': the configuration has none"
    assert found["problems"] == [{"name": "only", "words": words}]


def test_a_problem_that_was_there_before_is_nobody_s_new_one(desk: Desk) -> None:
    desk.path.write_text(FILE.replace("record.toggle", "nonsense"))
    assert desk.ask("device", name="attic")["problems"] == []


@pytest.mark.parametrize("place", [".".join(map(str, place)) for place in LOCKED])
def test_what_would_lock_somebody_out_is_not_changed(place: str, desk: Desk) -> None:
    section, _, name = place.partition(".")
    form = desk.editor.form([section]) if section != "disabled_plugins" else desk.editor.form([])
    for each in fields(form).values():
        if not name or each["name"] == name:
            assert each["locked"]
    found = (
        desk.ask(section, listen="0.0.0.0:1", directory="/tmp/x")
        if fields(form) and section != "disabled_plugins"
        else {}
    )
    assert not found.get("changes")


def test_what_runs_a_program_is_not_changed(desk: Desk) -> None:
    assert desk.ask("destinations", "cloud", remote=":sftp,ssh=x:", binary="/tmp/x")["changes"] == []
    version = desk.editor.form([])["version"]
    with pytest.raises(NotFound):
        desk.editor.remove(["destinations", "cloud"], version)
    for place, kind in ((["destinations", "new"], "rclone"), (["processors", "new"], "command")):
        found = desk.editor.review(place, {"remote": "x:", "run": "rm", "backend": "rclone"}, version, kind)
        assert "proposal" not in found


def test_what_was_taken_out_takes_nothing_along(desk: Desk) -> None:
    version = desk.editor.form([])["version"]
    desk.editor.use(desk.editor.remove(["destinations", "shelf"], version)["proposal"])
    assert desk.path.read_text() == FILE.replace("  shelf: {backend: folder, path: /srv/shelf}\n", "")


def test_two_people_at_once(desk: Desk) -> None:
    version = desk.editor.form(["device"])["version"]
    first = desk.editor.review(["device"], {"name": "a"}, version)["proposal"]
    second = desk.editor.review(["device"], {"name": "b"}, version)["proposal"]
    with pytest.raises(Refused, match="Look at your changes again"):
        desk.editor.use(first)
    desk.editor.use(second)
    with pytest.raises(Refused):
        desk.editor.use(second)
    with pytest.raises(Refused, match="changed by somebody else"):
        desk.editor.review(["device"], {"name": "c"}, version)


def test_two_helpers_at_once_lose_nothing_of_each_other(desk: Desk) -> None:
    """systemd starts one for each connection: between the look at the file and its change there is another."""
    other, said = Desk(desk.path), list[object]()
    other.editor = evolve(desk.editor)

    def change() -> None:
        try:
            said.append(other.use("recording", min_duration="2s")["used"])
        except Refused as error:
            said.append(str(error))

    thread = threading.Thread(target=change, daemon=True)

    @frozen
    class Slow(Versions):
        def keep(self, text: str, changes: list[dict[str, Any]]) -> None:
            thread.start()
            thread.join(0.3)
            super().keep(text, changes)

    versions = desk.editor.versions
    desk.editor = evolve(desk.editor, versions=Slow(versions.folder, versions.wall_seconds))
    desk.use("device", name="attic")
    thread.join(10)
    assert "{name: attic}" in desk.path.read_text()
    assert said and ("min_duration" in desk.path.read_text()) == (said == ["now"]), said


def test_a_link_still_leads_to_the_configuration(desk: Desk) -> None:
    kept = desk.path.rename(desk.path.with_name("kept-elsewhere.yaml"))
    desk.path.symlink_to(kept)
    desk.use("device", name="attic")
    assert desk.path.is_symlink() and "{name: attic}" in kept.read_text()


def test_what_cannot_be_used_is_taken_back_with_its_secret(desk: Desk) -> None:
    def refuse() -> bool:
        raise ConfigError("the card is not there")

    desk.answer = refuse
    before = desk.path.with_name("secrets.yaml").read_text()
    with pytest.raises(ConfigError, match="all is as it was before: the card is not there"):
        desk.use("destinations", "office", auth__bearer="new")
    assert desk.path.read_text() == FILE and desk.path.with_name("secrets.yaml").read_text() == before


def test_what_turns_out_to_be_unusable_after_the_take_is_taken_back(desk: Desk) -> None:
    desk.answer = lambda: False
    assert desk.use("device", name="attic") == {"used": "later"}
    desk.editor.settle()
    assert "attic" in desk.path.read_text()
    desk.refused = True
    desk.editor.settle()
    assert desk.path.read_text() == FILE
    desk.path.write_text("device: {name: mine}\n")  # somebody else's, and his to correct
    desk.editor.settle()
    assert desk.path.read_text() == "device: {name: mine}\n"


def test_without_a_recorder_it_is_used_when_that_starts(desk: Desk) -> None:
    def away() -> bool:
        raise NotRunning("away")

    desk.answer = away
    assert desk.use("device", name="attic") == {"used": "at its start"}
    assert "attic" in desk.path.read_text()


def test_ten_versions_are_kept_and_any_of_them_comes_back(desk: Desk) -> None:
    for number in range(KEPT + 2):
        desk.editor.versions.keep(f"device: {{name: box-{number}}}", [])
    desk.use("device", name="attic")
    told = desk.editor.versions.told()
    assert [each["number"] for each in told] == list(range(KEPT + 3, 3, -1))
    assert told[0]["changes"][0] == {
        "name": "device.name",
        "kind": "changed",
        "was": "box",
        "becomes": "attic",
        "default": "",
    }
    first, second = (desk.editor.versions.folder / f"{number:08}.json" for number in (KEPT + 3, KEPT + 2))
    first.write_text("[" * 100_000)
    second.unlink()
    os.mkfifo(second)
    assert [each["number"] for each in desk.editor.versions.told()] == list(range(KEPT + 1, 3, -1)), (
        "the others are told"
    )
    with pytest.raises(StorageError, match="cannot be read"):
        desk.editor.restore(KEPT + 2)
    desk.editor.restore(told[-1]["number"])
    assert desk.path.read_text() == "device: {name: box-3}"
    with pytest.raises(NotFound):
        desk.editor.restore(1)


@pytest.mark.parametrize(
    "text", ["a: &x {name: b}\ndevice: *x\n", "x: &x {name: b}\ndevice: {<<: *x}\nrecording: *x\n"]
)
def test_what_a_form_cannot_write_is_refused(text: str, desk: Desk) -> None:
    desk.path.write_text(text)
    try:
        found = desk.ask("device", name="c")
    except ApplianceError as error:
        assert "change it there" in str(error)
    else:
        assert found["problems"] == [] and "proposal" in found


def test_every_section_of_the_schema_has_a_form(extensions: Any) -> None:
    forms = Forms({}, extensions)

    def walk(place: tuple[str, ...], chosen: str = "") -> int:
        form = forms.form(place, chosen)
        names = [(*place, *filter(None, part.name.split(".")), name) for part in form.parts for name, _ in part.links]
        count = len(form.fields) + sum(walk(each) for each in names)
        if form.entries is not None:
            count += sum(walk((*place, "new"), each) for each in form.choices or ("",))
        return count

    assert walk(()) > 300


def test_a_preset_changes_what_it_has_and_nothing_else(desk: Desk) -> None:
    assert "telephone" in desk.editor.preset_names()
    found = desk.editor.preset("telephone", desk.editor.form([])["version"])
    assert found["problems"] == []
    desk.editor.use(found["proposal"])
    text = desk.path.read_text()
    settings = loader.load(desk.path, desk.editor.extensions, {})
    assert (settings.flow.script, settings.device.name) == ("telephone", "box")
    assert not settings.panel.buttons and settings.panel.switches[22].action == "handset"  # 17 is as presets have it
    assert "# By hand." in text and "shelf: {backend: folder" in text
    assert desk.editor.preset("telephone", desk.editor.form([])["version"])["changes"] == []


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("before", ["device: {name: box}\n", FILE], ids=["little", "much"])
def test_every_preset_can_be_used_as_it_is(before: str, name: str, desk: Desk) -> None:
    desk.path.write_text(before)
    found = desk.editor.preset(name, desk.editor.form([])["version"])
    assert found["problems"] == []
    desk.editor.use(found["proposal"])
    assert desk.editor.preset(name, desk.editor.form([])["version"])["changes"] == []
    if before != FILE:
        wanted = loader.load(PRESETS / f"{name}.yaml", desk.editor.extensions, {})
        wanted = evolve(wanted, device=evolve(wanted.device, name="box"))  # as somebody called it
        assert loader.load(desk.path, desk.editor.extensions, {}) == wanted


@pytest.mark.parametrize("first", NAMES)
@pytest.mark.parametrize("then", NAMES)
def test_whoever_changes_his_mind_about_a_preset_has_the_second_alone(first: str, then: str, desk: Desk) -> None:
    """And what was written by hand stays, but where a pin of it is wanted."""
    desk.path.write_text("# By hand.\npanel: {leds: {6: status}}\nprompts: none\n")
    desk.take(first)
    desk.take(then)
    wanted = loader.load(PRESETS / f"{then}.yaml", desk.editor.extensions, {})
    found = loader.load(desk.path, desk.editor.extensions, {})
    assert found.panel.leds.pop(6).shows == "status" and desk.path.read_text().startswith("# By hand.\n")
    assert found == evolve(wanted, prompts=found.prompts)


@pytest.mark.parametrize("first", NAMES)
@pytest.mark.parametrize("then", NAMES)
def test_what_was_changed_of_a_preset_keeps_nobody_from_another(first: str, then: str, desk: Desk) -> None:
    """A contact the other way round, a longer time, a name: the box does what the second preset is for all the same."""
    desk.path.write_text("")
    desk.take(first)
    for place, value in CHANGED[first].items():
        desk.use(*place.split("/")[:-1], **{place.split("/")[-1]: value})
    desk.use("device", name="grandma")
    desk.take(then)
    wanted = loader.load(PRESETS / f"{then}.yaml", desk.editor.extensions, {})
    found = loader.load(desk.path, desk.editor.extensions, {})
    assert found.device.name == "grandma"
    if first != then:
        assert (found.flow and found.flow.script, [*found.triggers]) == (
            wanted.flow and wanted.flow.script,
            [*wanted.triggers],
        )
        assert wanted.panel.buttons.items() <= found.panel.buttons.items()


@pytest.mark.parametrize("before", ["", "\n", "# Nothing yet.\n", "# Nothing\n\n  # yet."])
def test_a_file_that_says_nothing_yet_takes_all_that_a_form_and_a_preset_have(before: str, desk: Desk) -> None:
    desk.path.write_text(before)
    assert desk.use("device", name="attic") == {"used": "now"}
    desk.path.write_text(before)
    desk.take("telephone")
    wanted = loader.load(PRESETS / "telephone.yaml", desk.editor.extensions, {})
    assert loader.load(desk.path, desk.editor.extensions, {}) == wanted
    assert desk.path.read_text().startswith(before)


def test_there_are_no_other_presets(desk: Desk) -> None:
    for name in ("nope", "../../config"):
        with pytest.raises(NotFound):
            desk.editor.preset(name, desk.editor.form([])["version"])

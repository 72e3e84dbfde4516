"""The page in other languages: nothing is left in English that the page itself says."""

import ast
import re
import string
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from itertools import cycle
from pathlib import Path
from typing import Any

import bottle
import pytest

import appliance
from appliance import faults
from appliance.config.described import describe, summary
from appliance.config.options import loaded
from appliance.config.settings import Settings
from appliance.control.client import Client
from appliance.errors import NotRunning
from appliance.faultkind import FaultKind
from appliance.models import GapCause, Verdict
from appliance.page import begin, downloads, health, hints, languages, listing, settings, sounds, words
from appliance.page.answers import FOLDER, script_words
from appliance.page.languages import LANGUAGES
from appliance.page.sentences import is_said, sentence
from appliance.plugin.kinds import KINDS
from appliance.plugin_host import PluginHost
from tests.page.conftest import STATUS, Browser, Desk, clip
from tests.page.sentences import every_sentence
from tests.page.test_settings import Helper as SettingsHelper

PAGES = (
    "/",
    "/clips",
    "/clips/id",
    "/messages",
    "/sounds",
    "/trash",
    "/health",
    "/begin",
    "/settings",
    "/settings/flow",
)
WHERE = (*PAGES, "/nowhere", "/login")
VIEWS = sorted((FOLDER / "views").glob("*.tpl"))
SCRIPTS = sorted((FOLDER / "static").glob("*.js"))
FAULTS = faults.KINDS
COMMANDS = ("sudo ", "pip install")
"""Where begins what is the same in every language."""

OTHERS = sorted(LANGUAGES.keys() - {"en"})

FOR_MACHINES = (
    "big stop",
    "big record",
    "panel buttons",
    "microphone loop",
    "appliance web password",
)
"""What stands in views and is not for people to read, or the same in every language."""

TABLES = (
    words.VERDICTS,
    words.STATES,
    words.TOTALS,
    words.FOUND,
    words._DOES,
    listing.VERDICT_CHOICES,
    listing.STATE_CHOICES,
    health._RESULTS,
    health.CHECKS,
    downloads.FORMATS,
    begin.PRESETS,
    sounds.HANDSET,
    sounds.PROMPTS,
    sounds.DAYS,
)
"""What is looked up before it is said."""


def code_of(view: Path) -> ast.Module:
    code: str = bottle.SimpleTemplate(view.read_text(), lookup=[str(view.parent)]).code
    return ast.parse(code)


def said(tree: ast.AST) -> Iterator[tuple[str, ...]]:
    """The literal arguments of everything that is said."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("_", "several"):
            literals = (each.value for each in node.args if isinstance(each, ast.Constant))
            if texts := tuple(each for each in literals if isinstance(each, str)):
                yield texts


def all_said() -> dict[str, tuple[str, ...]]:
    """Every text of the page with its other forms."""
    found: dict[str, tuple[str, ...]] = {text: (text,) for text in script_words()}
    found |= {text: (text,) for table in TABLES for text in table.values() if text}
    found |= {text: (text,) for text in (*hints.WORDS, *hints.SHAPES)}
    found |= {one: (one, more) for one, more, _ in words._LENGTHS}
    found |= {health.FULL[0]: health.FULL}
    for tree in (*map(code_of, VIEWS), *(ast.parse(path.read_text()) for path in FOLDER.glob("*.py"))):
        for texts in said(tree):
            if texts[0]:
                found[texts[0]] = texts
    return found


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("code", OTHERS)
def test_a_catalogue_has_every_text_and_no_other(code: str) -> None:
    wanted, catalogue = all_said(), languages.catalogue(code)
    assert wanted.keys() - catalogue.keys() == set()
    assert catalogue.keys() - wanted.keys() == set()
    for text, forms in catalogue.items():
        assert all(fields(form) == fields(text) for form in forms), text
        count = 1 if len(wanted[text]) == 1 or code == "zh" else 2
        assert len(forms) == count, text


@cache
def configured() -> tuple[type, ...]:
    """The classes of all options, those of plugins too."""
    plugins = PluginHost.installed()
    plugins.discover()
    waiting: list[type] = [
        Settings,
        *(cls for given in plugins.extensions.values() for cls in map(loaded, given.values())),
    ]
    seen: set[type] = set()
    while waiting:
        cls = waiting.pop()
        if cls not in seen:
            seen.add(cls)
            waiting += [each.section for each in describe(cls) if each.section]
    return tuple(seen)


@cache
def box_texts() -> set[str]:
    """What the tables of the box say: causes and next steps of faults, helps of options, those of plugins too."""
    kinds = [each for each in vars(faults).values() if isinstance(each, FaultKind)]
    found = {text for kind in kinds for text in (kind.cause, kind.next_step)}
    for cls in configured():
        found |= {summary(cls), *(each.help for each in describe(cls))}
    return found - {""}


@pytest.mark.parametrize("code", OTHERS)
def test_how_an_option_is_written_is_said_in_every_language(code: str) -> None:
    languages.choose(code, None)
    try:
        for each in (each for cls in configured() for each in describe(cls)):
            assert hints.hint(each.kind), each
            assert hints.hint(f"{each.kind}. Example: a, b or c"), each
        assert hints.hint("nothing of ours") is None
    finally:
        languages.choose("en", None)


def test_a_recorder_that_is_away_is_told_of_in_the_language_of_the_page(
    browser: Browser, desk: Desk, tmp_path: Path
) -> None:
    with pytest.raises(NotRunning) as away, Client(tmp_path / "none"):
        pass
    desk.answers["status"] = away.value
    for code in OTHERS:
        browser.post("/language", language=code)
        text = browser.get("/").text
        assert 'lang="en">' not in text.partition("<footer>")[0] and "no appliance answers" not in text


def test_a_hint_keeps_what_is_typed() -> None:
    languages.choose("de", None)
    try:
        assert hints.hint("duration, between 100ms and 1m, or nothing") == "Dauer, zwischen 100ms und 1m, oder nichts"
        week = "list of text, each mon, tue or sun. Example: [mon, tue]"
        assert hints.hint(week) == "Liste: Text, jeweils mon, tue oder sun. Beispiel: [mon, tue]"
    finally:
        languages.choose("en", None)


def test_the_settings_say_it_there(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "Client", SettingsHelper)
    browser.post("/language", language="de")
    text = browser.get("/settings/device").text
    assert "(Text)" in text and 'lang="en">(' not in text


@pytest.mark.parametrize("code", OTHERS)
def test_what_the_tables_of_the_box_say_is_translated_too(code: str) -> None:
    texts, catalogue = box_texts(), languages.catalogue(code, "box")
    assert texts ^ catalogue.keys() == set()
    for text, (said,) in catalogue.items():
        if code != "zh":
            assert said[0].isupper() or said[0].isdigit() or said[0] == "`" or not text[0].isupper(), text
        assert said.count("`") % 2 == 0, text
        known, kept = ({*re.findall("`([^`]+)`", each)} for each in (text, said))
        assert kept <= known, text


ON_FAT = ", no clip of 4 GB or more as it is FAT"
WORDS = {
    *("enough", "none", "now", "under-voltage", "throttled", "microphone", "speaker", "sound cards and GPIO pins"),
    *("{error}, next try in {seconds} s", "{error}, next try in {time}"),
    *("{error}, trying again now", "{error}, not tried again by itself"),
    *map(str, (*GapCause, *Verdict)),
    *("ready", "deleted by hand", "deleted by hand; it is in the trash"),
    *(f"{{count}} {kind.one}{plural}" for kind in KINDS for plural in ("", "s")),
    *("{path} takes files, {free} GB free", f"{{path}} takes files{ON_FAT}, {{free}} GB free"),
}
"""What stands in sentences as a value, and what is put together of nothing but values."""


@pytest.mark.slow
def test_every_sentence_of_the_moment_is_translated() -> None:
    wanted = {*every_sentence(), *WORDS} - box_texts()
    for catalogue in (languages.catalogue(code, "said") for code in OTHERS):
        assert wanted - catalogue.keys() == set()
        assert catalogue.keys() - wanted == set()
        for text, (said,) in catalogue.items():
            assert fields(said) == fields(text), text
            assert all(each in said for each in re.findall("`[^`]+`", text)), text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "1 destination, 0 feeds, 2 buttons and switches, 1 LED",
            {
                "de": "1 Ziel, 0 Feeds, 2 Knöpfe und Schalter, 1 LED",
                "zh": "1 个目的地\uff0c0 个来源\uff0c2 个按钮和开关\uff0c1 个 LED",
            },
        ),
        (
            "room for 8 days 5 hours of sound (68.2 GB free); can never free space: destination shelf lies on the disk "
            "of the box itself; full now. Add a destination elsewhere",
            {
                "de": "Platz für 8 Tage 5 Stunden Ton (68,2 GB frei). Hier kann nie Platz frei werden: Ziel shelf "
                "liegt auf der Karte des Geräts selbst; jetzt voll. Fügen Sie anderswo ein Ziel hinzu"
            },
        ),
        (
            "clip ab12 deleted: deleted by hand; it is in the trash",
            {"de": "Clip ab12 gelöscht: von Hand gelöscht; er liegt im Papierkorb"},
        ),
    ],
)  # fmt: skip
def test_what_is_put_together_is_said_whole(text: str, said: dict[str, str]) -> None:
    for code, wanted in said.items():
        languages.choose(code, None)
        assert sentence(text) == wanted
    languages.choose("en", None)


def filled(text: str) -> str:
    """The sentence with something in each of its fields."""
    return re.sub(r"\{(\w+)\}", lambda field: "3" if field[1] == "count" else f"<{field[1]}>", text)


@pytest.mark.slow
def test_no_sentence_of_the_box_reaches_a_page_in_english(browser: Browser, desk: Desk) -> None:
    texts = sorted({filled(text) for text in every_sentence() if text in languages.catalogue("de", "said")})
    known = languages.catalogue("de", "box")
    kinds = [kind for kind in FAULTS if {kind.cause, kind.next_step} <= known.keys()]
    faults = [
        {"name": kind.name, "owner": kind.owner, "message": filled(text), "urgent": kind.urgent}
        for kind, text in zip(cycle(kinds), texts, strict=False)
    ]
    tables = [text for kind in kinds for text in (kind.cause, kind.next_step)]
    warning = "can never free space: there is no destination; full now. Configure one, or delete clips by hand"
    storage = {"free_seconds": 111_600, "warning": warning}
    desk.answers["status"] = {**STATUS, "storage": storage, "faults": faults, "summary": faults[0]["message"]}
    desk.answers["history"] = [{"time": 0, "event": "", "words": text} for text in texts]
    desk.answers["doctor"] = [{"name": "clock", "result": "fail", "words": each, "next_step": each} for each in texts]
    english = {
        " ".join(piece.split()) for text in (*texts, *tables) for piece in re.split("<[A-Za-z_0-9]+>|`[^`]*`", text)
    }
    english = {piece for piece in english if len(piece) >= 16 and not piece.startswith(COMMANDS)}
    for code in OTHERS:
        browser.post("/language", language=code)
        for page in (browser.get("/").text, browser.get("/health").text, browser.post("/health").text):
            assert '<span lang="en">' not in page
            read = " ".join(" ".join(Texts(page).found).split())
            assert [piece for piece in english if piece in read] == []


def test_a_sentence_keeps_its_values_and_what_stands_in_them_is_translated() -> None:
    languages.choose("de", None)
    try:
        assert sentence("record start refused: a take is in progress") == "record start abgelehnt: Eine Aufnahme läuft"
        backup = "2 clips wait for backup: connection refused, next try in 5 s"
        assert sentence(backup) == "Für backup warten 2 Clips: connection refused, nächster Versuch in 5 s"
        assert sentence("fault x:nas: destination nas: it said so") == "Störung x:nas: Ziel nas: it said so"
        for name in ("now", "none", "nothing is wrong", "trying again now", "it is not a file"):
            assert is_said(name) or name == "it is not a file"
            assert sentence(f"destination {name}: it said so") == f"Ziel {name}: it said so"
            assert name in sentence(f"{name}: its quiet hours have begun"), "a feed"
            assert name in sentence(f"playing {name}, of unknown length"), "a title"
            assert name in sentence(f"cannot play '{name}': there is no such file")
            assert name in sentence(f"2 clips wait for {name}: connection refused, next try in 5 s")
        assert sentence("nobody has ever said this") == "nobody has ever said this"
        assert not is_said("nobody has ever said this")
        assert sentence(": " * 3000) == ": " * 3000
    finally:
        languages.choose("en", None)


@pytest.mark.parametrize(("code", "point"), [("de", ","), ("fr", ","), ("es", ","), ("zh", "."), ("en", ".")])
def test_numbers_in_a_sentence_are_written_as_people_write_them(code: str, point: str) -> None:
    languages.choose(code, None)
    try:
        room = sentence("room for 31.5 s of sound (3.5 GB free)")
        assert f"31{point}5 s" in room and f"3{point}5 GB" in room
        assert f"-12{point}5 dBFS" in sentence("recording 4.5 s, peak -12.5 dBFS")
        assert f"1{point}2 MB/s" in sentence("office: 0.5 MB of 2.5 MB of x, 1.2 MB/s")
        assert "1.5 MB" in sentence("playlist: 1 of 2, 1.5 MB; played once")  # a title
        assert "10.0.0.7" in sentence("destination nas: 10.0.0.7 cannot be read: 0.5.1")
    finally:
        languages.choose("en", None)


@pytest.mark.parametrize("code", OTHERS)
def test_every_option_has_a_name(code: str) -> None:
    plugins = Path(appliance.__file__).parent.parent.joinpath("plugins").rglob("*.py")
    names = {name for path in plugins for name in re.findall(r"^    (\w+): .+ = option\(", path.read_text(), re.M)}
    waiting: list[type] = [Settings]
    while waiting:
        for each in describe(waiting.pop()):
            names.add(each.name.rpartition(".")[2])
            waiting += [each.section] if each.section else []
    assert names ^ languages.catalogue(code, "options").keys() == set()


class Texts(HTMLParser):
    """What of markup people read."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self._inside: list[str] = []
        self.feed(markup)

    def handle_starttag(self, tag: str, attributes: Any) -> None:
        self._inside.append(tag)
        human = ("aria-label", "placeholder", "title", "alt")
        self.found += [value for name, value in attributes if name in human and value]

    def handle_endtag(self, tag: str) -> None:
        if tag in self._inside:
            while self._inside.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & {*self._inside}:
            self.found.append(data.strip())


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_a_view_says_nothing_that_is_not_translated(view: Path) -> None:
    lines = [line for line in view.read_text().splitlines() if not line.startswith("%")]
    markup = re.sub(r"\{\{.*?\}\}(?=[^}])", "", "\n".join(lines) + "\n")
    names = ("Audio Appliance", ".wav")
    left = [text for text in Texts(markup).found if re.search("[A-Za-z]{2}", text) and text not in names]
    assert [text for text in left if text.strip("· ,\\") not in names] == []
    parts = {id(each) for node in ast.walk(code_of(view)) for each in _printed(node)}
    spoken = {text for texts in said(code_of(view)) for text in texts}
    for node in ast.walk(code_of(view)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
            bare = node.value
            if re.search(r"[A-Za-z]+ [a-z]+ ?[a-z]*", bare) and not re.search(r"[<>=/{]", bare):
                assert bare in spoken or bare in FOR_MACHINES, bare


def _printed(node: ast.AST) -> list[ast.expr]:
    """The pieces of markup that a compiled view prints."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_printlist":
        return [each for argument in node.args if isinstance(argument, ast.Tuple) for each in argument.elts]
    return []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_script_says_nothing_that_is_not_translated(script: Path) -> None:
    text = re.sub(r"//.*|/\*.*?\*/", "", script.read_text())
    assert re.findall(r'(?<!\bt\()["`]([A-Z][a-z\']+ [^"`]*)["`]', text) == []


@pytest.mark.parametrize("code", OTHERS)
def test_every_page_speaks_the_language(
    code: str, browser: Browser, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "clip.wav"
    path.write_bytes(b"x" * 1_234_567)
    found = clip("id", path)
    desk.answers |= {"clips.list": [found], "clips.show": found, "history": [], "clips.trash": []}
    schedules = {"dawn": {"on": False, "ends": None, "next": [{"begin": 1.8e9, "end": 1.8e9 + 60}]}}
    away = {"name": "microphone", "owner": "device watch", "message": "microphone 'usb' not found", "urgent": True}
    desk.answers["status"] = {**STATUS, "schedules": schedules, "unheard": 1, "faults": [away], "time": 1.8e9}
    told: dict[str, Any] = {"recorded": None, "removed": [], "configured": {}, "flow": "booth", "order": "in_turn"}
    given = {"day": "monday", "seconds": 2.0, "size": 5, "path": "/x.wav", "time": 5.0, "title": ""}
    sounds = [{**given, "id": "greeting/001.wav", "use": "greeting"}, {**given, "id": "saved/001.wav", "use": "saved"}]
    desk.answers["sounds.list"] = {**told, "sounds": sounds}
    described = {"room": {"type": "text", "choices": ["hall"]}, "guests": {"type": "number", "choices": []}}
    desk.answers["record.choices"] = {"fields": described, "profiles": ["interview"]}
    monkeypatch.setattr(settings, "Client", SettingsHelper)
    both = {**languages.catalogue(code), **languages.catalogue(code, "box")}
    english = {text for text, forms in both.items() if forms[0] != text}
    for where in WHERE:
        answer = browser.get(where, Accept_Language=f"xx, {code};q=0.5, en;q=0.4")
        assert f'<html lang="{LANGUAGES[code].tag}" dir="ltr">' in answer.text
        assert set(Texts(answer.text).found) & english == set(), where
        assert not any("\\" in text or "{{" in text for text in Texts(answer.text).found), where
        if where == "/":
            assert both["the microphone of the configuration is not plugged in"][0] in answer.text


def test_days_and_numbers_are_written_as_people_write_them(browser: Browser, desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "clip.wav"
    path.write_bytes(b"x" * 1_234_567)
    desk.answers["clips.show"] = desk.answers["clips.list"] = clip("id", path)
    for code, wanted in (
        ("de", ("01.01.2026", "1,2 MB")),
        ("zh", ("2026年01月01日", "1.2 MB")),
        ("en", ("2026-01-01",)),
    ):
        text = browser.get("/clips/id", Accept_Language=code).text
        assert all(each in text for each in wanted), code


def test_a_language_is_chosen_and_stays(browser: Browser) -> None:
    assert browser.post("/language", language="xx").headers.get("set-cookie") is None
    assert browser.post("/language", language="fr", back="/clips").headers["location"] == "/clips"
    assert '<html lang="fr"' in browser.get("/clips", Accept_Language="de").text


@pytest.mark.parametrize("wish", ["", ";;;", "de;q=x", "*" * 5000, "zh-Hans-CN;q=0.9,en;q=0.1", "tlh"])
def test_whatever_a_browser_wishes(wish: str, browser: Browser) -> None:
    answer = browser.get("/login", Accept_Language=wish)
    assert answer.status == 200 and f'lang="{"zh-Hans" if "zh" in wish else "en"}"' in answer.text

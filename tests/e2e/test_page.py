"""The page beside a whole recorder, as a process of its own; and a real browser that goes through it."""

from __future__ import annotations

import base64
import io
import json
import re
import signal
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import soundfile

from appliance.page.news import LISTENERS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, ViewportSize

    from tests.e2e.conftest import Box

CHROMIUM = Path("/usr/bin/chromium")
CHROMIUM_ARGUMENTS = ["--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
"""With a microphone that beeps."""

PHONE: ViewportSize = {"width": 390, "height": 780}
DESK: ViewportSize = {"width": 1200, "height": 800}


class Served:
    """The page of a box."""

    def __init__(self, box: Box, configuration: str = "web: {listen: 127.0.0.1:0}\n") -> None:
        self.box = box
        self.keys = box.root / "web" / "keys.json"
        with box.config.open("a") as file:
            file.write(configuration)

    def command(self, *words: str) -> list[str]:
        box = self.box
        options = ["--socket", str(box.socket), "web", "--config", str(box.config), "--keys", str(self.keys)]
        return [sys.executable, "-m", "appliance", *options, *words]

    def start(self, *options: str) -> Served:
        self.process = subprocess.Popen(self.command(*options), stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        found = re.search(r"https?://127.0.0.1:\d+", self.process.stdout.readline())
        assert found
        self.address = found[0]
        return self

    def get(self, path: str) -> tuple[int, bytes]:
        try:
            with urllib.request.urlopen(self.address + path, timeout=20) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def ask(self, word: str, **given: object) -> tuple[int, Any]:
        """What a program gets that asks for a word which acts."""
        headers = {"Content-Type": "application/json", "Origin": self.address}
        request = urllib.request.Request(f"{self.address}/api/v1/{word}", json.dumps(given).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout
        self.process.stdout.close()


@pytest.fixture
def served(box: Box) -> Iterator[Served]:
    served = Served(box)
    box.start()
    yield served.start()
    served.end()


@pytest.mark.slow
def test_the_sound_is_the_one_that_was_recorded(served: Served) -> None:
    clip = served.box.record(0.5)
    wanted = next((served.box.state / "clips").glob("*.wav")).read_bytes()
    assert served.get(f"/api/v1/clips/{clip['id']}/sound") == (200, wanted)
    with zipfile.ZipFile(io.BytesIO(served.get("/api/v1/clips.zip")[1])) as found:
        assert found.testzip() is None
        assert found.read(f"{clip['name']}.wav") == wanted


@pytest.mark.slow
def test_what_a_program_sends_that_cannot_be_played_is_said_and_not_kept(served: Served) -> None:
    """Noise that is no file of sound, and a file of it that ends too early: neither is a defect of the box."""
    file = io.BytesIO()
    soundfile.write(file, [0.5, -0.5] * 20_000, 48_000, format="OGG")
    for content in (bytes(range(256)) * 8, file.getvalue()[:-500]):
        code, upload = served.ask("feeds.send", title="Anna", size=len(content))
        assert code == 200
        data = base64.b64encode(content).decode()
        assert served.ask("feeds.piece", upload=upload, offset=0, data=data) == (200, len(content))
        code, problem = served.ask("feeds.sent", upload=upload)
        assert (code, problem["status"]) == (422, 422) and "Anna is no sound that can be played" in problem["detail"]
    assert served.box.call("feeds.list") == []


@pytest.mark.slow
def test_the_page_outlives_the_recorder(served: Served) -> None:
    """It says that the recorder is away while it is, and shows the box again by itself."""
    box = served.box
    assert served.get("/")[0] == 200
    assert box.process
    box.process.send_signal(signal.SIGKILL)
    box.process.wait()
    code, text = served.get("/")
    assert code == 503 and b"does not answer" in text
    assert json.loads(served.get("/api/v1/status")[1])["status"] == 503
    box.start()
    assert served.get("/")[0] == 200


@pytest.mark.slow
def test_the_page_over_https(box: Box, tmp_path: Path) -> None:
    from tests.plugins.certificates import Authority

    authority = Authority(tmp_path / "authority")
    issued = authority.issue("page").path
    served = Served(box, f"web: {{listen: 127.0.0.1:0, certificate: {issued}, key: {issued}}}\n")
    box.start()
    clip = box.record(0.5)
    served.start()
    try:
        trust = ssl.create_default_context(cafile=str(authority.path))
        with urllib.request.urlopen(f"{served.address}/", timeout=20, context=trust) as answer:
            assert answer.status == 200
            assert answer.headers["Strict-Transport-Security"] == "max-age=15552000"
        wanted = (box.state / "clips" / f"{clip['name']}.wav").read_bytes()
        for _ in range(2):  # the second time checksums are known, and whole files are sent at once
            with urllib.request.urlopen(f"{served.address}/api/v1/clips.zip", timeout=20, context=trust) as answer:
                content = answer.read()
            with zipfile.ZipFile(io.BytesIO(content)) as found:
                assert found.testzip() is None and found.read(f"{clip['name']}.wav") == wanted
    finally:
        served.end()


def test_the_page_loads_no_tls_before_it_is_wanted() -> None:
    """And knows nothing of packages: both would take a quarter of its memory more."""
    code = "import sys, appliance.page.server; print(*{'ssl', 'importlib.metadata'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


def test_the_page_is_there_without_what_makes_an_album() -> None:
    """Nor does the client of the socket load the table of all that can be asked."""
    for module, without in (
        ("appliance.page.server", {"appliance.metadata", "appliance.renditions", "numpy"}),
        ("appliance.control.client", {"appliance.verbs", "appliance.events"}),
    ):
        code = f"import sys, {module}; print(*{without!r} & {{*sys.modules}})"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout == "\n"


def test_a_crowd_that_looks_on_keeps_nobody_from_the_page(served: Served) -> None:
    """More threads come where all are busy, and go with those who listened."""
    folder = Path(f"/proc/{served.process.pid}/task")
    before = len([*folder.iterdir()])
    with ExitStack() as crowd:
        for _ in range(40):
            listening = crowd.enter_context(urllib.request.urlopen(f"{served.address}/api/v1/events", timeout=20))
            assert listening.readline() == b": quiet\n"
        assert served.get("/api/v1/status")[0] == 200
        assert 24 <= len([*folder.iterdir()]) - before < 40
    served.box.call("record.start")
    served.box.until(lambda: len([*folder.iterdir()]) < before + 5)


@pytest.mark.slow
def test_whoever_looks_on_is_told_how_loud_and_how_long_a_take_is_though_the_recorder_tells_nobody(
    served: Served,
) -> None:
    def progress(lines: Iterator[bytes]) -> dict[str, Any]:
        found: dict[str, Any] = next(json.loads(line[6:]) for line in lines if b'"TakeProgress"' in line)
        return found

    with urllib.request.urlopen(f"{served.address}/api/v1/events", timeout=20) as listening:
        assert listening.readline() == b": quiet\n"
        served.box.call("record.start")
        first, second = progress(listening), progress(listening)
    with urllib.request.urlopen(f"{served.address}/api/v1/events", timeout=20) as listening:
        third = progress(listening)
    assert first["seconds"] < second["seconds"] <= third["seconds"]
    clip = served.box.call("record.stop")["clip"]
    for told in (first, second, third):
        assert told["take_id"] == clip["id"]
        assert -60 < told["peak_dbfs"] < clip["levels"]["peak_dbfs"] + 0.1


def test_asking_for_no_more_than_headers_takes_no_place(served: Served) -> None:
    for _ in range(LISTENERS + 1):
        request = urllib.request.Request(f"{served.address}/api/v1/events", method="HEAD")
        with urllib.request.urlopen(request, timeout=20) as answer:
            assert answer.status == 200
    with urllib.request.urlopen(f"{served.address}/api/v1/events", timeout=20) as listening:
        assert listening.readline() == b": quiet\n"


@pytest.mark.slow
def test_it_ends_when_it_is_told_to(served: Served) -> None:
    served.process.send_signal(signal.SIGTERM)
    assert served.process.wait(10) == 0


def test_a_password_from_the_terminal_locks_the_page(served: Served) -> None:
    assert served.get("/api/v1/status")[0] == 200
    words = "a few good words"
    subprocess.run(served.command("password", "--password", words), check=True, capture_output=True)
    assert served.get("/api/v1/status")[0] == 401
    token = subprocess.run(served.command("token", "home"), check=True, capture_output=True, text=True).stdout.strip()
    request = urllib.request.Request(f"{served.address}/api/v1/status", headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert answer.status == 200


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("web: {listen: 0.0.0.0:0}", "set a password first"),
        ("web: {listen: nonsense}", "web.listen"),
        ("web: {certificate: /nope/a.pem, key: /nope/b.pem}", "cannot be used"),
        ("web: {certificate: /nope/a.pem}", "belong together"),
    ],
)
def test_what_cannot_be_served_is_said(line: str, said: str, box: Box) -> None:
    unserved = Served(box)
    box.config.write_text(f"{line}\n")
    done = subprocess.run(unserved.command(), capture_output=True, text=True, timeout=60)
    assert done.returncode == 3 and said in done.stderr and "Traceback" not in done.stderr


# -- a real browser


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(params=[PHONE, DESK], ids=["phone", "desk"])
def page(request: pytest.FixtureRequest, served: Served, chromium: Browser) -> Iterator[Page]:
    """A page of the box, which must not say anything on its console."""
    context = chromium.new_context(viewport=request.param, base_url=served.address, accept_downloads=True)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    yield page
    context.close()
    assert [line for line in said if not re.search("401|403|409|503|ERR_|getImageData", line)] == []


def button(page: Page, name: str) -> Any:
    return page.get_by_role("button", name=name, exact=True)


def violations(page: Page) -> list[str]:
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [f"{each['id']}: {each['nodes'][0]['html']}" for each in found]


@pytest.mark.slow
def test_a_person_records_listens_and_deletes(page: Page, served: Served) -> None:
    from playwright.sync_api import expect

    page.goto("/")
    assert violations(page) == []
    button(page, "Record").click()
    expect(page.locator("#doing")).to_have_text(re.compile(r"Recording 0:0[1-9]"), timeout=10_000)
    assert page.locator("#level").evaluate("(level) => level.value") > -60
    assert violations(page) == []
    button(page, "Pause").click()
    expect(page.locator("#doing")).to_have_text(re.compile("Paused at 0:0"))
    button(page, "Go on").click()
    button(page, "Mark").click()
    button(page, "Stop").click()
    expect(button(page, "Record")).to_be_visible()
    served.box.until(served.box.delivered)

    page.get_by_role("link", name="Clips").click()
    expect(page.get_by_text("shelf has it, byte for byte")).to_be_visible()
    assert violations(page) == []
    heard = page.locator("audio").first.evaluate(
        "async (sound) => { sound.muted = true; await sound.play();"
        " await new Promise((done) => setTimeout(done, 300)); return [sound.duration, sound.currentTime] }"
    )
    (entry,) = served.box.clips()
    assert heard[0] == pytest.approx(entry["clip"]["frames"] / entry["clip"]["format"]["rate"], abs=0.01)
    assert heard[1] > 0

    with page.expect_download() as download:
        button(page, "Download").click()
    with zipfile.ZipFile(download.value.path()) as found:
        assert found.testzip() is None and len(found.namelist()) == 3

    page.locator(".clips a").first.click()
    assert violations(page) == []
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No clip was recorded yet.")).to_be_visible()


@pytest.mark.slow
def test_a_person_names_finds_deletes_and_brings_back(page: Page, served: Served) -> None:
    from playwright.sync_api import expect

    first, second = served.box.record(0.6), served.box.record(0.6)
    served.box.until(served.box.delivered)
    page.goto(f"/clips/{first['id']}")
    page.get_by_label("Title").fill("Für Élodie")
    page.get_by_label("Labels").fill("family, best of")
    page.get_by_label("Note").fill("so it was")
    button(page, "Keep").click()
    expect(page.get_by_role("heading", name="Für Élodie")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("button", name="Look again whether it is there").click()
    expect(page.get_by_text("shelf: is as it was")).to_be_visible()
    assert violations(page) == []
    told = served.box.call("clips.show", clip=first["id"])["clip"]
    assert (told["title"], told["labels"], told["note"]) == ("Für Élodie", ["family", "best of"], "so it was")

    page.get_by_role("link", name="Clips").click()
    page.get_by_role("button", name=f"Give a star to {first['name']}").click()
    expect(page.get_by_role("button", name=f"Take the star from {first['name']}")).to_be_visible()
    page.get_by_role("searchbox").fill("elo")
    button(page, "Find").click()
    expect(page.locator(".clips li")).to_have_count(1)
    page.get_by_role("link", name="best of").click()
    expect(page.get_by_role("link", name="Für Élodie")).to_be_visible()
    assert violations(page) == []
    page.goto("/clips?verdict=silent&starred=true")
    expect(page.get_by_text("There are no such clips.")).to_be_visible()

    page.goto(f"/clips/{first['id']}")
    page.get_by_role("button", name="Delete").click()
    expect(page.locator(".clips li")).to_have_count(1)
    assert violations(page) == []
    button(page, "Undo").click()
    expect(page.get_by_role("link", name="Für Élodie")).to_be_visible()
    served.box.call("clips.delete", clip=second["id"])
    page.goto("/trash")
    assert violations(page) == []
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_text("The trash is empty.")).to_be_visible()
    assert [each["clip"]["id"] for each in served.box.clips()] == [first["id"]]


@pytest.mark.slow
@pytest.mark.parametrize("page", [DESK], indirect=True, ids=["desk"])
def test_no_word_of_an_examination_is_broken_in_two(page: Page, served: Served) -> None:
    from playwright.sync_api import expect

    page.goto("/health")
    button(page, "Examine the box").click()
    name = page.get_by_role("rowheader", name="Microphone", exact=True)
    expect(name).to_be_visible(timeout=30_000)
    assert (
        name.evaluate(
            "(cell) => { const text = document.createRange(); text.selectNodeContents(cell);"
            " return text.getClientRects().length }"
        )
        == 1
    )
    assert violations(page) == []


@pytest.mark.slow
def test_a_clip_tells_its_transcript_and_fields(box: Box, chromium: Browser) -> None:
    """What a program wrote down of it, and what somebody said before; also in the page of the archive."""
    from playwright.sync_api import expect

    script = box.root / "said.sh"
    script.write_text("echo 'Dear Anna,'; echo '<b>all the best'")
    more = f"processors: {{words: {{processor: command, run: [sh, {script}, '{{file}}']}}}}\n"
    box.config.write_text(
        box.config.read_text() + more + "recording: {fields: {room: {choices: [hall, studio]}, consent: yes_no}}\n"
    )
    served = Served(box)
    box.start()
    served.start()
    page = chromium.new_context(viewport=PHONE, base_url=served.address, accept_downloads=True).new_page()
    page.goto("/")
    page.get_by_text("Say what it will be").click()
    page.get_by_label("room").select_option("hall")
    page.get_by_label("consent").select_option("yes")
    button(page, "Record").click()
    expect(page.locator("#doing")).to_have_text(re.compile(r"Recording 0:0[1-9]"), timeout=10_000)
    button(page, "Stop").click()
    box.until(lambda: box.clips() and box.clips()[0]["clip"]["texts"])
    page.goto(f"/clips/{box.clips()[0]['clip']['id']}")
    assert page.locator("dd.text").inner_text() == "Dear Anna,\n<b>all the best"
    told = page.locator("dl").last.inner_text()
    assert "room\nhall" in told and "consent\nyes" in told
    assert violations(page) == []
    page.goto("/clips")
    with page.expect_download() as download:
        button(page, "Download").click()
    with zipfile.ZipFile(download.value.path()) as found:
        found.extractall(box.root / "unpacked")
    page.goto((box.root / "unpacked" / "index.html").as_uri())
    assert page.get_by_text("Dear Anna,").inner_text() == "Dear Anna,\n<b>all the best"
    assert page.locator("audio").evaluate(
        "async (sound) => { sound.muted = true; await sound.play(); return sound.duration }"
    )
    assert violations(page) == []
    page.context.close()
    served.end()


@pytest.mark.slow
@pytest.mark.parametrize("page", [PHONE], indirect=True, ids=["phone"])
def test_a_clip_is_sent_to_a_place_that_came_later(page: Page, served: Served) -> None:
    from playwright.sync_api import expect

    box = served.box
    clip = box.record(0.6)
    box.until(box.delivered)
    attic = box.root / "attic"
    more = f"destinations:\n  attic: {{backend: folder, path: {attic}}}\n"
    box.config.write_text(box.config.read_text().replace("destinations:\n", more))
    assert box.process
    box.process.send_signal(signal.SIGHUP)
    box.until(lambda: b"attic" in served.get("/")[1])  # which says so while the recorder is away
    page.goto(f"/clips/{clip['id']}")
    expect(button(page, "Send to shelf")).to_have_count(0)
    button(page, "Send to attic").click()
    expect(page.get_by_text("attic has it, byte for byte")).to_be_visible(timeout=20_000)
    expect(button(page, "Send to attic")).to_have_count(0)
    name = f"{clip['name']}.wav"
    assert next(attic.rglob(name)).read_bytes() == (box.state / "clips" / name).read_bytes()
    next(attic.rglob(name)).unlink()
    page.get_by_role("button", name="Look again whether it is there").click()
    expect(page.get_by_text("attic: is missing")).to_be_visible()
    expect(page.get_by_text("shelf: is as it was")).to_be_visible()


@pytest.mark.slow
@pytest.mark.parametrize("page", [PHONE], indirect=True, ids=["phone"])
def test_some_of_many_are_chosen_and_downloaded(page: Page, served: Served) -> None:
    from playwright.sync_api import expect

    clips = [served.box.record(0.6) for _ in range(3)]
    page.goto("/clips")
    chosen = page.locator("#chosen")
    for clip in (clips[0], clips[2]):
        page.get_by_label(f"Choose {clip['name']}").check()
    expect(chosen).to_have_text("2 chosen")
    with page.expect_download() as download:
        button(page, "Download").click()
    with zipfile.ZipFile(download.value.path()) as found:
        names = [f"{clip['name']}.wav" for clip in (clips[0], clips[2])]
        assert found.testzip() is None
        assert {*found.namelist()} == {*names, "clips.csv", "index.html"}
        for name in names:
            assert found.read(name) == (served.box.state / "clips" / name).read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("page", [PHONE], indirect=True, ids=["phone"])
def test_some_of_many_are_labelled_approved_deleted_and_brought_back(page: Page, served: Served) -> None:
    from playwright.sync_api import expect

    box = served.box
    clips = [box.record(0.6) for _ in range(3)]
    one, other = clips[0], clips[2]
    what = page.get_by_text("What else to do with those that you choose")

    def choose() -> None:
        for clip in (one, other):
            page.get_by_label(f"Choose {clip['name']}").check()
        what.click()

    page.goto("/clips")
    choose()
    assert violations(page) == []
    page.get_by_label("Labels, with commas between").fill("für Anna")
    button(page, "Label them").click()
    expect(page.get_by_role("link", name="für Anna")).to_have_count(2)
    choose()
    button(page, "Approve of them").click()
    expect(page.locator(".clips").get_by_text("Approved", exact=True)).to_have_count(2)
    shown = {each["clip"]["id"]: each["clip"] for each in box.clips()}
    told = [(shown[clip["id"]]["labels"], shown[clip["id"]]["approved"]) for clip in clips]
    assert told == [(["für Anna"], True), ([], False), (["für Anna"], True)]

    choose()
    button(page, "Delete them").click()
    expect(page.get_by_text("2 clips are in the trash.")).to_be_visible()
    assert violations(page) == []
    assert [each["clip"]["id"] for each in box.clips()] == [clips[1]["id"]]
    button(page, "Undo").click()
    expect(page.locator(".clips li")).to_have_count(3)
    assert len(box.clips()) == 3


COLOURS = """(canvas) => { const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const found = new Set(); for (let at = 0; at < data.length; at += 4) if (data[at + 3] > 200)
  found.add([data[at], data[at + 1], data[at + 2]].join()); return [...found] }"""
"""What a canvas shows."""


@pytest.mark.slow
def test_a_waveform_is_played_from_where_it_is_touched_and_marked(page: Page, served: Served) -> None:
    from playwright.sync_api import expect

    clip = served.box.record(2.0)
    page.goto(f"/clips/{clip['id']}")
    wave, sound = page.locator("canvas"), page.locator("audio")
    expect(wave).to_have_attribute("data-drawn", "800")
    served.box.until(lambda: sound.evaluate("(sound) => sound.readyState > 0"))
    before = set(wave.evaluate(COLOURS))
    assert before
    box = wave.bounding_box()
    assert box
    wave.click(position={"x": box["width"] / 2, "y": 20})
    length = clip["frames"] / clip["format"]["rate"]
    at = sound.evaluate("(sound) => sound.currentTime")
    assert at == pytest.approx(length / 2, rel=0.1)
    served.box.until(lambda: set(wave.evaluate(COLOURS)) > before)  # what was played has a colour of its own
    page.get_by_label("Speed").select_option("2")
    assert sound.evaluate("(sound) => sound.playbackRate") == 2
    button(page, "Mark").click()
    expect(page.locator(".marks li")).to_have_count(1)
    assert violations(page) == []
    (mark,) = served.box.call("clips.show", clip=clip["id"])["clip"]["marks"]
    assert mark["offset"] / clip["format"]["rate"] == pytest.approx(at, abs=0.02)
    assert sound.evaluate("(sound) => [sound.currentTime, sound.playbackRate]") == [pytest.approx(at, abs=0.02), 2]
    sound.evaluate("(sound) => { sound.muted = true; sound.currentTime = 0 }")
    page.locator(".marks a").click()
    served.box.until(lambda: sound.evaluate("(sound) => sound.currentTime") > at - 0.05)
    page.get_by_role("button", name="Remove the mark").click()
    expect(page.locator(".marks li")).to_have_count(0)
    assert served.box.call("clips.show", clip=clip["id"])["clip"]["marks"] == []


@pytest.mark.slow
def test_a_take_is_drawn_while_it_is_recorded(page: Page, served: Served) -> None:
    from playwright.sync_api import expect

    page.goto("/")
    button(page, "Record").click()
    expect(page.locator("#take")).to_have_attribute("data-drawn", re.compile("[4-9]|[0-9]{2,}"), timeout=15_000)
    assert page.locator("#take").evaluate(COLOURS)
    assert violations(page) == []
    button(page, "Stop").click()


@pytest.mark.slow
@pytest.mark.parametrize("page", [PHONE], indirect=True, ids=["phone"])
def test_the_microphone_is_seen_before_and_while_it_is_recorded(page: Page, served: Served) -> None:
    """Nothing is recorded by that, it goes on through other news, and a take shows the loudest of its last moments."""
    from playwright.sync_api import expect

    box = served.box
    page.goto("/")
    button(page, "Is the microphone well? Speak, and see").click()
    hearing = page.locator("#hearing")
    expect(page.get_by_text("A little closer, or louder.")).to_be_visible(timeout=20_000)
    assert hearing.evaluate("(level) => level.value") > -60
    assert violations(page) == []
    page.locator("#main").evaluate("(main) => { main.dataset.before = '' }")
    box.call("volume.up")
    expect(page.locator("[data-before]")).to_have_count(0)
    expect(page.get_by_text("A little closer, or louder.")).to_be_visible(timeout=20_000)
    assert box.clips() == [] and box.status()["take"] is None
    button(page, "Record").click()
    expect(hearing).to_have_count(0)
    expect(page.locator("#held")).to_be_visible(timeout=10_000)
    held, level = page.locator("#held").bounding_box(), page.locator("#level").bounding_box()
    assert held and level and level["x"] < held["x"] < level["x"] + level["width"]
    assert violations(page) == []
    button(page, "Stop").click()
    expect(button(page, "Record")).to_be_visible()
    expect(hearing).to_be_hidden()  # whoever recorded looks on no more


WEBM = """async () => {
  const context = new AudioContext(), tone = context.createOscillator(), way = context.createMediaStreamDestination();
  tone.connect(way); tone.start();
  const recorder = new MediaRecorder(way.stream), parts = [];
  recorder.ondataavailable = (event) => parts.push(event.data);
  const over = new Promise((done) => { recorder.onstop = done; });
  recorder.start(); setTimeout(() => recorder.stop(), 1000); await over;
  const found = new DataTransfer(), file = document.getElementById("file");
  found.items.add(new File(parts, "tone.webm"));
  file.files = found.files;
  file.dispatchEvent(new Event("change", { bubbles: true }));
}"""
"""Chooses a file of a format that the box does not play."""


@pytest.mark.slow
def test_messages_are_sent_from_the_phone(page: Page, served: Served, tmp_path: Path) -> None:
    import soundfile
    from playwright.sync_api import expect

    def arrived(title: str) -> Path:
        expect(page.locator(".clips strong", has_text=title)).to_be_visible(timeout=15_000)
        return Path(next(each["path"] for each in served.box.call("feeds.list") if each["title"].startswith(title)))

    clip = served.box.record(0.5)
    sound = served.box.state / "clips" / f"{clip['name']}.wav"
    page.goto("/messages")
    assert violations(page) == []
    page.locator("#file").set_input_files(sound)
    assert arrived(clip["name"]).read_bytes() == sound.read_bytes()
    page.get_by_label("Title").fill("A tone")
    page.evaluate(WEBM)
    tone, rate = soundfile.read(arrived("A tone"))
    assert abs(tone).max() > 0.3 and len(tone) / rate == pytest.approx(1, abs=0.5)
    page.get_by_label("Title").fill("Greetings")
    button(page, "Record it here").click()
    served.box.until(lambda: page.locator("#hearing").evaluate("(level) => level.value") > 0.05)
    button(page, "Stop and send").click()
    beeps, _ = soundfile.read(arrived("Greetings"))
    assert abs(beeps).max() > 0.05
    assert violations(page) == []
    (tmp_path / "a.txt").write_text("no sound")
    page.locator("#file").set_input_files(tmp_path / "a.txt")
    expect(page.locator("#said")).to_contain_text("cannot play that")
    expect(button(page, "Send again")).to_be_hidden()
    assert len(served.box.call("feeds.list")) == served.box.status()["unheard"] == 3


@pytest.mark.slow
def test_what_happens_at_the_box_is_seen_at_once(page: Page, served: Served) -> None:
    from playwright.sync_api import expect

    page.goto("/")
    expect(page.locator("#doing")).to_have_text("Ready")
    page.wait_for_timeout(500)
    served.box.call("record.start")
    expect(page.locator("#doing")).to_have_text(re.compile("Recording"))
    served.box.call("record.stop")
    expect(page.locator("#doing")).to_have_text("Ready")


@pytest.mark.slow
@pytest.mark.parametrize("page", [PHONE], indirect=True, ids=["phone"])
def test_a_button_is_about_the_recording_that_the_page_showed(page: Page, served: Served) -> None:
    """The page has not heard of what happened since, as when a phone slept: a later take of somebody else goes on."""
    from playwright.sync_api import expect

    box = served.box
    page.route("**/api/v1/events*", lambda route: route.abort())
    box.call("record.start")
    box.call("record.split")
    page.goto("/")  # shows the second part,
    box.until(lambda: box.status()["take"])
    box.call("record.split")  # and stops the third, which carries it on
    page.locator("#main").evaluate("(main) => { main.dataset.before = '' }")
    button(page, "Mark").click()
    expect(page.locator("[data-before]")).to_have_count(0)
    box.until(lambda: box.status()["take"]["marks"] == 1)
    for name in ("Pause", "Mark", "Stop"):
        box.call("record.stop")
        box.call("record.start")
        box.until(lambda: box.status()["take"])
        take = box.status()["take"]["id"]
        button(page, name).click()
        expect(page.locator("#said")).to_have_text("the take that was meant has ended already")
        status = box.status()
        assert (status["recorder"], status["take"]["id"], status["take"]["marks"]) == ("recording", take, 0), name
        expect(page.locator("[data-word='record.stop'] [name=take_id]")).to_have_value(take)  # it is so again
        page.evaluate("document.getElementById('said').textContent = ''")
    button(page, "Stop").click()  # the one that the page shows now
    expect(button(page, "Record")).to_be_visible()
    assert box.status()["recorder"] == "idle"


@pytest.mark.slow
def test_the_page_comes_back_with_the_recorder(page: Page, served: Served) -> None:
    from playwright.sync_api import expect

    page.goto("/")
    page.wait_for_timeout(500)
    box = served.box
    box.signal(signal.SIGTERM)
    expect(page.get_by_role("heading", name="The recorder does not answer")).to_be_visible(timeout=10_000)
    assert violations(page) == []
    box.start()
    expect(page.locator("#doing")).to_have_text("Ready", timeout=10_000)


@pytest.mark.slow
def test_a_person_logs_in_by_keyboard_alone(page: Page, served: Served) -> None:
    from playwright.sync_api import expect

    subprocess.run(served.command("password", "--password", "a few good words"), check=True, capture_output=True)
    page.goto("/clips")
    assert violations(page) == []
    page.keyboard.type("wrong words")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("That is not the password.")
    page.get_by_label("Password of this box").focus()
    page.keyboard.type("a few good words")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Clips")).to_be_visible()
    page.goto("/")
    button(page, "Record").focus()
    page.keyboard.press("Enter")
    expect(button(page, "Stop")).to_be_visible()
    button(page, "Log out").click()
    expect(page.get_by_label("Password of this box")).to_be_visible()


@pytest.mark.slow
@pytest.mark.parametrize("page", [PHONE], indirect=True, ids=["phone"])
def test_a_page_that_is_open_leads_to_the_door_once_all_are_logged_out(page: Page, served: Served) -> None:
    from playwright.sync_api import expect

    page.goto("/")
    expect(page.locator("#doing")).to_have_text("Ready")
    page.wait_for_timeout(500)
    subprocess.run(served.command("password", "--password", "a few good words"), check=True, capture_output=True)
    served.box.call("volume.up")
    expect(page.get_by_label("Password of this box")).to_be_visible(timeout=20_000)


@pytest.mark.slow
def test_without_scripts_one_still_lists_listens_and_records(served: Served, chromium: Browser) -> None:
    from playwright.sync_api import expect

    context = chromium.new_context(viewport=PHONE, base_url=served.address, java_script_enabled=False)
    page = context.new_page()
    page.goto("/")
    button(page, "Record").click()
    expect(button(page, "Stop")).to_be_visible()
    button(page, "Stop").click()
    page.get_by_role("link", name="Clips").click()
    expect(page.locator("audio")).to_have_count(1)
    context.close()

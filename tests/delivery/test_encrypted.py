"""What is sent is encrypted: only whoever has the private key gets the sound, and nothing goes in the clear."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from appliance_upload_folder.backend import FolderBackend
from attrs import evolve

from appliance.circumstances import Begun, Text
from appliance.config.options import AbsolutePath
from appliance.config.renditions import RenditionSettings, all_recipes
from appliance.config.settings import DestinationSettings, ServiceSettings, Settings
from appliance.config.storage import StorageSettings
from appliance.delivery.verify import Found
from appliance.errors import Permanent, Transient
from appliance.events import DeliverySucceeded, FaultRaised
from appliance.plugin import BackendContext
from appliance.recipes import RECIPES
from appliance.renditions.maker import Renditions
from appliance.testing.backends import MemoryBackend

pytestmark = pytest.mark.skipif(not shutil.which("age"), reason="Debian's age is not installed")

KEY = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
OWN = {"podcast": RenditionSettings("mp3", channels="mono")}
HEAD = "age-encryption.org/v1\\n-> X25519 {0}\\n{0}\\n--- {0}\\n".format("a" * 43)


def key(folder: Path, name: str = "key") -> tuple[Path, str]:
    path = folder / name
    subprocess.run(["age-keygen", "-o", path], check=True, capture_output=True)
    public = subprocess.run(["age-keygen", "-y", path], check=True, capture_output=True, text=True).stdout.strip()
    return path, public


def opened(path: Path, private: Path) -> bytes:
    return subprocess.run(["age", "-d", "-i", private, path], check=True, capture_output=True).stdout


@pytest.mark.parametrize("name", [*RECIPES, *OWN])
def test_each_key_opens_what_was_sent_and_no_other_does(name: str, tmp_path: Path, box: Any) -> None:
    clip = box.clip()
    keys = [key(tmp_path, each) for each in ("one", "two", "stranger")]
    recipes = all_recipes(OWN, [public for _, public in keys[:2]])
    renditions = Renditions(box.store, box.clock)
    made = renditions.prepare(clip, recipes[f"{name}.age"])
    assert made.file_name == f"{clip.name}{recipes[name].suffix}.age"
    plain = renditions.prepare(clip, recipes[name]).path.read_bytes()
    for private, _ in keys[:2]:
        assert opened(made.path, private) == plain
    with pytest.raises(subprocess.CalledProcessError):
        opened(made.path, keys[2][0])
    assert renditions.prepare(clip, recipes[f"{name}.age"]) == made, "it is made once"
    others = all_recipes(OWN, [keys[2][1]])
    assert opened(renditions.prepare(clip, others[f"{name}.age"]).path, keys[2][0]) == plain, "and anew for others"


def test_names_and_hashes_are_their_own() -> None:
    sent = all_recipes(OWN, [KEY])
    assert len(sent) == len({each.hash for each in sent.values()}) == len({each.suffix for each in sent.values()}) == 12


def test_what_waited_since_before_goes_encrypted_too(new_box: Callable[..., Any], tmp_path: Path) -> None:
    box = new_box(cloud="flac", shelf="podcast")
    box.recipes = all_recipes(OWN)
    box.restart()
    clip = box.clip()
    box.store.outbox.save_resume(box.delivery(clip).id, {"part": 1})
    private, public = key(tmp_path)
    box.recipes = all_recipes(OWN, [public])
    box.restart()
    cloud, shelf = MemoryBackend(), MemoryBackend()
    box.deliver(cloud=cloud, shelf=shelf)
    box.events.wait(DeliverySucceeded, 2)
    assert (box.delivery(clip).recipe, box.delivery(clip, "shelf").recipe) == ("flac.age", "podcast.age")
    assert cloud.attempts[0].resume is None, "what was sent of it in the clear is no part of it"
    for backend in (cloud, shelf):
        [job] = backend.attempts
        (tmp_path / "got").write_bytes(backend.objects[job.rendition.file_name])
        assert opened(tmp_path / "got", private)[:4] in (b"fLaC", b"ID3\x04", b"ID3\x03")


def test_what_is_sent_anew_after_it_was_found_lost_goes_encrypted(new_box: Callable[..., Any], tmp_path: Path) -> None:
    box, cloud = new_box(cloud="original"), MemoryBackend()
    clip = box.clip()
    box.deliver(cloud=cloud)
    box.events.wait(DeliverySucceeded)
    box.recipes = all_recipes({}, [key(tmp_path)[1]])
    box.restart()
    cloud = MemoryBackend()
    outbox = box.deliver(cloud=cloud)
    list(outbox.verify([clip.id], None, resend=True))
    box.events.wait(DeliverySucceeded)
    assert [job.rendition.recipe.name for job in cloud.attempts] == ["original.age"]


def test_a_copy_for_earlier_keys_is_whole_though_one_for_others_was_made_since(
    new_box: Callable[..., Any], tmp_path: Path
) -> None:
    box = new_box(shelf="original.age", cloud="original.age")
    box.recipes = all_recipes({}, [key(tmp_path)[1]])
    box.restart()
    (shelf := tmp_path / "shelf").mkdir()
    folder = FolderBackend(shelf, BackendContext("shelf", "box", tmp_path), require_mount=False)
    clip = box.clip()
    box.deliver(shelf=folder)
    box.events.wait(DeliverySucceeded)
    box.recipes = all_recipes({}, [key(tmp_path, "other")[1]])
    box.restart()
    Renditions(box.store, box.clock).prepare(clip, box.recipes["original.age"])
    [checked] = box.deliver(shelf=folder).verify([clip.id], "shelf", resend=False)
    assert checked.found is Found.OK, checked.message


def test_nothing_that_was_said_is_told_beside_it(new_box: Callable[..., Any], tmp_path: Path) -> None:
    box, cloud = new_box(cloud="original.age"), MemoryBackend()
    box.recipes = all_recipes({}, [key(tmp_path)[1]])
    box.restart()
    clip = box.clip(begun=Begun(profile="family"))
    said = {"title": "Anna", "note": "secret", "labels": ("family",), "fields": {"name": "Anna"}}
    box.store.clips.say(clip.id, texts=(Text("words", "a secret"),), **said)
    box.deliver(settings={"name": "{title} {fields.name} {profile}"}, cloud=cloud)
    box.events.wait(DeliverySucceeded)
    [job] = cloud.attempts
    told = job.sidecar.decode() + job.rendition.file_name
    assert not [word for word in ("Anna", "secret", "family") if word in told]
    assert job.clip and job.clip.id == clip.id and job.clip.frames == clip.frames


def test_without_the_program_clips_wait_and_the_box_says_so(
    new_box: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box, cloud = new_box(cloud="original.age"), MemoryBackend()
    box.recipes = all_recipes({}, [key(tmp_path)[1]])
    box.restart()
    box.clip()
    monkeypatch.setenv("PATH", "/nowhere")
    box.deliver(cloud=cloud)
    [fault] = box.events.wait(FaultRaised)
    assert "apt install age" in fault.fault.message and cloud.attempts == []
    assert list(box.store.places.renditions.iterdir()) == []


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ('cat > "$5"', "no header"),
        (f'printf \'{HEAD}\' > "$5"; head -c 100 >> "$5"', "bytes instead of"),
        (
            "printf 'age-encryption.org/v1\\n-> scrypt a\\nb\\n--- %43s\\n' | tr ' ' a > \"$5\"; cat >> \"$5\"",
            "no header",
        ),
        (f'printf \'{HEAD}\' | sed s/X25519/scrypt/ > "$5"; cat >> "$5"', "it is for others"),
        ("echo broken >&2; exit 1", "broken"),
    ],
)
def test_what_the_program_makes_is_looked_at(
    script: str, said: str, box: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = box.clip()
    program = tmp_path / "bin" / "age"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    with pytest.raises((Transient, Permanent), match=said):
        Renditions(box.store, box.clock).prepare(clip, all_recipes({}, [KEY])["original.age"])
    assert list(box.store.places.renditions.iterdir()) == []


@pytest.mark.parametrize("fails", ["echo 'age: error: write x: no space left on device' >&2; exit 1", "kill -9 $$"])
def test_what_passes_by_itself_parks_no_clip(
    fails: str, box: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = box.clip()
    program = tmp_path / "bin" / "age"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{fails}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    with pytest.raises(Transient, match="cannot be encrypted"):
        Renditions(box.store, box.clock).prepare(clip, all_recipes({}, [KEY])["original.age"])


def test_an_end_in_between_leaves_nothing_and_loses_nothing(box: Any, tmp_path: Path) -> None:
    clip = box.clip()
    private, public = key(tmp_path)
    renditions, recipe = Renditions(box.store, box.clock), all_recipes({}, [public])["original.age"]
    renditions.prepare(clip, RECIPES["original"])

    def end() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        renditions.prepare(clip, recipe, end)
    assert list(box.store.places.renditions.iterdir()) == []
    made = renditions.prepare(clip, recipe)
    assert opened(made.path, private) == box.store.clips.path(clip).read_bytes()


def test_the_configuration_lets_nothing_go_in_the_clear() -> None:
    to = StorageSettings(encrypt_to=(KEY,))
    shelf = DestinationSettings("folder", deliver_as="flac")
    assert Settings(storage=to, destinations={"shelf": shelf}).sent_as == {"shelf": "flac.age"}
    assert Settings(destinations={"shelf": shelf}).sent_as == {"shelf": "flac"}
    live = DestinationSettings("s3", options=SimpleNamespace(live=True))
    stream = ServiceSettings("icecast", options=SimpleNamespace(sends_sound=True))
    Settings(destinations={"cloud": live}, services={"radio": stream})
    with pytest.raises(ValueError, match="before they can be encrypted"):
        Settings(storage=to, destinations={"cloud": live})
    with pytest.raises(ValueError, match="radio sends sound that is not encrypted"):
        Settings(storage=to, services={"radio": stream})


@pytest.mark.parametrize("wrong", ["AGE-SECRET-KEY-1", KEY[:-1], KEY.replace("l3z7", "l3z8"), "ssh-ed25519 AAAA"])
def test_what_is_no_public_key_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"age1|wrong letter"):
        StorageSettings(AbsolutePath(Path("/x")), encrypt_to=(wrong,))


def test_a_recipe_keeps_its_hash_where_nothing_is_encrypted() -> None:
    assert RECIPES["flac"].hash == "df1cb4e9738d435a"
    assert evolve(RECIPES["flac"], recipients=(KEY,)).hash != RECIPES["flac"].hash

"""Only the encrypted file of a clip is kept: nothing is lost, nothing plain stays, and the key opens what is there."""

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from appliance import durable
from appliance.audio.decode import Decoder
from appliance.circumstances import Begun
from appliance.cli.export import COPIED, export
from appliance.config.options import AbsolutePath
from appliance.config.renditions import all_recipes
from appliance.config.settings import ProcessorSettings, Settings
from appliance.config.storage import StorageSettings
from appliance.delivery.keeper import SETTLE, Keeper
from appliance.delivery.outbox import Outbox
from appliance.errors import Permanent, Unplayable
from appliance.events import ClipRestored, DeliveryParked, DeliverySucceeded, FaultCleared, FaultRaised
from appliance.models import Clip, Rendition
from appliance.recipes import RECIPES, Recipe
from appliance.renditions.maker import Renditions
from appliance.status import Status
from appliance.testing.backends import MemoryBackend
from tests.delivery.test_encrypted import KEY, key, opened

pytestmark = pytest.mark.skipif(not shutil.which("age"), reason="Debian's age is not installed")


@pytest.fixture
def safe(new_box: Callable[..., Any], tmp_path: Path) -> Any:
    """A box that encrypts: two destinations wait for two recipes."""
    box = new_box(cloud="original", shelf="flac")
    box.private, public = key(tmp_path)
    box.recipes = all_recipes({}, [public])
    box.restart()
    return box


def keep(box: Any) -> Keeper:
    """Let it look, and again once clips have settled; on the thread of the test."""
    keeper = keep_later(box)
    keeper._look()
    return keeper


def keep_later(box: Any) -> Keeper:
    """Let it look once; clips have settled since."""
    keeper = Keeper(box.store, box.outbox or box.deliver(), box.recipes, box.clock, box.events.post, box.vitals)
    keeper._look()
    box.clock.advance(SETTLE)
    return keeper


def files(box: Any) -> list[str]:
    """What lies in the folder of clips, but for metadata, by the ends of names."""
    return sorted(path.name.partition(".")[2] for path in box.store.places.clips.iterdir() if path.suffix != ".json")


def test_only_what_the_key_opens_is_kept(safe: Any, tmp_path: Path) -> None:
    clip = safe.clip()
    recorded = safe.path(clip).read_bytes()
    keep(safe)
    assert files(safe) == ["wav.age"] and safe.path(clip).name == f"{clip.name}.wav.age"
    assert opened(safe.path(clip), safe.private) == recorded
    for path in (each for each in safe.directory.rglob("*") if each.is_file()):
        assert recorded[-1000:] not in path.read_bytes() and b"fLaC" not in path.read_bytes(), path
    safe.restart()
    assert safe.store.upkeep.missing() == [] and files(safe) == ["wav.age"]
    cloud, shelf = MemoryBackend(), MemoryBackend()
    safe.deliver(cloud=cloud, shelf=shelf)
    safe.events.wait(DeliverySucceeded, 2)
    (tmp_path / "got").write_bytes(shelf.objects[f"{clip.name}.flac.age"])
    assert opened(tmp_path / "got", safe.private)[:4] == b"fLaC", "made before the plain sound went"
    (tmp_path / "got").write_bytes(cloud.objects[f"{clip.name}.wav.age"])
    assert opened(tmp_path / "got", safe.private) == recorded


def test_whoever_wants_the_plain_sound_is_told_in_one_line(safe: Any, tmp_path: Path) -> None:
    clip = safe.clip()
    keep(safe)
    with pytest.raises(Unplayable, match="kept encrypted, and only whoever has the private key can hear it"):
        Decoder(safe.path(clip), 48_000)
    with pytest.raises(Permanent, match="is kept encrypted alone: nothing more can be made of it here"):
        safe.outbox.prepared(clip, safe.recipes["opus"], lambda: None)
    again = safe.outbox.prepared(clip, safe.recipes["original.age"], lambda: None)
    assert again.path.read_bytes() == safe.path(clip).read_bytes()
    assert safe.store.clips.latest().path == safe.path(clip)
    assert export([{"path": str(safe.path(clip))}], tmp_path / "out", lambda name, outcome: None)[COPIED] == 1
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [f"{clip.name}.json", f"{clip.name}.wav.age"]


def test_it_is_deleted_and_brought_back_as_any_other(safe: Any) -> None:
    clip, other = safe.clip(), safe.clip()
    keep(safe)
    content = safe.path(clip).read_bytes()
    safe.store.clips.trash(clip.id)
    assert safe.store.clips.path(clip, trashed=True).read_bytes() == content and len(files(safe)) == 1
    safe.restart()
    told = evolve(clip, kept_sha256=hashlib.sha256(content).hexdigest())
    assert safe.store.clips.restore(clip.id) == told and safe.path(clip).read_bytes() == content
    safe.store.clips.delete(other.id, "by hand")
    assert files(safe) == ["wav.age"]
    lose_catalogue(safe)
    assert safe.store.clips.find(clip.id) == told and safe.path(clip).read_bytes() == content, "without the catalogue"


def lose_catalogue(box: Any) -> None:
    box.store.close()
    for path in box.store.places.catalogue_files:
        path.unlink(missing_ok=True)
    box.restart()


def test_without_the_catalogue_all_get_what_is_kept_and_nothing_that_the_card_has_changed(
    safe: Any, tmp_path: Path
) -> None:
    clip, rotten = safe.clip(), safe.clip()
    recorded = safe.path(clip).read_bytes()
    keep(safe)
    shutil.rmtree(safe.store.places.renditions)
    lose_catalogue(safe)
    safe.path(rotten).write_bytes(turned(safe.path(rotten).read_bytes()))
    cloud, shelf = MemoryBackend(), MemoryBackend()
    safe.deliver(cloud=cloud, shelf=shelf)
    safe.events.wait(DeliverySucceeded, 2)
    for backend in (cloud, shelf):
        assert list(backend.objects) == [f"{clip.name}.wav.age"], "a flac was wanted, and there is none any more"
        (tmp_path / "got").write_bytes(backend.objects[f"{clip.name}.wav.age"])
        assert opened(tmp_path / "got", safe.private) == recorded
    safe.events.wait(DeliveryParked, 2)
    assert {each.clip_id for each in safe.events.of(DeliveryParked)} == {rotten.id}
    assert "is not what was encrypted" in safe.events.of(DeliveryParked)[-1].message
    assert {each.recipe for each in safe.store.outbox.find(clip.id)} == {"original.age"}, "receipts are compared so"


def test_other_keys_open_what_is_kept_from_then_on(safe: Any, tmp_path: Path) -> None:
    clip = safe.clip()
    keep(safe)
    _, other = key(tmp_path, "other")
    safe.recipes = all_recipes({}, [other])
    safe.restart()
    shelf = MemoryBackend()
    safe.deliver(cloud=MemoryBackend(), shelf=shelf)
    safe.events.wait(DeliverySucceeded, 2)
    (tmp_path / "got").write_bytes(shelf.objects[f"{clip.name}.wav.age"])
    assert opened(tmp_path / "got", safe.private), "nobody here can open it, so it stays with its keys"


def test_what_goes_encrypted_instead_stays_until_it_has_gone(
    safe: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    safe.clip()
    keep(safe)
    safe.recipes = all_recipes({}, [key(tmp_path, "other")[1]])
    safe.restart()
    safe.deliver(cloud=MemoryBackend())
    safe.events.wait(DeliverySucceeded)
    safe.restart()
    prepare = Renditions.prepare

    def prepared(self: Renditions, clip: Clip, recipe: Recipe, check: Callable[[], None]) -> Rendition:
        made = prepare(self, clip, recipe, check)
        self.finished(clip.id, recipe.name)  # another destination is done with it just now
        return made

    monkeypatch.setattr(Renditions, "prepare", prepared)
    safe.deliver(shelf=MemoryBackend())
    safe.events.wait(DeliverySucceeded)


def test_without_keys_it_waits_for_them(safe: Any) -> None:
    safe.clip()
    keep(safe)
    safe.recipes = dict(RECIPES)
    lose_catalogue(safe)
    safe.deliver(cloud=MemoryBackend(), shelf=MemoryBackend())
    safe.events.wait(DeliveryParked, 2)
    assert "goes so while `storage.encrypt_to` is there. Put that back" in safe.events.of(DeliveryParked)[-1].message


def halved(content: bytes) -> bytes:
    return content[: len(content) // 2]


def turned(content: bytes) -> bytes:
    return content[:-5] + bytes([content[-5] ^ 1]) + content[-4:]


@pytest.mark.parametrize("rot", [halved, turned])
def test_what_rots_on_the_card_is_not_sent_for_what_was_recorded(safe: Any, rot: Callable[[bytes], bytes]) -> None:
    clip = safe.clip()
    keep(safe)
    for delivery in safe.store.outbox.find(clip_id=clip.id):
        safe.store.outbox.cancel(clip.id, delivery.destination)
    safe.store.upkeep.drop_encodings_of(clip.id)
    safe.restart()
    content = safe.path(clip).read_bytes()
    wanted = (clip, safe.recipes["original.age"], lambda: None)
    assert safe.deliver().prepared(*wanted).path.read_bytes() == content
    safe.store.upkeep.drop_encodings_of(clip.id)
    assert safe.path(clip).read_bytes() == content, "what is kept is not among what makes room"
    safe.path(clip).write_bytes(rot(content))
    with pytest.raises(Permanent, match=r"is not what was encrypted.*\. The card may be failing"):
        safe.outbox.prepared(*wanted)


@pytest.mark.slow
def test_a_crash_at_any_step_loses_nothing_and_leaves_nothing_plain(
    safe: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = safe.clip()
    recorded = safe.path(clip).read_bytes()
    steps: list[tuple[str, Path]] = []

    def crashing(name: str, step: Callable[..., Any]) -> Callable[..., Any]:
        def before(*given: Any, **named: Any) -> Any:
            steps.append((name, shutil.copytree(safe.directory, tmp_path / f"crash{len(steps)}")))
            return step(*given, **named)

        return before

    safe.deliver()
    with monkeypatch.context() as patch:
        for owner, name in ((durable, "add_name"), (durable, "sync_directory"), (Path, "unlink"), (Path, "replace")):
            patch.setattr(owner, name, crashing(name, getattr(owner, name)))
        keep(safe)
    names = [name for name, _ in steps]
    last = names.index("add_name")
    steps_to_plain = ["add_name", "replace", "sync_directory", "sync_directory", "unlink", "sync_directory"]
    assert names[last:][:6] == steps_to_plain, "nothing plain goes before all else is durable"
    for _, directory in steps:
        box = type(safe)(directory, safe.kinds)
        box.recipes = safe.recipes
        try:
            box.restart()
            assert evolve(box.store.clips.find(clip.id), kept_sha256="") == clip and box.store.upkeep.missing() == []
            keep(box)
            assert files(box) == ["wav.age"]
            assert {path.suffix for path in box.store.places.renditions.iterdir()} <= {".age"}
            assert opened(box.path(clip), safe.private) == recorded
        finally:
            box.close()


def test_what_is_not_as_it_was_written_keeps_the_plain_file(safe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = safe.clip()
    with monkeypatch.context() as patch:
        patch.setattr("appliance.delivery.keeper._read_back", lambda path: "0" * 64)
        keeper = keep(safe)
    assert files(safe) == ["wav"] and "is not what was written" in safe.events.of(FaultRaised)[-1].fault.message
    keeper._look()
    assert files(safe) == ["wav.age"] and safe.events.of(FaultCleared)[-1].name == "encryption"
    assert opened(safe.path(clip), safe.private)


def test_the_end_in_the_middle_of_a_clip_is_no_fault(safe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    safe.clip()
    keeper, prepared = keep_later(safe), Outbox.prepared

    def ending(*given: Any) -> Rendition:
        keeper.close()
        return prepared(*given)

    with monkeypatch.context() as patch:
        patch.setattr(Outbox, "prepared", ending)
        keeper._look()
    assert safe.events.of(FaultRaised) == [] and files(safe) == ["wav"]
    keep(safe)
    assert files(safe) == ["wav.age"]


def test_a_draft_is_kept_plain_until_somebody_has_decided(safe: Any) -> None:
    clip = safe.clip(begun=Begun(draft=True))
    keep(safe)
    assert files(safe) == ["wav"]
    safe.store.clips.release(clip.id, None)
    keep(safe)
    assert files(safe) == ["wav.age"]


def test_it_goes_by_itself_once_a_clip_is_there(safe: Any) -> None:
    safe.deliver()
    keeper = Keeper(safe.store, safe.outbox, safe.recipes, safe.clock, safe.events.post, safe.vitals)
    keeper.start()
    clip = safe.clip()
    keeper.hear(ClipRestored(clip), Status())
    safe.pass_time(SETTLE, lambda: files(safe) == ["wav.age"])
    keeper.close()


def test_what_cannot_go_together_is_refused() -> None:
    place = AbsolutePath(Path("/x"))
    with pytest.raises(ValueError, match="set `encrypt_to`"):
        StorageSettings(place, keep_encrypted=True)
    storage = StorageSettings(place, encrypt_to=(KEY,), keep_encrypted=True)
    with pytest.raises(ValueError, match="dictation looks at the plain sound of clips"):
        Settings(storage=storage, processors={"dictation": ProcessorSettings("command")})

"""The destination `telegram`, against the Bot API."""

from pathlib import Path
from typing import Any

import attrs
import pytest
from appliance_upload_telegram.backend import TelegramBackend
from appliance_upload_telegram.options import TelegramOptions

from appliance.config.options import ByteCount, Secret
from appliance.plugin import BackendContext, CannotVerify, Permanent, Transient
from appliance.recipes import FLAC, MP3, OPUS, Recipe
from appliance.testing.backends import check_upload_backend, make_upload_job
from tests.plugins.telegram.conftest import TOKEN, BotApi

CHAT = {"id": 4711, "type": "private", "first_name": "Anna"}


@pytest.fixture(autouse=True)
def chat(api: BotApi) -> None:
    api.chats["4711"] = CHAT


def backend(api: BotApi, token: str = TOKEN, chat: str = "4711", **more: Any) -> TelegramBackend:
    options = TelegramOptions(token=Secret(token), url=api.url, chat=chat, **more)
    return TelegramBackend(options, BackendContext("family", "box", Path("/nowhere")))


def test_conformance(api: BotApi, tmp_path: Path) -> None:
    """A bot cannot tell that it said the same before."""
    check_upload_backend(
        lambda: backend(api),
        api.sound,
        directory=tmp_path,
        listing=lambda: [f"4711/{number}" for number in api.sent],
        honours_key=False,
        large=300_000,
    )


@pytest.mark.parametrize(
    ("recipe", "method"), [(OPUS, "sendVoice"), (MP3, "sendAudio"), (FLAC, "sendDocument")], ids=["opus", "mp3", "flac"]
)
def test_a_clip_is_sent_as_what_it_is(api: BotApi, tmp_path: Path, recipe: Recipe, method: str) -> None:
    job = make_upload_job(tmp_path, b"RIFF" * 20_000, "Grüße")
    assert job.clip
    clip = attrs.evolve(job.clip, title="For you", note="a note")
    job = attrs.evolve(job, rendition=attrs.evolve(job.rendition, recipe=recipe), clip=clip)
    receipt = backend(api).deliver(job)
    [(used, fields, name, content)] = api.sent.values()
    assert (used, name, content) == (method, "Grüße.wav", b"RIFF" * 20_000)
    assert fields["caption"] == "box: For you\n2027-01-15 09:00, 0.8 s\na note"
    assert fields["chat_id"] == "4711" and fields.get("duration") == (None if recipe is FLAC else "1")
    assert not receipt.verified and receipt.remote_name.startswith("4711/")
    with pytest.raises(CannotVerify, match="look for message 4711/"):
        backend(api).verify(job.rendition, receipt)


def test_what_was_sent_is_deleted_for_two_days(api: BotApi, tmp_path: Path) -> None:
    sender = backend(api)
    first, second = (sender.deliver(make_upload_job(tmp_path, b"RIFF" * 100, name)) for name in ("a", "b"))
    sender.delete(first)
    assert [name for _, _, name, _ in api.sent.values()] == ["b.wav"]
    sender.delete(first)  # where it is gone all is well
    api.old = set(api.sent)
    with pytest.raises(Permanent, match=r"can't be deleted.*by hand"):
        sender.delete(second)


def test_what_is_too_large_waits_for_a_person(api: BotApi, tmp_path: Path) -> None:
    job = make_upload_job(tmp_path, bytes(30_000), "long")
    with pytest.raises(Permanent, match=r"\(0\.0 MB, max_size allows 0\.01 MB\)\. Set deliver_as"):
        backend(api, max_size=ByteCount(10_000)).deliver(job)
    api.answers["sendDocument"] = 413, {"description": "Request Entity Too Large"}
    with pytest.raises(Permanent, match="the file is too large for it"):
        backend(api).deliver(job)
    assert api.sent == {}


def test_the_doctor_is_told_whether_the_chat_is_known(api: BotApi) -> None:
    assert backend(api).probe() == "the bot @our_box_bot is there, and knows the chat 4711 (Anna)"
    with pytest.raises(Permanent, match="chat not found"):
        backend(api, chat="12").probe()
    with pytest.raises(Permanent, match="does not know the bot"):
        backend(api, "1:another").probe()
    assert api.sent == {}


@pytest.mark.parametrize("method", ["getMe", "getChat"])
@pytest.mark.parametrize("result", [[], None, 7, "me"])
def test_a_server_that_tells_of_bot_or_chat_in_odd_words(method: str, result: object, api: BotApi) -> None:
    api.answers[method] = 200, {"ok": True, "result": result}
    with pytest.raises(Transient, match="words that are none of the Bot API"):
        backend(api).probe()

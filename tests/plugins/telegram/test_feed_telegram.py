"""The feed `telegram`, against the Bot API."""

import logging
from pathlib import Path
from typing import Any

import pytest
from appliance_feed_telegram.backend import TelegramFeed
from appliance_feed_telegram.messages import chat_of, sound_of
from appliance_feed_telegram.options import TelegramFeedOptions
from hypothesis import example, given
from hypothesis import strategies as st

from appliance.config.options import ByteCount, Secret
from appliance.plugin import BackendContext, Permanent, Transient, WrongKind
from appliance.redact import redact
from appliance.testing.feeds import MemoryInbox, check_feed_backend
from tests.plugins.telegram.conftest import TOKEN, BotApi

ANNA = 4711
SOUND = b"OggS" + bytes(range(256)) * 400


def feed(
    url: str, token: str = TOKEN, chats: tuple[str, ...] = (str(ANNA),), trusted: bool = True, **more: Any
) -> TelegramFeed:
    options = TelegramFeedOptions(token=Secret(token), url=url, chats=chats, **more)
    return TelegramFeed(options, BackendContext("family", "box", Path("/nowhere"), lambda: trusted))


def test_conformance(api: BotApi) -> None:
    """What Telegram once told it tells to nobody again, so each pull of the checks is told it anew."""
    for number in range(3):
        api.say(ANNA, "voice", SOUND[number:], mime_type="audio/ogg")
    said = list(api.updates)

    def make() -> TelegramFeed:
        api.updates = list(said)
        return feed(api.url)

    check_feed_backend(make, brings=3)


def test_voice_messages_and_audio_come_the_oldest_first(api: BotApi) -> None:
    api.say(ANNA, "voice", SOUND, mime_type="audio/ogg", duration=3)
    api.say(ANNA, "audio", b"song", mime_type="audio/mpeg", performer="Bach", title="Air")
    api.say(ANNA, "document", b"wave", file_name="story.wav", words="For you")
    api.say(ANNA, "document", b"text", file_name="story.pdf", mime_type="application/pdf")
    api.say(ANNA, "photo", b"no sound")
    inbox = MemoryInbox()
    feed(api.url).pull(inbox)
    assert [(track.title, track.suffix, track.content) for track in inbox.tracks] == [
        ("Anna", ".ogg", SOUND),
        ("Anna: Bach - Air", ".mp3", b"song"),
        ("Anna: For you", ".wav", b"wave"),
    ]


def test_only_chats_that_may_are_heard_and_others_are_told(api: BotApi, caplog: pytest.LogCaptureFixture) -> None:
    api.say(666, "voice", b"evil")
    api.updates[-1]["message"]["chat"]["username"] = "eve"
    api.say(ANNA, "voice", b"by id")
    inbox = MemoryInbox()
    with caplog.at_level(logging.WARNING):
        feed(api.url).pull(inbox)
    api.say(12, "voice", b"by name")
    feed(api.url, chats=("@Anna_at_home",)).pull(inbox)
    assert [track.content for track in inbox.tracks] == [b"by id", b"by name"]
    assert "sound from chat 666 (Anna) is passed over: it is not in `chats`" in caplog.text


def test_nothing_is_lost_between_being_told_and_being_fetched(api: BotApi) -> None:
    """Telegram forgets what it told; the box stops, and the file is away, in between."""
    inbox = MemoryInbox()
    api.say(ANNA, "voice", SOUND)
    [name] = api.files
    content = api.files.pop(name)
    with pytest.raises(Permanent, match="wrong file_id or the file is temporarily unavailable"):
        feed(api.url).pull(inbox)
    feed(api.url).probe()
    api.updates.clear()
    api.files[name] = content
    api.cut = 1000
    with pytest.raises(Transient, match=r"127\.0\.0\.1|broke off"):
        feed(api.url).pull(inbox)
    api.cut = None
    feed(api.url).pull(inbox)
    feed(api.url).pull(inbox)
    assert [track.content for track in inbox.tracks] == [SOUND]


def test_many_messages_come_in_one_pull(api: BotApi) -> None:
    for number in range(130):
        api.say(ANNA, "voice", b"%d" % number)
    inbox = MemoryInbox()
    feed(api.url).pull(inbox)
    assert [track.content for track in inbox.tracks] == [b"%d" % number for number in range(130)]


def test_what_is_no_sound_keeps_nothing_else(api: BotApi) -> None:
    api.say(ANNA, "document", b"noise", file_name="noise.mp3")
    api.say(ANNA, "voice", SOUND)
    inbox = MemoryInbox(refuses=WrongKind("noise is no sound that can be played"))
    pulled = feed(api.url)
    for _ in range(2):
        with pytest.raises(Permanent, match="noise is no sound that can be played"):
            pulled.pull(inbox)
    assert [track.content for track in inbox.tracks] == [SOUND]
    assert api.asked.count("getFile") == 2, "it is not fetched again and again"


def test_what_needs_something_is_fetched_again_once_that_is_installed(
    api: BotApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.say(ANNA, "audio", b"ftypM4A", file_name="hello.m4a", mime_type="audio/mp4")
    inbox = MemoryInbox(refuses=WrongKind("hello: this is M4A, which needs PyAV", needs="a_decoder_of_telegram"))
    pulled = feed(api.url)
    for _ in range(3):
        with pytest.raises(Permanent, match="needs PyAV"):
            pulled.pull(inbox)
    assert api.asked.count("getFile") == 1
    (tmp_path / "a_decoder_of_telegram.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    pulled.pull(inbox)
    assert [track.content for track in inbox.tracks] == [b"ftypM4A"]


@pytest.mark.parametrize("more", [{"refused": "noise", "tried": 1e12}, {"what_a_newer_release_notes": [1]}])
def test_what_other_releases_noted_of_a_message_is_fetched(more: dict[str, Any], api: BotApi) -> None:
    api.say(ANNA, "voice", SOUND)
    [name] = api.files
    inbox = MemoryInbox()
    sound = {"key": f"{ANNA} 1", "file_id": name, "title": "Anna", "suffix": ".ogg", "since": 0.0, **more}
    inbox.save_note("waiting", {"offset": api.updates[-1]["update_id"] + 1, "sounds": [sound]})
    feed(api.url).pull(inbox)
    assert [track.content for track in inbox.tracks] == [SOUND]


def test_a_clock_that_is_set_gives_nothing_up(api: BotApi, monkeypatch: pytest.MonkeyPatch) -> None:
    api.say(ANNA, "document", b"noise", file_name="noise.mp3")
    refused, year = MemoryInbox(), 365 * 86_400

    def tells(seconds: float, trusted: bool) -> bool:
        """Whether a pull at that moment still tells of it."""
        monkeypatch.setattr("appliance_feed_telegram.backend.time.time", lambda: seconds)
        refused.refuses = WrongKind("noise is no sound that can be played")
        try:
            feed(api.url, trusted=trusted).pull(refused)
        except Permanent:
            return True
        return False

    begin = 1_800_000_000.0
    assert tells(begin - 50 * year, trusted=False), "a box without a battery"
    assert tells(begin, trusted=True), "then it is given a week, whenever it was seen first"
    assert tells(begin + year, trusted=False)
    assert tells(begin - 86_400, trusted=True), "and another one where that moment is still to come"
    assert tells(begin + 5 * 86_400, trusted=True)
    assert tells(begin + 7 * 86_400, trusted=True), "the last time"
    assert not tells(begin + 8 * 86_400, trusted=True)


WORDS = st.sampled_from(
    ["voice", "audio", "document", "chat", "from", "file_id", "file_name", "title", "id", "caption"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=5),
    max_leaves=12,
)


@given(st.dictionaries(WORDS, JSON))
@example({"voice": {"file_id": "1"}, "chat": None})
@example({"voice": {"file_id": "1"}, "chat": {}, "from": "anna"})
def test_a_server_of_one_s_own_may_say_anything(message: dict[str, Any]) -> None:
    """One update that cannot be read would come again at each pull, before all others."""
    for update in ({"message": message}, {"channel_post": message}, message):
        sound_of(update)
        chat_of(update)


def test_a_large_file_is_refused(api: BotApi) -> None:
    api.say(ANNA, "voice", SOUND)
    pulled, inbox = feed(api.url, max_size=ByteCount(1000)), MemoryInbox()
    for _ in range(3):
        with pytest.raises(Permanent, match=r"Anna is larger than max_size allows \(0\.001 MB\)"):
            pulled.pull(inbox)
    assert api.asked.count("getFile") == 1, "it is not fetched again and again"
    api.say(ANNA, "audio", bytes(20_000_001))
    with pytest.raises(Permanent, match=r"file is too big"):
        feed(api.url).pull(MemoryInbox())


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        ((429, {"parameters": {"retry_after": 77}}), Transient, "asked less often"),
        ((409, {"description": "Conflict: can't use getUpdates method while webhook is active"}), Permanent, "webhook"),
        ((409, {"description": "Conflict: terminated by other getUpdates request"}), Transient, "of its own"),
        ((502, {}), Transient, "502"),
        ((200, {"a": "page"}), Transient, "none of the Bot API"),
        ((302, {}), Permanent, "leads elsewhere"),
    ],
)
def test_what_telegram_refuses_is_said(
    api: BotApi, answer: tuple[int, dict[str, Any]], kind: type[Exception], words: str
) -> None:
    api.answers["getUpdates"] = answer
    with pytest.raises(kind, match=words) as raised:
        feed(api.url).pull(MemoryInbox())
    if answer[0] == 429:
        assert isinstance(raised.value, Transient) and raised.value.retry_after == 77


def test_the_token_is_shown_nowhere(api: BotApi, caplog: pytest.LogCaptureFixture) -> None:
    """It stands in every address: in those of errors, and in what libraries log."""
    caplog.set_level(logging.DEBUG)
    wrong = "123456789:AAF-another-hushed-token"
    api.say(ANNA, "voice", SOUND)
    api.files.clear()
    said = []
    for act in (
        lambda: feed(api.url, wrong).probe(),
        lambda: feed(api.url).pull(MemoryInbox()),
        lambda: feed("http://127.0.0.1:1", wrong).probe(),
    ):
        with pytest.raises((Permanent, Transient)) as raised:
            act()
        said.append(str(raised.value))
    assert "it does not know the bot. Check token (Unauthorized)" in said[0]
    for text in said:
        assert "AAF" not in text
    assert "AAF" not in redact(caplog.text), "what the log shows goes through this"
    with pytest.raises(ValueError, match="characters that no token has"):
        feed(api.url, "12/34:x")


def test_the_doctor_is_told_who_the_bot_is(api: BotApi) -> None:
    assert feed(api.url).probe() == "the bot @our_box_bot is there"

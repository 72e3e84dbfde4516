"""What the updates of a bot tell (https://core.telegram.org/bots/api#update)."""

from collections.abc import Collection, Mapping
from pathlib import PurePosixPath
from typing import Any

from appliance_fetch.suffixes import SUFFIXES
from attrs import fields, frozen

_BY_TYPE = {
    "audio/aac": ".aac",
    "audio/flac": ".flac",
    "audio/m4a": ".m4a",
    "audio/mp3": ".mp3",
    "audio/mp4": ".m4a",
    "audio/mpeg": ".mp3",
    "audio/ogg": ".ogg",
    "audio/wav": ".wav",
    "audio/x-flac": ".flac",
    "audio/x-m4a": ".m4a",
    "audio/x-wav": ".wav",
}
_KINDS = ("message", "channel_post")


@frozen
class Chat:
    """Where a message was said, by id, name, and in words for people."""

    id: str
    name: str
    words: str

    def is_among(self, chats: Collection[str]) -> bool:
        """Whether it is one of `chats`, written as id or @name."""
        known = {each.lower() for each in chats}
        return self.id in known or (bool(self.name) and f"@{self.name}".lower() in known)


@frozen
class Sound:
    """One sound to be fetched: `key` names it for ever, `file_id` says where Telegram has it.

    `since` is when it could not be taken for the first time, in seconds since 1970.
    """

    key: str
    file_id: str
    title: str
    suffix: str
    since: float = 0.0


def noted(note: Mapping[str, Any]) -> Sound:
    """A sound from its note; what releases before and after this one noted besides is passed over."""
    return Sound(**{each.name: note[each.name] for each in fields(Sound) if each.name in note})


def chat_of(update: Mapping[str, Any]) -> Chat | None:
    """Where something was said; None for an update of another kind."""
    message = _message(update)
    chat = message.get("chat") if message else None
    if not isinstance(chat, dict):
        return None
    words = " ".join(str(chat[name]) for name in ("title", "first_name", "last_name") if chat.get(name))
    return Chat(str(chat.get("id", "")), str(chat.get("username", "")), words)


def sound_of(update: Mapping[str, Any]) -> Sound | None:
    """The sound of a message; None where there is none."""
    message = _message(update) or {}
    for kind in ("voice", "audio", "document"):
        file = message.get(kind)
        if isinstance(file, dict) and file.get("file_id") and (suffix := _suffix(kind, file)):
            key = f"{_part(message, 'chat').get('id')} {message.get('message_id')}"
            return Sound(key, str(file["file_id"]), _title(message, file), suffix)
    return None


def _message(update: Mapping[str, Any]) -> dict[str, Any] | None:
    found = next((update[kind] for kind in _KINDS if isinstance(update.get(kind), dict)), None)
    return found


def _part(message: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = message.get(name)
    return found if isinstance(found, dict) else {}


def _suffix(kind: str, file: Mapping[str, Any]) -> str:
    """The extension; empty for a document that is no sound."""
    suffix = PurePosixPath(str(file.get("file_name", ""))).suffix.lower()
    told = _BY_TYPE.get(str(file.get("mime_type", "")).lower(), "")
    if kind == "document" and not told and suffix not in SUFFIXES:
        return ""
    return suffix if suffix in SUFFIXES else told or ".ogg"


def _title(message: Mapping[str, Any], file: Mapping[str, Any]) -> str:
    """Who said it, and what it is called."""
    who = _part(message, "from") or _part(message, "sender_chat") or _part(message, "chat")
    name = " ".join(str(who[part]) for part in ("first_name", "last_name", "title") if who.get(part))
    song = " - ".join(str(file[part]) for part in ("performer", "title") if file.get(part))
    called = message.get("caption") or song or PurePosixPath(str(file.get("file_name", ""))).stem
    return ": ".join(filter(None, (name, str(called)))) or "voice message"

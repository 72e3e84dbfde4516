"""Option classes as plugins would bring them, and `read`, which parses text with them."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, Protocol

import pytest
from attrs import frozen
from attrs.validators import and_, ge, in_, le, max_len, min_len, optional

from appliance.config.feeds import FeedSettings
from appliance.config.loader import parse
from appliance.config.options import AbsolutePath, ByteCount, Extensions, Percent, Seconds, Secret, TimeOfDay, option
from appliance.config.settings import DestinationSettings, ServiceSettings, Settings
from appliance.errors import ConfigError


class Colour(StrEnum):
    RED = "red"
    OFF = "off"


@frozen
class FolderOptions:
    """Copies to a folder."""

    path: AbsolutePath = option(help="Where to.", example="/media/stick")
    check_mount: bool = option(False, "Only while something is mounted.")


def _encrypted(options: Any, _: Any, url: str) -> None:
    if url.startswith("http:") and not options.allow_http:
        raise ValueError(f"{url!r} is not encrypted: add the line `allow_http: true`")


@frozen
class Patience:
    connect: Seconds = option(Seconds(10), "How long connecting may take.", check=ge(0.1))


@frozen
class WebOptions:
    url: str = option(help="Where to.", check=_encrypted, example="https://example.org/")
    allow_http: bool = option(False, "Send unencrypted.")
    user: str = option("", "Who.", check=max_len(20))
    token: Secret | None = option(None, "Token.", check=optional(lambda _, __, token: _long(token)))
    headers: dict[str, Secret] = option(dict, "Headers.")
    expect: tuple[int, ...] = option((200, 201), "Statuses.", check=min_len(1))
    tries: int = option(3, "Tries.", check=and_(ge(1), le(9)))
    share: float = option(0.5, "A share.", check=le(1))
    limit: ByteCount | None = option(None, "Limit.", check=optional(ge(1000)))
    loud: Percent = option(Percent(80), "Loudness.")
    at: TimeOfDay = option(TimeOfDay("22:30"), "When.")
    colour: Colour = option(Colour.RED, "Which.")
    size: Literal["small", "large"] = option("small", "How large.")
    mode: str = option("slow", "How.", check=in_(("slow", "fast")))
    certificate: Path | None = option(None, "A file.")
    names: list[str] = option(list, "Names.")
    extra: dict[str, Any] = option(dict, "Anything.")
    by_colour: dict[Colour, Seconds] = option(dict, "By colour.")
    patience: Patience = option(Patience, "Patience.")


def _long(token: Secret) -> None:
    if len(token.reveal()) < 4:
        raise ValueError(f"{token.reveal()} is too short for a token")


@frozen
class UrlsOptions:
    urls: tuple[str, ...] = option(help="What to pull.", example="[https://example.org/a.mp3]")


@frozen
class BeatOptions:
    """A sign of life."""

    url: str = option("", "Where to.")


class Read(Protocol):
    def __call__(
        self, text: str, environment: Mapping[str, str] | None = None, secrets: Path | None = None
    ) -> Settings: ...


@pytest.fixture(scope="session")
def uploads() -> dict[str, type]:
    return {"folder": FolderOptions, "web": WebOptions}


@pytest.fixture(scope="session")
def feeds() -> dict[str, type]:
    return {"urls": UrlsOptions}


@pytest.fixture(scope="session")
def extensions(uploads: dict[str, type], feeds: dict[str, type]) -> Extensions:
    return {DestinationSettings: uploads, FeedSettings: feeds, ServiceSettings: {"heartbeat": BeatOptions}}


@pytest.fixture(scope="session")
def read(extensions: Extensions) -> Read:
    def read(text: str, environment: Mapping[str, str] | None = None, secrets: Path | None = None) -> Settings:
        return parse(text, "box.yaml", extensions, environment or {}, secrets)

    return read


@pytest.fixture(scope="session")
def problems(read: Read) -> Callable[..., tuple[str, ...]]:
    def problems(*arguments: Any, **named: Any) -> tuple[str, ...]:
        with pytest.raises(ConfigError) as caught:
            read(*arguments, **named)
        assert str(caught.value) == "\n".join(caught.value.problems)
        assert caught.value.exit_code == 3
        return caught.value.problems

    return problems


@pytest.fixture(scope="session")
def web(read: Read) -> Callable[..., Any]:
    """The options of a destination of backend `web` with these lines of YAML."""

    def web(*lines: str, environment: Mapping[str, str] | None = None) -> Any:
        entry = "".join(f"    {line}\n" for line in ("backend: web", "url: https://example.org", *lines))
        return read(f"destinations:\n  office:\n{entry}", environment).destinations["office"].options

    return web

"""Where the stream goes, and as what."""

from enum import StrEnum

from appliance_http.options import url_validator
from attrs import frozen

from appliance.plugin import AbsolutePath, Secret, option


class Coding(StrEnum):
    """How the sound is coded."""

    OPUS = "opus"
    MP3 = "mp3"


@frozen
class IcecastOptions:
    """What the microphone hears, live, by an Icecast server (2.4 or newer)."""

    url: str = option(
        help="The mount point of the server.", check=url_validator, example="https://radio.example.org:8443/box.ogg"
    )
    password: Secret = option(help="The password of sources.", example="!secret icecast_password")
    user: str = option("source", "The user of sources.")
    coding: Coding = option(Coding.OPUS, "`opus` (in Ogg) or `mp3`.")
    title: str = option("", "What the stream is called. Default: the name of the box.", example="Town square")
    public: bool = option(False, "Let the server list it in public directories.")
    always: bool = option(
        True, "Stream always: the microphone is open then, as everybody is shown. Else while something is recorded."
    )
    allow_http: bool = option(False, "Send without encryption to hosts other than this one.")
    ca: AbsolutePath | None = option(None, "Certificates (PEM) to trust instead of the system's.")

    @property
    def sends_sound(self) -> bool:
        """Whatever it does, it sends sound that is not encrypted to `storage.encrypt_to`."""
        return True

"""One take of a recording, as its events tell."""

from attrs import define

from appliance.api.recording import Recording
from appliance.audio.growing import GrowingTake
from appliance.errors import ApplianceError, Refused, named
from appliance.events import (
    Event,
    TakeDiscarded,
    TakeFailed,
    TakePaused,
    TakeProgress,
    TakeResumed,
    TakeSealed,
    TakeStarted,
)


@define
class Take:
    """One take of a recording, as its events tell."""

    id: str
    growing: GrowingTake | None = None
    started: TakeStarted | None = None
    paused: bool = False
    seconds: float = 0.0
    recording: Recording | None = None
    failed: TakeFailed | None = None
    discarded: bool = False

    @property
    def over(self) -> bool:
        """Whether nothing more will become of it."""
        return bool(self.recording or self.failed or self.discarded)

    def heed(self, event: Event, recording: Recording | None) -> None:
        """What has happened to it; sealed, it has become that recording."""
        match event:
            case TakeStarted():
                self.started = event
            case TakeProgress():
                self.seconds = event.seconds
            case TakePaused():
                self.paused = True
            case TakeResumed():
                self.paused = False
            case TakeFailed():
                self.failed = event
            case TakeDiscarded():
                self.discarded = True
            case TakeSealed():
                self.recording, self.seconds = recording, event.clip.seconds

    def why(self) -> ApplianceError:
        """The error that tells why it became no recording."""
        if self.failed:
            return named(self.failed.error, self.failed.message)
        return Refused("the recording was thrown away")

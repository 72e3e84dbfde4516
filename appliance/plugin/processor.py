"""The contract of a processor: code that looks at finished clips and tells what it found, such as a transcript."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from appliance.config.options import OptionsClass
from appliance.errors import Cancelled
from appliance.models import Clip
from appliance.plugin.upload import BackendContext
from appliance.values import frozen


@frozen
class ProcessorJob:
    """One clip to look at: what is known of it, and its file, which must not be changed."""

    clip: Clip
    path: Path
    cancelled: Callable[[], bool] = bool
    """True once the appliance is stopping, or somebody wants to record: return soon."""

    def check_cancelled(self) -> None:
        """Raise Cancelled once it is to end. The clip is looked at again later."""
        if self.cancelled():
            raise Cancelled(f"processing {self.clip.name} was put off")


class Processor(Protocol):
    """Looks at clips, one at a time, on a thread of its own, and not while a take is in progress."""

    def process(self, job: ProcessorJob) -> str:
        """What it found, as text; empty for nothing.

        Raises Transient where trying again may help, Permanent where a person must act (the message says what to do),
        Cancelled as `job.check_cancelled` does. Anything else that escapes is a defect of the plugin.
        """

    def close(self) -> None:
        """Free what is held."""


@frozen
class ProcessorType:
    """A kind of processor: its name in the config, its options class, and how to build one. As UploadBackendType."""

    name: str
    options: OptionsClass
    create: Callable[[Any, BackendContext], Processor]
    extra: str = ""

"""Every error that the appliance raises on purpose.

    ApplianceError                      1  something went wrong
    ├── TooSlow                            what was asked for was not read in time, and is lost
    ├── UsageError                      2  an argument is missing, unknown or does not fit
    ├── ConfigError                     3  the configuration cannot be used
    ├── NotRunning                      4  no daemon answers on the control socket
    ├── AlreadyRunning                  5  another daemon uses the same state directory or control socket
    ├── Refused                         6  the appliance cannot do that now
    ├── NotFound                        7  no such clip, destination, track or file
    ├── AudioError                      8  sound card trouble
    │   ├── DeviceNotFound                 no card matches the device word
    │   │   └── NoSpeaker                  the box is said to have none
    │   ├── DeviceBusy                     another program holds the card
    │   ├── DeviceLost                     the card vanished while in use
    │   ├── DeviceRecalled                 a take or a message needs the card that was lent
    │   ├── FormatUnsupported              the card cannot do the wanted format
    │   └── Unplayable                     the file holds no sound that can be played, or no more of it
    │       └── DecoderMissing             it can be played once something is installed
    ├── StorageError                    9  the disk refuses: full, read-only, broken
    ├── PluginError                    10  a plugin is missing, broken or breaks its contract
    ├── DeliveryError                  11  a clip could not be delivered
    │   ├── Transient                      try again later, by itself
    │   ├── Permanent                      a person must act first
    │   │   ├── CopyMissing                the destination no longer holds what it had taken
    │   │   ├── CopyDiffers                it holds other bytes than it had taken
    │   │   ├── CannotVerify               it cannot be asked what it holds
    │   │   ├── KeptAlone                  what is wanted takes the plain sound of a clip that is kept encrypted alone
    │   │   ├── TooLarge                   there is more to fetch than is taken
    │   │   └── WrongKind                  a feed is of another kind than is said
    │   └── Cancelled                      somebody took the delivery back while it ran
    ├── PanelError                     12  the pins of buttons and LEDs cannot be used
    ├── Unhealthy                      13  the doctor found something that does not work
    └── Stuck                          14  a thread of the appliance does not end

A message is one line for a person: what happened, why, and the next step. The exit code of the `appliance`
command is the class attribute of the error that ended it; 2 is that of click too.
"""

from enum import StrEnum
from math import inf
from typing import ClassVar


class ApplianceError(Exception):
    """Something went wrong."""

    exit_code: ClassVar[int] = 1


class TooSlow(ApplianceError):
    """What was asked for was not read in time, and is lost."""


class UsageError(ApplianceError):
    """An argument is missing, unknown or does not fit."""

    exit_code = 2


class ConfigError(ApplianceError):
    """The configuration cannot be used.

    `problems` holds every problem found, each one line that starts with `FILE:LINE:` where the place is known.
    """

    exit_code = 3

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class NotRunning(ApplianceError):
    """No daemon answers on the control socket."""

    exit_code = 4


class AlreadyRunning(ApplianceError):
    """Another daemon uses the same state directory or control socket."""

    exit_code = 5


class Refused(ApplianceError):
    """The appliance cannot do that now."""

    exit_code = 6


class NotFound(ApplianceError):
    """No such clip, destination, track or file."""

    exit_code = 7


class AudioError(ApplianceError):
    """Sound card trouble."""

    exit_code = 8


class DeviceNotFound(AudioError):
    """No card matches the device word."""


class NoSpeaker(DeviceNotFound):
    """The box is said to have none."""


class DeviceBusy(AudioError):
    """Another program holds the card."""


class DeviceLost(AudioError):
    """The card vanished while in use."""


class DeviceRecalled(AudioError):
    """A take or a message needs the card that was lent."""


class FormatUnsupported(AudioError):
    """The card cannot do the wanted format.

    `offered` is the nearest that it can do, where that is known: rate, channels and sample format as ALSA names it.
    """

    def __init__(self, message: str, *, offered: tuple[int, int, str] | None = None) -> None:
        super().__init__(message)
        self.offered = offered


class TroubleKind(StrEnum):
    """What it is that keeps something from being played."""

    SYSTEM = "system"
    NETWORK = "network"
    FILE = "file"
    FORMAT = "format"
    UNKNOWN = "unknown"


class Unplayable(AudioError):
    """The file holds no sound that can be played, or no more of it."""

    def __init__(self, message: str, kind: TroubleKind = TroubleKind.FORMAT) -> None:
        super().__init__(message)
        self.kind = kind


class DecoderMissing(Unplayable):
    """It can be played once something is installed. That is `module`; `needed` says so to a person."""

    module: ClassVar[str] = "av"

    def __init__(self, needed: str, name: str = "") -> None:
        super().__init__(f"cannot play '{name}': {needed}" if name else needed)
        self.needed = needed


class StorageError(ApplianceError):
    """The disk refuses: full, read-only, broken."""

    exit_code = 9


class PluginError(ApplianceError):
    """A plugin is missing, broken or breaks its contract."""

    exit_code = 10


class DeliveryError(ApplianceError):
    """A clip could not be delivered."""

    exit_code = 11


class Transient(DeliveryError):
    """Try again later, by itself. `retry_after` is the wait in seconds that the other side asked for, or None.

    `tell` where a person should know at once, though it may pass.
    """

    retry_after: float | None = None
    tell = False

    def __init__(self, message: str, *, retry_after: float | None = None, tell: bool = False) -> None:
        super().__init__(message)
        self.tell = tell is True
        usable = isinstance(retry_after, int | float) and 0 <= retry_after < inf
        self.retry_after = retry_after if usable else None


class Permanent(DeliveryError):
    """A person must act first. The message says what to do."""


class CopyMissing(Permanent):
    """The destination no longer holds what it had taken. Raised by `verify` of a backend."""


class CopyDiffers(Permanent):
    """It holds other bytes than it had taken. Raised by `verify` of a backend."""


class CannotVerify(Permanent):
    """It cannot be asked what it holds. Raised by `verify` of a backend."""


class KeptAlone(Permanent):
    """What is wanted takes the plain sound of a clip that is kept encrypted alone."""


class TooLarge(Permanent):
    """There is more to fetch than is taken."""


class WrongKind(Permanent):
    """A feed is of another kind than is said. `needs` is the module that is missing to play it, where it is that."""

    def __init__(self, *words: object, needs: str = "") -> None:
        super().__init__(*words)
        self.needs = needs


class Cancelled(DeliveryError):
    """Somebody took the delivery back while it ran."""


class PanelError(ApplianceError):
    """The pins of buttons and LEDs cannot be used."""

    exit_code = 12


class Unhealthy(ApplianceError):
    """The doctor found something that does not work."""

    exit_code = 13


class Stuck(ApplianceError):
    """A thread of the appliance does not end. What it holds cannot be used again in this process."""

    exit_code = 14


class NewerWord(ValueError):
    """A word of a newer release stands where this one cannot do without its meaning."""


def refused_by_system(error: OSError) -> StorageError:
    """What a program that ends by such an error says: it is about a file, or about what the program writes to."""
    return StorageError(f"{error.filename or 'standard output'}: {error.strerror}")


def named(name: str, message: str) -> ApplianceError:
    """The error of the class `name`, as it was where the words come from; ApplianceError where none is called so."""
    cls = globals().get(name)
    return cls(message) if isinstance(cls, type) and issubclass(cls, ApplianceError) else ApplianceError(message)

"""A file that sounds behind something that is said of it."""

from pathlib import Path

from appliance.audio.arriving import Arrival
from appliance.audio.samples import Block
from appliance.audio.source import Source
from appliance.errors import Unplayable


class Announced(Source):
    """As the file alone, whose length and positions these are; what is said sounds before its beginning, as spoken.

    Whoever goes somewhere in the file hears no more of that. What cannot be said is left out.
    """

    def __init__(
        self, said: Path, path: Path, rate: int, speed: float = 1.0, *, arrival: Arrival | None = None
    ) -> None:
        self._said: Source | None = None
        super().__init__(path, rate, speed, arrival=arrival)
        try:
            self._said = Source(said, rate)
        except Unplayable:
            self._said = None

    def read(self, frames: int) -> Block:
        """See `Source`; fewer also at the end of what is said."""
        if self._said:
            try:
                if len(block := self._said.read(frames)):
                    return block
            except Unplayable:
                pass
            self._hush()
        return super().read(frames)

    def put_back(self, block: Block) -> None:
        """See `Source`."""
        if self._said:
            self._said.put_back(block)
        else:
            super().put_back(block)

    @property
    def is_dry(self) -> bool:
        """See `Source`."""
        return self._said is None and super().is_dry

    def heard(self, ahead: int = 0) -> float:
        """See `Source`."""
        return 0.0 if self._said else super().heard(ahead)

    def seek(self, seconds: float) -> None:
        """See `Source`."""
        self._hush()
        super().seek(seconds)

    def convert_to(self, rate: int) -> None:
        """See `Source`."""
        said, self._said = self._said, None
        super().convert_to(rate)
        if said:
            said.convert_to(rate)
        self._said = said

    def close(self) -> None:
        """See `Source`."""
        self._hush()
        super().close()

    def _hush(self) -> None:
        said, self._said = self._said, None
        if said:
            said.close()

"""The options of storage: where everything is kept, and how much room is left."""

from math import inf
from pathlib import Path

from attrs import frozen
from attrs.validators import ge

from appliance.config.options import AbsolutePath, ByteCount, Keep, Seconds, option


@frozen
class StorageSettings:
    directory: AbsolutePath = option(
        AbsolutePath(Path("/var/lib/appliance")), "Where takes, clips, the inbox and the catalogue live."
    )
    reserve: Seconds = option(
        Seconds(1800),
        "Room kept free, as time of recording. Once it is reached clips make room, see `keep`.",
        check=ge(0),
    )
    floor: ByteCount = option(
        ByteCount(100_000_000), "Room kept free at least, however few bytes `reserve` is.", check=ge(0)
    )
    keep: Keep = option(
        Keep("until_space_needed"),
        "Which clips may make room, oldest first, once every destination has them: all (`until_space_needed`), those "
        "older than some days (`30d`), or none (`always`). None goes before the reserve is reached.",
        example="30d",
    )

    @property
    def keep_days(self) -> float:
        """The days that a clip is kept in any case; infinite for `always`."""
        words = {"always": inf, "until_space_needed": 0.0}
        return words[self.keep] if self.keep in words else float(self.keep.removesuffix("d"))

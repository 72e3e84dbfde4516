"""The options of storage: where everything is kept, how much room is left, and who can read what is sent."""

from math import inf
from pathlib import Path

from attrs.validators import and_, deep_iterable, ge, matches_re

from appliance.config.options import AbsolutePath, ByteCount, Keep, Seconds, option
from appliance.values import frozen

_LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


def _is_whole(key: str) -> bool:
    """Whether the checksum of a Bech32 text holds (BIP 173): no letter of it is wrong."""
    prefix, _, data = key.rpartition("1")
    values = [ord(each) >> 5 for each in prefix] + [0] + [ord(each) & 31 for each in prefix]
    checksum = 1
    for value in values + [_LETTERS.index(each) for each in data]:
        top = checksum >> 25
        checksum = (checksum & 0x1FFFFFF) << 5 ^ value
        for number, term in enumerate(_GENERATOR):
            checksum ^= term if top >> number & 1 else 0
    return checksum == 1


def _keys_are_whole(_: object, __: object, keys: tuple[str, ...]) -> None:
    for key in keys:
        if not _is_whole(key):
            raise ValueError(f"{key} has a wrong letter: copy the public key again, as `age-keygen -y` prints it")


def _is_encrypted(settings: "StorageSettings", _: object, wanted: bool) -> None:
    if wanted and not settings.encrypt_to:
        raise ValueError("nothing says for whom: set `encrypt_to`, or leave `keep_encrypted` out")


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
    encrypt_to: tuple[str, ...] = option(
        (),
        "Public keys of `age`: what is sent is encrypted, and can be read by whoever has the private half of one of "
        "them alone, which is never on the box. Needs the program `age`. Default: nothing is encrypted.",
        check=and_(deep_iterable(matches_re(r"age1[02-9ac-hj-np-z]{58}")), _keys_are_whole),
        example="[age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p]",
    )
    keep_encrypted: bool = option(
        False,
        "Keep clips encrypted alone, for `encrypt_to`: once what is to be sent was made of a clip, its plain file "
        "goes, and nobody without the private key can hear it any more, on the box neither.",
        check=_is_encrypted,
    )

    @property
    def keep_days(self) -> float:
        """The days that a clip is kept in any case; infinite for `always`."""
        words = {"always": inf, "until_space_needed": 0.0}
        return words[self.keep] if self.keep in words else float(self.keep.removesuffix("d"))

"""Something that a feed fetches."""

from attrs import frozen


@frozen
class Item:
    """What is at `url` now: by itself, or, where it has a `key`, as the entry of a list that is known under that.

    `sha256` is what its bytes must have, where that is known. `version` is what else the list says of its bytes. Where
    there is neither, whether it has changed is asked of its server, unless another entry's turn it is (`asks`).
    `wrong` is why it cannot be fetched at all, where the list says no more than that.
    """

    url: str
    key: str = ""
    title: str = ""
    sha256: str = ""
    version: str = ""
    asks: bool = True
    wrong: str = ""

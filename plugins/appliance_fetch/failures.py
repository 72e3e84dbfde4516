"""What goes wrong with items that a feed brings one by one."""

from collections.abc import Sequence

from appliance.plugin import Permanent, TooLarge, Transient, counted


def together(failures: Sequence[Permanent | Transient], noun: str) -> Permanent | Transient:
    """One error for all that failed of the items that are called so: a person is needed as soon as one needs him."""
    more = f" ({counted(len(failures), noun)} failed)" if len(failures) > 1 else ""
    kind = Permanent if any(isinstance(each, Permanent) for each in failures) else Transient
    return kind(f"{failures[0]}{more}")


def too_large(what: str, most: float) -> TooLarge:
    """Why an item of more than `most` bytes is not taken."""
    return TooLarge(f"{what} is larger than max_size allows ({most / 1e6:g} MB): set a larger max_size")

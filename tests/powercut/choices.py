"""Which part of what was not synced is on the disk after a power cut."""

from collections.abc import Sequence
from random import Random

from tests.powercut.disk import Change, Choice, Data, Torn


def nothing(open: Sequence[Change]) -> Choice:
    """Only what was synced is there."""
    return dict.fromkeys(open, False)


def everything(open: Sequence[Change]) -> Choice:
    """All of it is there, as after a kill."""
    return dict.fromkeys(open, True)


def all_but(open: Sequence[Change], one: Change) -> Choice:
    """All of it but one thing."""
    return {**everything(open), one: False}


def only(open: Sequence[Change], one: Change) -> Choice:
    """One thing of it."""
    return {**nothing(open), one: True}


def at_random(open: Sequence[Change], random: Random) -> Choice:
    """Any part of it, writes torn anywhere."""
    likely = random.choice((0.2, 0.5, 0.8))
    choice: dict[Change, bool | Torn] = {}
    for change in open:
        if isinstance(change, Data) and random.random() < 0.5:
            choice[change] = frozenset(s for s in change.sectors if random.random() < likely)
        else:
            choice[change] = random.random() < likely
    return choice

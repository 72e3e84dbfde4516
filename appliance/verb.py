"""What there is to know about one word that can be asked of the box."""

from collections.abc import Mapping
from typing import Any

from appliance.arguments import Argument, check, wishes_in
from appliance.circumstances import Wishes
from appliance.events import Command, Event
from appliance.values import frozen


@frozen
class Verb:
    """A word, and what there is to know about it.

    `command` is what it becomes for the controller; `done` are the events that tell that it happened, `failed` those
    that tell that it did not. Without a command, `answer` says what comes back. `since` is the version of the table
    that it came with.
    """

    word: str
    help: str
    command: type[Command] | None = None
    done: tuple[type[Event], ...] = ()
    failed: tuple[type[Event], ...] = ()
    arguments: tuple[Argument, ...] = ()
    answer: str = ""
    acts: bool = True
    """Whether it changes something, where others only read."""
    streams: bool = False
    """Whether it answers with one item after the other."""
    since: int = 1
    flows: tuple[str, ...] = ()
    """The scripts of flows that it is for; none where every box knows it."""
    indirect: bool = False
    """Whether a flow makes of it what it likes: the first of these events to come soon is the answer, and there may be
    none.
    """

    @property
    def for_buttons(self) -> bool:
        """Whether a button may be given it: a press has nothing to say but its moment."""
        return self.command is not None and not any(argument.required for argument in self.arguments)

    def check(self, given: Mapping[str, object]) -> dict[str, object]:
        """The arguments, without those that were left out. Raises UsageError, which says what does not fit."""
        return check(self.word, self.arguments, given)

    def asked(self, at: float, wishes: Wishes | None = None, **arguments: Any) -> Command:
        """The command, asked for at the moment `at` (CLOCK_MONOTONIC seconds).

        What begins a take gets the `wishes`, or those that its arguments tell.
        """
        assert self.command is not None
        takes = self.command.__match_args__
        given: dict[str, Any] = {"wishes": wishes or wishes_in(arguments)} if "wishes" in takes else dict(arguments)
        return self.command(**({"at": at} if "at" in takes else {}), **given)

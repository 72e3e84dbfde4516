"""A matrix keypad on its pins: rows are watched, columns are pulled low.

A column that is not pulled low is an input, so that keys that are down together connect no two outputs. While no key is
down all columns are low, and nothing is done before an edge tells of a press.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from appliance.clock import Clock
from appliance.config.keypad import KeypadSettings
from appliance.events import Command
from appliance.panel.facts import Fact
from appliance.panel.keypad import Keys, Matrix
from appliance.panel.meanings import dialled
from appliance.panel.worker import Worker


class Row(Protocol):
    """An input of the pin library that is pulled up."""

    when_activated: Any
    active_time: float | None

    @property
    def is_active(self) -> bool:
        """Whether it is low."""


class Pin(Protocol):
    """A pin of that library."""

    def output_with_state(self, state: bool) -> None:
        """Drive it."""

    def input_with_pull(self, pull: str) -> None:
        """Drive it no more."""


class Column(Protocol):
    """An input of that library."""

    pin: Pin


class Keypad:
    """A contact of the worker. `told` says which facts are heard."""

    def __init__(
        self,
        settings: KeypadSettings,
        rows: Sequence[Row],
        columns: Sequence[Column],
        clock: Clock,
        worker: Worker,
        told: Callable[[list[Fact]], list[Fact]],
    ) -> None:
        self._rows = rows
        self._columns = columns
        self._clock = clock
        self._worker = worker
        self._told = told
        self._matrix = Matrix(settings.keys, settings.debounce, self._conducting())
        for row in rows:
            row.when_activated = self._pressed

    @property
    def deadline(self) -> float | None:
        """When `tick` must be called."""
        return self._matrix.deadline

    def edge(self, level: bool, at: float) -> list[Command]:
        """A row began to conduct."""
        self._matrix.edge(at)
        return []

    def tick(self, now: float) -> list[Command]:
        """What is known by `now`."""
        if self.deadline is None or now < self.deadline:
            return []
        begun = self._clock.monotonic()
        conducting = self._conducting()
        return dialled(self._told(self._matrix.look(conducting, begun, self._clock.monotonic())))

    def _pressed(self, row: Row) -> None:
        self._worker.put(self, True, self._clock.monotonic() - (row.active_time or 0.0))

    def _conducting(self) -> Keys:
        for column in self._columns:
            _let_float(column)
        found = set()
        try:
            for number, column in enumerate(self._columns):
                column.pin.output_with_state(False)
                found |= {(row, number) for row, device in enumerate(self._rows) if device.is_active}
                _let_float(column)
        finally:
            for column in self._columns:
                column.pin.output_with_state(False)
        return frozenset(found)


def _let_float(column: Column) -> None:
    column.pin.input_with_pull("up")

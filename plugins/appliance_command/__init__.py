"""Processor `command`: lets any program look at clips, such as one that writes down what was said."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from appliance.plugin import BackendContext, Processor, ProcessorType, hookimpl

if TYPE_CHECKING:
    from appliance_command.options import CommandOptions


def _options() -> type:
    from appliance_command.options import CommandOptions

    return CommandOptions


def _create(options: "CommandOptions", context: BackendContext) -> Processor:
    from appliance_command.program import Program

    return Program(options)


@hookimpl
def appliance_processors() -> Sequence[ProcessorType]:
    return [ProcessorType("command", _options, _create)]

"""Processor `command`: lets any program look at clips, such as one that writes down what was said."""

from collections.abc import Sequence

from appliance.plugin import BackendContext, Processor, ProcessorType, hookimpl
from appliance_command.options import CommandOptions


def _create(options: CommandOptions, context: BackendContext) -> Processor:
    from appliance_command.program import Program

    return Program(options)


@hookimpl
def appliance_processors() -> Sequence[ProcessorType]:
    return [ProcessorType("command", CommandOptions, _create)]

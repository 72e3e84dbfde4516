"""What is done now and then while a microphone is there: faults describe now, and what is to be open is."""

from collections.abc import Callable

from appliance.audio.recorder import Recorder
from appliance.events import Event
from appliance.faults import MICROPHONE_LOST, RECORDING, RECORDING_UNHEARD, RECORDING_UNKEPT
from appliance.machine import Recorder as State
from appliance.status import Status

_UNHEARD = {(kind.name, kind.owner) for kind in (MICROPHONE_LOST, RECORDING_UNHEARD)}
_LEFT_BEHIND = _UNHEARD | {(kind.name, kind.owner) for kind in (RECORDING, RECORDING_UNKEPT)}


def recheck(recorder: Recorder, status: Status, post: Callable[[Event], None]) -> None:
    """Have the microphone open where takes begin before their press.

    Where only a take that failed says that nothing can be recorded, as it heard nothing, hear whether something can.
    """
    recorder.arm()
    urgent = {(fault.name, fault.owner) for fault in status.faults if fault.urgent}
    if status.recorder is State.IDLE and urgent & _UNHEARD and urgent <= _LEFT_BEHIND and recorder.delivers():
        post(RECORDING_UNHEARD.cleared())

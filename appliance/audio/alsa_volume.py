"""Turns the speaker of a sound card up and down, at a control of its mixer."""

from contextlib import suppress
from math import cbrt, log10

from appliance.audio.alsa_mixer import asked, call, gone, load, span
from appliance.errors import Refused

_BELOW = -1


def turn_speaker(name: str, control: str, factor: float) -> None:
    """Let the control of the mixer that ALSA calls `name` be `factor` (0 to 1) times as loud as it can be.

    Where there is no such step it is the next below; 0 switches it off, where it can be. Raises Refused, AudioError.
    """
    if (found := load(name)) is None:
        raise Refused("the sound card of the speaker has no mixer. Take audio.playback.mixer away")
    handle, elements = found
    try:
        able = {each: element for each, element in elements.items() if call("selem_has_playback_volume", element)}
        if control not in able:
            known = ", ".join(f"'{each}'" for each in sorted(able)) or "none"
            raise Refused(
                f"the sound card has no control '{control}' that turns its speaker. Set audio.playback.mixer to one "
                f"that it has: {known}"
            )
        _turn(able[control], factor)
    except OSError as error:
        raise gone(error) from error
    finally:
        call("close", handle)


def _turn(element: int, factor: float) -> None:
    lowest, highest = span("playback_volume", element)
    step = lowest + round((highest - lowest) * cbrt(factor))
    with suppress(OSError):  # one that tells no decibels
        quietest, loudest = span("playback_dB", element)
        if factor and quietest < loudest:
            wanted = max(quietest, loudest + round(2000 * log10(factor)))
            step = asked("ask_playback_dB_vol", element, wanted, _BELOW)
    call("selem_set_playback_volume_all", element, step)
    if call("selem_has_playback_switch", element):
        call("selem_set_playback_switch_all", element, int(factor > 0))

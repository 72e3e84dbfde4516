"""The sound cards of the machine, for scripts that bring none."""

from appliance.audio.ports import SoundCards


def real_cards() -> SoundCards:
    """Those that ALSA knows, which are loaded only here."""
    from appliance.audio.alsa import AlsaCards

    return AlsaCards()

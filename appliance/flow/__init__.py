"""What happens from the lift of a handset to its clip: pure machines beside the table, whose output is commands.

The table decides what becomes of each of them. So nothing that fails here keeps the box from recording: where a sound
cannot be heard, or its end is never told, the next step follows as if it had been.
"""

from collections.abc import Mapping

from attrs import evolve

from appliance.config.flow import FlowSettings, Script
from appliance.config.prompts import TONES, Prompt, PromptSettings
from appliance.flow.direct import Direct
from appliance.flow.handset import Handset
from appliance.flow.message_box import MessageBox
from appliance.flow.rehearsal import Rehearsal
from appliance.flow.steps import Step
from appliance.flow.telephone import Telephone
from appliance.prompts import sounds_of
from appliance.prompts.sounds import SHIPPED
from appliance.store.places import Places

__all__ = ["Direct", "Handset", "MessageBox", "Step", "Telephone", "flow_of"]


def flow_of(settings: FlowSettings, prompts: PromptSettings, replies: Mapping[str, str], places: Places) -> Handset:
    """The machine that the configuration wants, for what is kept in `places`.

    `replies` are the destinations of answers, by the feed that brought what is answered.
    """
    if settings.script is Script.NONE:
        return Handset(Direct(), settings.numbers)
    heard = prompts if prompts.sounds != PromptSettings().sounds else evolve(prompts, sounds=TONES)
    languages = settings.languages or (prompts.language,)
    sounds = {each: sounds_of(evolve(heard, language=each), at_the_ear=True) for each in languages}
    tone, first = settings.tone or SHIPPED / "tone.flac", sounds[languages[0]]
    if settings.script is Script.MESSAGE_BOX:
        bell = settings.bell or first.get(Prompt.NEW_MESSAGE, SHIPPED / "new_message.flac")
        return Handset(MessageBox(replies, tone, bell, first), settings.numbers)
    return Handset(Telephone(settings, tone, sounds), settings.numbers, Rehearsal(tone, first, places.audio))

"""What happens from the lift of a handset to its clip: pure machines beside the table, whose output is commands.

The table decides what becomes of each of them. So nothing that fails here keeps the box from recording: where a sound
cannot be heard, or its end is never told, the next step follows as if it had been.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from random import SystemRandom

from attrs import evolve

from appliance.audio.greetings import sounds_in
from appliance.circumstances import Starter
from appliance.config.flow import FlowSettings, Script
from appliance.config.prompts import TONES, Prompt, PromptSettings
from appliance.flow.direct import Direct
from appliance.flow.handset import Handset
from appliance.models import Clip
from appliance.prompts import DIGITS, digits_of, sounds_of
from appliance.prompts.sounds import SHIPPED
from appliance.store.places import Places

_DIGITS = 8
"""So many has a code by which somebody withdraws a story."""


def flow_of(
    settings: FlowSettings,
    prompts: PromptSettings,
    replies: Mapping[str, str],
    places: Places,
    time: Callable[[float], str] = str,
    spell: Callable[[str], Mapping[str, Path]] = lambda _: {},
    undecided: Callable[[], Clip | None] = lambda: None,
    now: float = 0.0,
) -> Handset:
    """The machine that the configuration wants, for what is kept in `places`.

    `replies` are the destinations of answers, by the feed that brought what is answered; `time` is what the clock shows
    at a moment of CLOCK_MONOTONIC, `spell` has a digit for each language spoken where no files do that. `undecided`
    finds a new greeting from before the start, which begins `now`.
    """
    takes = {number: take.wishes(Starter.REQUEST) for number, take in settings.takes.items()}
    if settings.script is Script.NONE:
        return Handset(Direct(), settings.numbers, takes=takes)
    from appliance.flow.rehearsal import UNDECIDED, Part, Rehearsal  # a box without a flow starts without these

    heard = prompts if prompts.sounds != PromptSettings().sounds else evolve(prompts, sounds=TONES)
    languages = settings.languages or (prompts.language,)
    sounds = {each: sounds_of(evolve(heard, language=each), at_the_ear=True) for each in languages}
    tone, first = settings.tone or SHIPPED / "tone.flac", sounds[languages[0]]
    if settings.script is Script.MESSAGE_BOX:
        from appliance.flow.heard import KeptHeard
        from appliance.flow.message_box import MessageBox

        bell = settings.bell or first.get(Prompt.NEW_MESSAGE, SHIPPED / "new_message.flac")
        last = KeptHeard(places.heard).read()
        box = MessageBox(replies, tone, bell, first, feed=last.feed, title=last.title)
        return Handset(box, settings.numbers, takes=takes)
    rehearsal = Rehearsal(tone, first, places.audio)
    if draft := undecided():
        rehearsal = evolve(rehearsal, part=Part.DRAFT, draft=draft, due=now + UNDECIDED)
    if settings.script is Script.BOOTH:
        from appliance.flow.booth import Booth
        from appliance.flow.world import World

        folder = settings.booth.questions
        questions = {each: tuple(sounds_in(folder, each)) if folder else () for each in languages}
        digits = {each: digits_of(evolve(heard, language=each)) for each in languages}
        if settings.booth.codes:
            digits = {each: found if len(found) == len(DIGITS) else spell(each) for each, found in digits.items()}
        world = World(tone, sounds, questions, digits, places.audio, time, _code)
        return Handset(Booth(settings, world), settings.numbers, rehearsal, takes)
    from appliance.flow.telephone import Telephone

    return Handset(Telephone(settings, tone, sounds), settings.numbers, rehearsal, takes)


def configured_sounds(settings: FlowSettings, prompts: PromptSettings) -> Mapping[str, Path]:
    """The file or folder that the configuration has for each use of a sound, of the first language."""
    speaks = settings.script is not Script.NONE
    heard = prompts if prompts.sounds != PromptSettings().sounds or not speaks else evolve(prompts, sounds=TONES)
    said = sounds_of(heard, at_the_ear=speaks)
    found: dict[str, Path | None] = {str(prompt): path for prompt, path in said.items()}
    if speaks:
        booth, bell = settings.booth, found.get(Prompt.NEW_MESSAGE)
        found |= {"greeting": settings.greeting, "tone": settings.tone or SHIPPED / "tone.flac"}
        found |= {"bell": settings.bell or bell, "question": booth.questions, "consent": booth.consent}
        found |= {"language": booth.language, "thanks": booth.thanks}
    return {use: path for use, path in found.items() if path}


def _code() -> str:
    return f"{SystemRandom().randrange(10**_DIGITS):0{_DIGITS}}"

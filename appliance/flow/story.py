"""What is kept with a story that is told in a booth, and when it is waited for."""

from pathlib import Path
from typing import Any

from attrs import evolve

from appliance import events
from appliance.circumstances import WITHDRAWAL_CODE, Wishes
from appliance.config.booth import BoothSettings
from appliance.flow.steps import Step
from appliance.flow.world import World
from appliance.machine import Input
from appliance.models import Clip
from appliance.prompts.sounds import DIGITS

ASKED = (Step.LANGUAGE, Step.QUESTION, Step.CONSENT, Step.REVIEW)
"""Steps in which what is dialled is an answer."""

PATIENCE = {Step.LANGUAGE: 5.0, Step.QUESTION: 5.0, Step.CONSENT: 30.0, Step.REVIEW: 15.0}
"""Seconds that an answer is waited for, behind what was said; then the first language, this question, no, and keep."""

ORDER = (Step.GREETING, Step.LANGUAGE, Step.QUESTION, Step.CONSENT, Step.TONE)
BEFORE = (Step.WAITING, *ORDER)


def wanted(
    booth: BoothSettings,
    world: World,
    wishes: Wishes,
    language: str,
    question: Path | None,
    consented: float | None,
    code: str,
) -> Wishes:
    """What is kept with the clip, beside these `wishes`; and that it goes nowhere before somebody keeps it."""
    fields = dict[str, Any](wishes.fields)
    if len(world.sounds) > 1:
        fields["language"] = language
    if question:
        fields["question"] = question.stem
    if consented is not None:
        fields["consent_version"] = booth.consent_version
        fields["consent_given"] = str(booth.consent_given)
        fields["consent_time"] = world.time(consented)
    if code:
        fields[WITHDRAWAL_CODE] = code
    return Wishes(evolve(wishes.begun, draft=True) if booth.listen_back else wishes.begun, fields)


def keeps(booth: BoothSettings, wishes: Wishes, clip: Clip) -> tuple[Input, ...]:
    """What lets a story go where clips go, and tells its code."""
    release = (events.ClipRelease(clip.id, wishes.begun.destinations),) if booth.listen_back else ()
    code = clip.fields.get(WITHDRAWAL_CODE)
    return (*release, *((events.WithdrawalCode(clip.id, str(code)),) if code else ()))


def spelled(world: World, language: str, clip: Clip | None) -> tuple[Path, ...]:
    """The sounds that say its code, where there is one for each digit."""
    digits, code = world.digits.get(language, {}), clip and clip.fields.get(WITHDRAWAL_CODE)
    return tuple(digits[each] for each in str(code)) if code and len(digits) == len(DIGITS) else ()

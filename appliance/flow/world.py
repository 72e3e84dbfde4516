"""What a flow is given of the world."""

from collections.abc import Callable, Mapping
from pathlib import Path

from appliance.config.prompts import Prompt
from appliance.values import frozen


@frozen
class World:
    """What a booth knows of the world: its sounds, and how to ask for what no machine can know."""

    tone: Path
    sounds: Mapping[str, Mapping[Prompt, Path]]
    """By language, the first of which greets."""
    questions: Mapping[str, tuple[Path, ...]]
    digits: Mapping[str, Mapping[str, Path]]
    clip: Callable[[str], Path]
    """The sound of the clip of that name."""
    time: Callable[[float], str]
    """What the clock shows at a moment of CLOCK_MONOTONIC."""
    code: Callable[[], str]
    """A code that nobody can guess."""

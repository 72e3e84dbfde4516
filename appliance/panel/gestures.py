"""From the edges of one pin to commands: debouncing, press, hold, double press, held keys. Pure; times are given.

Every command carries the time of the first press-down that asked for it, whenever it is decided. A key that only has
`press` acts as it goes down. With `hold` a short press acts as the key comes up, with `double_press` once the time for
the second one is over. One press asks for one thing.
"""

from appliance.config.settings import ButtonAction, ButtonSettings, SwitchAction, SwitchSettings
from appliance.events import (
    Command,
    PlayerStop,
    PlayLatest,
    PlayNext,
    PlayToggle,
    RecordDiscard,
    RecordMark,
    RecordPauseToggle,
    RecordStart,
    RecordStop,
    RecordToggle,
    VolumeDown,
    VolumeUp,
)


def command(action: ButtonAction, at: float) -> Command:
    """What `action` asks for, pressed at the time `at`. Of `record.while_held` it is the beginning."""
    match action:
        case ButtonAction.RECORD_TOGGLE:
            return RecordToggle(at)
        case ButtonAction.RECORD_START | ButtonAction.RECORD_WHILE_HELD:
            return RecordStart(at)
        case ButtonAction.RECORD_STOP:
            return RecordStop(at)
        case ButtonAction.RECORD_PAUSE_TOGGLE:
            return RecordPauseToggle(at)
        case ButtonAction.RECORD_DISCARD:
            return RecordDiscard()
        case ButtonAction.RECORD_MARK:
            return RecordMark(at)
        case ButtonAction.PLAY_TOGGLE:
            return PlayToggle()
        case ButtonAction.PLAY_NEXT:
            return PlayNext()
        case ButtonAction.PLAY_LATEST:
            return PlayLatest()
        case ButtonAction.PLAY_STOP:
            return PlayerStop()
        case ButtonAction.VOLUME_UP:
            return VolumeUp()
        case ButtonAction.VOLUME_DOWN:
            return VolumeDown()


class Debouncer:
    """Takes a new level for true once it has held for `time` seconds, as of the first edge of the commotion."""

    def __init__(self, time: float, level: bool) -> None:
        self.level = level
        """The level that counts."""
        self.began: float | None = None
        """When the commotion that is not over yet began."""
        self.deadline: float | None = None
        """When it is over, unless another edge comes."""
        self._time = time
        self._latest = level

    def edge(self, level: bool, at: float) -> None:
        """The pin went to `level`; what was due before must have been settled."""
        if self.began is None:
            self.began = at
        self._latest = level
        self.deadline = at + self._time

    def settle(self, now: float) -> float | None:
        """Since when `level` has been another than before, or None where it has not changed."""
        if self.deadline is None or now < self.deadline:
            return None
        began, self.began, self.deadline = self.began, None, None
        if self._latest == self.level:
            return None
        self.level = self._latest
        return began


class Gestures:
    """What clean presses and releases of one key ask for.

    A key that is down from the start (`down`) has not been pressed: it counts from its next press on.
    """

    def __init__(self, settings: ButtonSettings, down: bool = False) -> None:
        self._settings = settings
        self._down = down
        self._pressed: float | None = None
        """When the press that is still to be decided began; None where there is none."""
        self._holding = False
        """Whether a take runs for as long as the key stays down."""

    @property
    def deadline(self) -> float | None:
        """When time alone decides the next thing."""
        if self._pressed is None:
            return None
        if self._down and self._settings.hold:
            return self._pressed + self._settings.hold_time
        return self._pressed + self._settings.double_press_time

    def tick(self, now: float) -> list[Command]:
        """What has been decided by `now` without another edge."""
        deadline = self.deadline
        if deadline is None or now < deadline:
            return []
        held = self._down and self._settings.hold
        return self._decide(self._settings.hold if held else self._settings.press)

    def press(self, at: float) -> list[Command]:
        """The key went down."""
        if self._down:
            return []
        decided = self.tick(at)
        self._down = True
        if self._pressed is not None:
            return decided + self._decide(self._settings.double_press)
        self._pressed = at
        if self._settings.hold or self._settings.double_press:
            return decided
        return decided + self._decide(self._settings.press)

    def release(self, at: float) -> list[Command]:
        """The key came up."""
        if not self._down:
            return []
        decided = self.tick(at)
        self._down = False
        if self._holding:
            self._holding = False
            return [*decided, RecordStop(at)]
        if self._pressed is None:
            return decided
        if not self._settings.double_press or at >= self._pressed + self._settings.double_press_time:
            return decided + self._decide(self._settings.press)
        return decided

    def _decide(self, action: ButtonAction | None) -> list[Command]:
        pressed, self._pressed = self._pressed, None
        if action is None or pressed is None:
            return []
        if action is ButtonAction.RECORD_WHILE_HELD:
            if not self._down:  # over before it was told from a double press: there is nothing left to record
                return []
            self._holding = True
        return [command(action, pressed)]


class Key:
    """One pin's edges, bounces and all, to commands. `level` is whether the key is down when it begins to watch."""

    def __init__(self, settings: ButtonSettings, level: bool) -> None:
        self._debouncer = Debouncer(settings.debounce, level)
        self._gestures = Gestures(settings, down=level)

    @property
    def deadline(self) -> float | None:
        """When `tick` must be called."""
        return self._gestures.deadline if self._debouncer.deadline is None else self._debouncer.deadline

    def edge(self, level: bool, at: float) -> list[Command]:
        """The pin went to `level`. Decides all that was due before, however late this comes."""
        commands = self.tick(at)
        self._debouncer.edge(level, at)
        return commands + self.tick(at)

    def tick(self, now: float) -> list[Command]:
        """What has been decided by `now`."""
        changed = self._debouncer.settle(now)
        commands: list[Command] = []
        if changed is not None:
            commands = self._gestures.press(changed) if self._debouncer.level else self._gestures.release(changed)
        began = self._debouncer.began
        return commands + self._gestures.tick(now if began is None else began)


class Hook(Key):
    """A handset's switch: records while off the hook.

    Off the hook from the start counts as just lifted: after a power cut, whoever is still speaking is recorded on.
    """

    def __init__(self, settings: SwitchSettings) -> None:
        actions = {SwitchAction.RECORD_WHILE_OFF_HOOK: ButtonAction.RECORD_WHILE_HELD}
        super().__init__(ButtonSettings(press=actions[settings.action], debounce=settings.debounce), level=False)

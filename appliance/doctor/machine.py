"""The machine: room, time, watchdog, power, the wear of its card."""

from collections.abc import Iterator

from appliance.doctor.box import SERVICE_USER, Box
from appliance.doctor.finding import Finding, Result, Step
from appliance.models import ClockSource
from appliance.phrases import duration, size

_NOW = {0: "under-voltage", 1: "slowed down", 2: "throttled", 3: "too hot"}
_SINCE_BOOT = {bit + 16: words for bit, words in _NOW.items()}
"""Bits of the firmware's `get_throttled`, see the documentation of the Raspberry Pi's vcgencmd."""

_POWER = "Use the official power supply and a short cable, and unplug what draws much"
_READ_ONLY = "A worn-out card turns so: look at `dmesg`, replace the card, restart the box"
_WORN = 9
"""Tenths of its life that a card has used up, by JEDEC JESD84-B51 (EXT_CSD DEVICE_LIFE_TIME_EST_TYP)."""


def room(box: Box) -> Iterator[Step]:
    """How much sound fits onto the disk, whether clips can ever make room, and whether it lasts."""
    outlook = box.outlook()
    free = outlook.space.free
    seconds = free / outlook.byte_rate
    words = f"room for {duration(seconds)} of sound ({size(free)} free)"
    if outlook.space.in_vain:
        fact, _, next_step = outlook.space.in_vain.partition(". ")
        yield Finding("lasting", Result.FAIL, fact, next_step)
    if outlook.space.read_only:
        yield Finding("free space", Result.FAIL, f"{words}, but the disk is read-only", _READ_ONLY)
    elif outlook.room.overdrawn:
        next_step = outlook.warning or "Wait until deliveries have arrived, or delete clips: `appliance clips delete`"
        yield Finding("free space", Result.FAIL, f"{words}, which is less than the reserve", next_step)
    elif outlook.warning:
        yield Finding("free space", Result.WARN, f"{words}; {outlook.warning}")
    else:
        yield Finding("free space", Result.PASS, words)


def time(box: Box) -> Iterator[Step]:
    """Where the wall clock's time comes from."""
    source = box.clock.stamp().source
    if source is ClockSource.NTP:
        yield Finding("clock", Result.PASS, "set by the network")
    elif source is ClockSource.RTC:
        yield Finding("clock", Result.PASS, "set by the hardware clock; the network does not correct it now")
    else:
        yield Finding(
            "clock",
            Result.WARN,
            "nothing has set it: clips get their true dates once something does",
            "Connect the box to a network, see `timedatectl`, or give it a clock with a battery",
        )


def watchdog(box: Box) -> Iterator[Step]:
    """Whether systemd looks after the appliance."""
    environment = box.system.environment
    edit = f"Run `sudo systemctl edit {SERVICE_USER}`, write\n[Service]\nWatchdogSec=30"
    if not box.is_running:
        return
    if "NOTIFY_SOCKET" not in environment:
        words = "the appliance runs without systemd: nobody starts it again"
        yield Finding("watchdog", Result.SKIP, words, f"Where it should stay: `sudo systemctl start {SERVICE_USER}`")
    elif not environment.get("WATCHDOG_USEC"):
        yield Finding("watchdog", Result.WARN, "systemd does not notice should the appliance hang", edit)
    else:
        seconds = duration(int(environment["WATCHDOG_USEC"]) / 1e6)
        yield Finding("watchdog", Result.PASS, f"systemd restarts the appliance should it hang for {seconds}")


def power(box: Box) -> Iterator[Step]:
    """Whether a Raspberry Pi gets enough power and air."""
    flags = _throttled(box)
    alarm = _voltage_alarm(box)
    if flags is None and alarm is None:
        yield Finding("power", Result.SKIP, "this machine does not tell of its supply voltage")
        return
    now = [words for bit, words in _NOW.items() if (flags or 0) >> bit & 1]
    if alarm and "under-voltage" not in now:
        now.append("under-voltage")
    past = [words for bit, words in _SINCE_BOOT.items() if (flags or 0) >> bit & 1]
    if now:
        yield Finding("power", Result.FAIL, f"now: {', '.join(now)}", _POWER)
    elif past:
        yield Finding("power", Result.WARN, f"since it was switched on: {', '.join(past)}", _POWER)
    else:
        yield Finding("power", Result.PASS, "enough")


def _throttled(box: Box) -> int | None:
    text = box.system.text("sys/devices/platform/soc/soc:firmware/get_throttled")
    try:
        return int(text, 16)
    except ValueError:
        return None


def _voltage_alarm(box: Box) -> bool | None:
    """The alarm of the kernel's driver `raspberrypi-hwmon`; None where there is none."""
    for sensor in sorted((box.system.root / "sys/class/hwmon").glob("hwmon*")):
        place = f"sys/class/hwmon/{sensor.name}"
        if box.system.text(f"{place}/name") == "rpi_volt":
            return box.system.text(f"{place}/in0_lcrit_alarm") == "1"
    return None


def wear(box: Box) -> Iterator[Step]:
    """How much of its life an eMMC has used up; SD cards do not tell."""
    for disk in sorted((box.system.root / "sys/block").glob("mmcblk*")):
        words = box.system.text(f"sys/block/{disk.name}/device/life_time").split()
        try:
            used = max(int(word, 16) for word in words)
        except ValueError:
            continue
        if used:  # 0 is "not defined"
            result = Result.WARN if used >= _WORN else Result.PASS
            next_step = "Replace it before it fails" if used >= _WORN else ""
            told = f"up to {min(used, 10) * 10}% of its life is used up"
            yield Finding(f"wear of {disk.name}", result, told, next_step)

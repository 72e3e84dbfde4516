"""What the appliance may use: sound cards, pins, and folders that the service's sandbox may hide."""

from collections.abc import Iterator
from pathlib import Path
from shlex import quote

from appliance.doctor.box import SERVICE_USER, Box
from appliance.doctor.finding import Finding, Result, Step

NAME = "permissions"

_HOMES = (Path("/home"), Path("/root"), Path("/run/user"))
"""What `ProtectHome=yes` hides."""

_OPEN = (Path("/media"), Path("/mnt"))
"""What the unit leaves writable."""


def groups(box: Box) -> Iterator[Step]:
    """Whether sound cards and pins may be opened, and whether the service's user is in their groups."""
    system, panel = box.system, box.settings.panel
    pins_wanted = box.real_pins and panel.pins
    wanted = [("audio", "dev/snd", "pcm*", "sound cards")] if box.real_cards else []
    wanted += [("gpio", "dev", "gpiochip*", "GPIO pins")] if pins_wanted else []
    lacking, usable = False, []
    for group, folder, pattern, what in wanted:
        nodes = list((system.root / folder).glob(pattern))
        join = f"sudo usermod -aG {group} "
        if nodes and not any(system.may_use(node) for node in nodes):
            lacking = True
            words = f"user {system.user} may not open {what}"
            yield Finding(NAME, Result.FAIL, words, f"{join}{quote(system.user)}, then {_again(box)}")
        elif nodes and not box.is_running and _is_no_member(box, group):
            lacking = True
            words = f"user {SERVICE_USER}, whom the service runs as, is not in group {group}"
            yield Finding(NAME, Result.FAIL, words, f"{join}{SERVICE_USER}, then {_again(box)}")
        elif nodes:
            usable.append(what)
    if usable:
        yield Finding(NAME, Result.PASS, f"user {system.user} may open {' and '.join(usable)}")
    elif not lacking:
        yield Finding(NAME, Result.SKIP, "there is nothing here that they are needed for")


def _again(box: Box) -> str:
    return f"sudo systemctl restart {SERVICE_USER}" if box.is_running else "log in again"


def _is_no_member(box: Box, group: str) -> bool:
    members, accounts = box.system.members(group), box.system.members(SERVICE_USER)
    return members is not None and accounts is not None and SERVICE_USER not in members


def folders(box: Box) -> Iterator[Step]:
    """Whether the service can reach the folders that clips go to, and write to them, from inside its sandbox."""
    if not box.is_running:
        return
    for name, destination in box.settings.destinations.items():
        path = getattr(destination.options, "path", None)
        if destination.backend == "folder" and isinstance(path, Path):
            yield from _folder(box, f"folder of {name}", path)


def _folder(box: Box, name: str, path: Path) -> Iterator[Step]:
    system = box.system
    sandboxed = "INVOCATION_ID" in system.environment
    left_open = any(path.is_relative_to(place) for place in _OPEN)
    existing = next(
        (system.root / each.relative_to("/") for each in (path, *path.parents) if _exists(system.root, each)),
        system.root,
    )
    if sandboxed and any(path.is_relative_to(home) for home in _HOMES) and not _reached(box, path):
        words = f"{path} is hidden from the service, as all home folders are"
        yield Finding(name, Result.FAIL, words, _drop_in("ProtectHome=tmpfs", f"BindPaths=-{_escaped(path)}"))
    elif sandboxed and not left_open and system.is_closed(existing):
        words = f"{path} is read-only for the service"
        yield Finding(name, Result.FAIL, words, _drop_in(f"ReadWritePaths=-{_escaped(path)}"))
    elif not (system.is_read_only(existing) or system.may_use(existing)):  # what is read-only, its probe tells
        give = "chown" if _exists(system.root, path) else "install -d -o"
        next_step = f"sudo {give} {quote(system.user)} {quote(str(path))}"
        yield Finding(name, Result.FAIL, f"user {system.user} may not write to {path}", next_step)


def _exists(root: Path, path: Path) -> bool:
    try:
        return (root / path.relative_to("/")).exists()
    except PermissionError:
        return False


def _reached(box: Box, path: Path) -> bool:
    """Whether the home folders are there for this process."""
    home = next(home for home in _HOMES if path.is_relative_to(home))
    return _exists(box.system.root, path) or box.system.may_enter(box.system.root / home.relative_to("/"))


def _escaped(path: Path) -> str:
    """A path as systemd's unit files want it: `%` doubled, quoted where it holds spaces. See systemd.syntax(7)."""
    text = str(path).replace("%", "%%").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"' if " " in text else text


def _drop_in(*lines: str) -> str:
    """What to put where, so that the service may use a folder."""
    return "\n".join(
        (
            f"Run `sudo systemctl edit {SERVICE_USER}`, write",
            "[Service]",
            *lines,
            f"and run `sudo systemctl restart {SERVICE_USER}`",
        )
    )

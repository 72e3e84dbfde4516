"""Dovecot on 127.0.0.1, as whoever runs the tests, or as nobody where that is root."""

import grp
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

_PROGRAM = shutil.which("dovecot", path="/usr/sbin:/usr/bin")
_COMMON = """
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
ssl = no
default_internal_user = {user}
default_login_user = {user}
default_internal_group = {group}
first_valid_uid = 1
auth_mechanisms = plain login
auth_failure_delay = 0
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
"""

_UNTIL_2_3 = """
disable_plaintext_auth = no
mail_location = maildir:{folder}/mail
passdb {{
  driver = static
  args = password=hüsh-hush
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}
}}
"""
_SINCE_2_4 = """
auth_allow_cleartext = yes
mail_driver = maildir
mail_path = {folder}/mail
passdb static {{
  passdb_static_password = hüsh-hush
}}
userdb static {{
  fields {{
    uid = {uid}
    gid = {gid}
    home = {folder}
  }}
}}
"""


class Dovecot:
    """One mailbox of a user `box`, empty at first."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="dovecot-"))
        self._count = 0
        with socket.create_server(("127.0.0.1", 0)) as bound:
            self.port = int(bound.getsockname()[1])

    @staticmethod
    def version() -> tuple[int, int] | None:
        """That of the installed one; None where none is."""
        if not _PROGRAM:
            return None
        told = subprocess.run([_PROGRAM, "--version"], capture_output=True, text=True, timeout=30).stdout
        major, minor = told.split(".")[:2]
        return int(major), int(minor)

    def put(self, letter: bytes) -> int:
        self._count += 1
        new = self._folder / "mail" / "new"
        (self._folder / "mail" / "tmp" / "x").write_bytes(letter)
        (self._folder / "mail" / "tmp" / "x").chmod(0o644)
        (self._folder / "mail" / "tmp" / "x").rename(new / f"{1_700_000_000 + self._count}.M{self._count}.box")
        return self._count

    def __enter__(self) -> Self:
        user = pwd.getpwuid(os.getuid()) if os.getuid() else pwd.getpwnam("nobody")
        for name in ("cur", "new", "tmp"):
            (self._folder / "mail" / name).mkdir(parents=True)
        for path in (self._folder, *self._folder.rglob("*")):
            os.chown(path, user.pw_uid, user.pw_gid)
        path = self._folder / "dovecot.conf"
        version = self.version()
        assert version
        if version >= (2, 4):  # its configuration is another one, and begins with what it is written for
            first = "dovecot_config_version = 2.4.0\ndovecot_storage_version = 2.4.0\n"
            configuration = first + _COMMON + _SINCE_2_4
        else:
            configuration = _COMMON + _UNTIL_2_3
        path.write_text(
            configuration.format(
                folder=self._folder,
                user=user.pw_name,
                group=grp.getgrgid(user.pw_gid).gr_name,
                uid=user.pw_uid,
                gid=user.pw_gid,
                port=self.port,
            )
        )
        assert _PROGRAM
        self._process = subprocess.Popen([_PROGRAM, "-F", "-c", str(path)], stderr=subprocess.PIPE)
        until = time.monotonic() + 30
        while not self._is_up():
            assert self._process.poll() is None and time.monotonic() < until, "dovecot does not start"
            time.sleep(0.05)
        return self

    def _is_up(self) -> bool:
        with socket.socket() as tried:
            return tried.connect_ex(("127.0.0.1", self.port)) == 0

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._process.terminate()
        self._process.wait(30)
        shutil.rmtree(self._folder, ignore_errors=True)

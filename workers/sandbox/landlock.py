"""Landlock: which paths jailed code may read and write, no TCP, no signals and no abstract sockets to others."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable

from workers.sandbox.kernel import syscall

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
MAKE_CHAR, MAKE_SOCK, MAKE_FIFO, MAKE_BLOCK = 1 << 6, 1 << 9, 1 << 10, 1 << 11
TRUNCATE = 1 << 14
FILE_RIGHTS = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE
READ = EXECUTE | READ_FILE | READ_DIR  # shared libraries are mapped executable
NUMBER_OF_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}  # by ABI; 16 from ABI 5 on
SCOPED_ABI = 6  # from here on signals and abstract sockets stay inside
VERSION_FLAG, RULE_PATH_BENEATH = 1, 1


def abi() -> int:
    """Landlock's version in this kernel. Raises OSError where there is none."""
    return syscall("landlock_create_ruleset", None, 0, VERSION_FLAG)


def _rights(version: int) -> int:
    return int((1 << NUMBER_OF_RIGHTS.get(version, 16)) - 1)


class Ruleset:
    """Built once per jail before the filter, since opening the paths needs them to exist there."""

    def __init__(self, read: Iterable[str], write: Iterable[str]) -> None:
        version = abi()
        self._handled = _rights(version)
        attributes = struct.pack("QQQ", self._handled, 3 if version >= 4 else 0, 3 if version >= SCOPED_ABI else 0)
        size = 24 if version >= SCOPED_ABI else 16 if version >= 4 else 8
        self._fd = syscall("landlock_create_ruleset", attributes, size, 0)
        special = MAKE_CHAR | MAKE_SOCK | MAKE_FIFO | MAKE_BLOCK | EXECUTE
        for path in read:
            self._allow(path, READ)
        for path in write:
            self._allow(path, self._handled & ~special)

    def _allow(self, path: str, rights: int) -> None:
        try:
            fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except FileNotFoundError:
            return
        try:
            if not os.path.isdir(path):
                rights &= FILE_RIGHTS
            syscall("landlock_add_rule", self._fd, RULE_PATH_BENEATH, struct.pack("<Qi", rights & self._handled, fd), 0)
        finally:
            os.close(fd)

    def enforce(self) -> None:
        """Bind this process. NO_NEW_PRIVS must be set. There is no way back."""
        syscall("landlock_restrict_self", self._fd, 0)
        os.close(self._fd)

"""Landlock: which paths jailed code may read and write, no TCP, no signals and no abstract sockets to others."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable

from workers.sandbox.kernel import syscall

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
MAKE_CHAR, MAKE_SOCK, MAKE_FIFO, MAKE_BLOCK = 1 << 6, 1 << 9, 1 << 10, 1 << 11
TRUNCATE = 1 << 14
IOCTL_DEV = 1 << 15
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
    """Paths that jailed code may read, and write: opened once per zygote, since every jail allows the same ones."""

    def __init__(self, read: Iterable[str], write: Iterable[str], drivers: Iterable[str] = ()) -> None:
        """`drivers`: device nodes whose own requests (ioctl) are allowed as well."""
        version = abi()
        self._handled = _rights(version)
        size = 24 if version >= SCOPED_ABI else 16 if version >= 4 else 8
        attributes = struct.pack("QQQ", self._handled, 3 if version >= 4 else 0, 3 if version >= SCOPED_ABI else 0)
        self._attributes = attributes[:size]
        special = MAKE_CHAR | MAKE_SOCK | MAKE_FIFO | MAKE_BLOCK | EXECUTE
        self._write = self._handled & ~special
        rules = [self._rule(path, READ) for path in read] + [self._rule(path, self._write) for path in write]
        rules += [self._rule(path, self._write, IOCTL_DEV) for path in drivers]
        self._rules = [rule for rule in rules if rule]

    def _rule(self, path: str, rights: int, more: int = 0) -> bytes:
        """The kernel's struct for one path, whose descriptor stays open; nothing for a path that does not exist."""
        try:
            fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except FileNotFoundError:
            return b""
        if not os.path.isdir(path):
            rights &= FILE_RIGHTS | more
        return struct.pack("<Qi", rights & self._handled, fd)

    def enforce(self, *folders: str) -> None:
        """Bind this process, with its own `folders` to read and write. NO_NEW_PRIVS must be set; no way back."""
        ruleset = syscall("landlock_create_ruleset", self._attributes, len(self._attributes), 0)
        for rule in (*self._rules, *(self._rule(folder, self._write) for folder in folders)):
            if rule:
                syscall("landlock_add_rule", ruleset, RULE_PATH_BENEATH, rule, 0)
        syscall("landlock_restrict_self", ruleset, 0)
        os.close(ruleset)

"""What keeps the sandbox from working here, and what to do about it."""

from __future__ import annotations

import errno
from pathlib import Path

FULL, REDUCED = "FULL", "REDUCED"


def _read(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""


def advice(fault: str) -> str:
    """One sentence for the operator: why no jail can be made, and the change that mends it."""
    if _read("/proc/sys/user/max_user_namespaces") == "0":
        return (
            "the sandbox cannot start, since this kernel forbids user namespaces: as root run "
            f"`sysctl -w user.max_user_namespaces=15000` ({fault})"
        )
    if _read("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1":
        return (
            "the sandbox cannot start, since AppArmor restricts user namespaces: as root run "
            f"`sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`, or run the worker as root ({fault})"
        )
    if _read("/proc/sys/kernel/unprivileged_userns_clone") == "0":
        return (
            "the sandbox cannot start, since this kernel forbids user namespaces to ordinary users: as root run "
            f"`sysctl -w kernel.unprivileged_userns_clone=1` ({fault})"
        )
    if "landlock" in fault:
        return f"the sandbox cannot start without Landlock: boot with `lsm=landlock,…` or a kernel ≥ 5.13 ({fault})"
    if "mount_setattr" in fault:
        return f"the sandbox cannot start: Linux 5.12 or newer is needed ({fault})"
    if f"[Errno {errno.EPERM}]" in fault or f"[Errno {errno.EACCES}]" in fault:
        return (
            "the sandbox cannot start, since this container forbids new namespaces: start it with "
            "`--security-opt seccomp=unconfined --security-opt apparmor=unconfined`, or run the worker outside of "
            f"containers ({fault})"
        )
    return f"the sandbox cannot start: `python -m workers doctor` says which layer is missing ({fault})"

"""Debian packages that tests need: installed when root, else named with what is skipped without them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass

from deploy.postgres import find_programs


@dataclass(frozen=True)
class Need:
    package: str
    there: Callable[[], bool]
    skipped: str  # what does not run without it


def find_chromium() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


NEEDS = (
    Need("chromium", lambda: find_chromium() is not None, "the browser tests"),
    Need("tesseract-ocr", lambda: shutil.which("tesseract") is not None, "the words in test pictures"),
    Need("postgresql", lambda: find_programs() is not None, "the tests on PostgreSQL"),
    Need("libreoffice-calc-nogui", lambda: shutil.which("soffice") is not None, "the tests of exports in LibreOffice"),
)


def _apt(*words: str) -> subprocess.CompletedProcess[str]:
    environment = dict(os.environ) | {"DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "-q", "-y", *words]
    return subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)


def install_missing() -> list[str]:
    """Install what is missing, with a line for each step; returns what will be skipped."""
    missing = [need for need in NEEDS if not need.there()]
    if not missing:
        return []
    names = [need.package for need in missing]
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"test: installing {', '.join(names)} with apt-get", flush=True)
        _apt("update")
        done = _apt("install", "--no-install-recommends", *names)
        if done.returncode:
            print("\n".join(f"  {line}" for line in (done.stdout + done.stderr).splitlines()[-20:]), flush=True)
    left = [need for need in missing if not need.there()]
    for need in left:
        print(f"test: {need.package} is not installed, so {need.skipped} are left out", flush=True)
    return [need.package for need in left]

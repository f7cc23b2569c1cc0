"""Debian's Chromium for pytest-playwright: the project downloads no browser of its own."""

import shutil
from typing import Any

import pytest

ARGUMENTS = [
    "--no-sandbox",  # tests may run as root, where Chromium's own sandbox cannot start
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("no `chromium` on the PATH: install it with `apt-get install chromium`")
    return {**browser_type_launch_args, "executable_path": path, "args": ARGUMENTS}


@pytest.fixture(scope="session")
def base_url() -> None:
    """Tests name their own server. (pytest-base-url's fixture of this name warns under pytest 9.)"""

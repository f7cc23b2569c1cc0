"""Words in a picture, read by Tesseract where it is installed.

A model that compares pictures also reads: the prompt written on a sheet of paper comes near to what the prompt says. So
what is written in a picture has to be known; a node without the program says that it was not looked at.
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess

from workers.models.interface import ModelFault

PROGRAM = "tesseract"
SECONDS = 60.0
SURE = 60.0  # percent: below, Tesseract guesses letters in leaves and clouds
MAX_WORDS = 200
VERSION = re.compile(r"tesseract v?(\S+)")
# Automatic layout for a page of text, then scattered words: a sign in a scene is found by the second alone.
LAYOUTS = ("3", "11")


@functools.cache
def version() -> str:
    """The installed version, such as "5.3.0"; empty without one."""
    if shutil.which(PROGRAM) is None:
        return ""
    try:
        done = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, timeout=SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = VERSION.search(done.stdout + done.stderr)
    return found[1] if found and not done.returncode else ""


def read_words(png: bytes) -> list[str] | None:
    """The words that are written in a picture, each once, in the order in which they were found; None: nobody can read
    here. Raises ModelFault."""
    if not version():
        return None
    words: dict[str, None] = {}
    for layout in LAYOUTS:
        words |= dict.fromkeys(_read(png, layout))
    return list(words)[:MAX_WORDS]


def _read(png: bytes, layout: str) -> list[str]:
    command = [PROGRAM, "stdin", "stdout", "--psm", layout, "tsv"]
    # Threads of its own would take the cores from the model, and its result must not depend on their number.
    environment = os.environ | {"OMP_THREAD_LIMIT": "1"}
    try:
        done = subprocess.run(command, input=png, capture_output=True, timeout=SECONDS, env=environment)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ModelFault(f"{PROGRAM} could not read a picture: {error}") from None
    if done.returncode:
        raise ModelFault(f"{PROGRAM} could not read a picture: {done.stderr.decode(errors='replace').strip()[-500:]}")
    return [word for line in done.stdout.decode("utf-8", "replace").splitlines()[1:] if (word := _word(line))]


def _word(line: str) -> str:
    """The word of one line of Tesseract's table, when it is sure of it."""
    cells = line.split("\t")
    if len(cells) != 12:
        return ""
    try:
        sure = float(cells[10]) >= SURE
    except ValueError:
        return ""
    return cells[11].strip() if sure else ""

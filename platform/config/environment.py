"""Read settings from the environment; a bad value stops the start with the setting's name."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured


def envbool(name: str, default: bool) -> bool:
    text = os.environ.get(name, "").strip().lower()
    if not text:
        return default
    if text in ("1", "true", "yes", "on"):
        return True
    if text in ("0", "false", "no", "off"):
        return False
    raise ImproperlyConfigured(f"{name}={text!r}: write 1 or 0")


def envnumber(name: str, default: float, low: float, high: float) -> float:
    text = os.environ.get(name, "").strip()
    try:
        value = float(text) if text else default
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise ImproperlyConfigured(f"{name}={text!r}: a number from {low:g} to {high:g} is needed")
    return value


def envint(name: str, default: int, low: int, high: int) -> int:
    value = envnumber(name, default, low, high)
    if value != int(value):
        raise ImproperlyConfigured(f"{name}={value!r}: a whole number is needed")
    return int(value)


def envlist(name: str, default: list[str]) -> list[str]:
    text = os.environ.get(name, "").strip()
    return [item.strip() for item in text.split(",") if item.strip()] if text else default


def envsecret(name: str, kept_in: Path) -> str:
    """The secret NAME, or the content of the file NAME_FILE, or one made once and kept in `kept_in` (mode 0600)."""
    if value := os.environ.get(name, "").strip():
        return value
    if given := os.environ.get(f"{name}_FILE", "").strip():
        try:
            return Path(given).read_text().strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE={given!r}: {error.strerror}") from None
    try:
        kept_in.parent.mkdir(parents=True, exist_ok=True)
        # O_EXCL: of two processes that start at once, one writes and the other reads.
        handle = os.open(kept_in, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return kept_in.read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{name} is not set and {kept_in} cannot be written: {error.strerror}") from None
    secret = secrets.token_urlsafe(48)
    with os.fdopen(handle, "w") as file:
        file.write(secret)
    return secret

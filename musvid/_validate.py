"""Checks of settings; every one raises SettingsError with a sentence."""

from __future__ import annotations

import math
from collections.abc import Collection

from .errors import SettingsError


def number(name: str, value: object, low: float, high: float, unit: str = "") -> None:
    """A finite int or float within [low, high]."""
    good = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    if not good or not low <= value <= high:  # type: ignore[operator]
        raise SettingsError(f"{name} must be a number from {low} to {high}{unit}, not {value!r}.")


def whole(name: str, value: object, low: int, high: int) -> None:
    """An int within [low, high]."""
    good = isinstance(value, int) and not isinstance(value, bool)
    if not good or not low <= value <= high:  # type: ignore[operator]
        raise SettingsError(f"{name} must be a whole number from {low} to {high}, not {value!r}.")


def choice(name: str, value: object, choices: Collection[str]) -> None:
    """One of some names."""
    if not isinstance(value, str) or value not in choices:
        raise SettingsError(f"{name} must be one of {', '.join(sorted(choices))}, not {value!r}.")


def text(name: str, value: object, longest: int = 10_000) -> None:
    """A string that is not absurdly long."""
    if not isinstance(value, str) or len(value) > longest:
        raise SettingsError(f"{name} must be a text of at most {longest} letters.")

"""Checks of settings; every one raises SettingsError with a sentence."""

from __future__ import annotations

import re
from collections.abc import Collection
from decimal import Decimal
from fractions import Fraction
from numbers import Rational

from .errors import SettingsError, quoted

# A text is matched before it is a number: "1e9999999" would be one of ten million digits.
_DECIMAL = re.compile(
    r"[+-]?(?:\d{1,12}(?:\.\d{0,40})?|\.\d{1,40})(?:e[+-]?\d{1,2})?", re.IGNORECASE | re.ASCII
)
_RATIO = re.compile(r"([+-]?\d{1,12})\s*/\s*(\d{1,12})", re.ASCII)

LONGEST = 10_000
"""Letters of a text, where nothing else is said."""


def number(name: str, value: object, low: float, high: float, unit: str = "") -> None:
    """An int or float within [low, high]."""
    good = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not good or not low <= value <= high:  # type: ignore[operator]
        raise SettingsError(
            f"{name} must be a number from {low} to {high}{unit}, not {quoted(value)}."
        )


def whole(name: str, value: object, low: int, high: int) -> None:
    """An int within [low, high]."""
    good = isinstance(value, int) and not isinstance(value, bool)
    if not good or not low <= value <= high:  # type: ignore[operator]
        raise SettingsError(
            f"{name} must be a whole number from {low} to {high}, not {quoted(value)}."
        )


def fraction(value: object) -> Fraction | None:
    """A number, or a text such as ``30``, ``29.97`` or ``392/16``, exactly.

    A decimal number is taken as it is written. None where it is no number, or one of more digits
    than anybody writes.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, Rational):
        return Fraction(value)
    text = str(value) if isinstance(value, float | Decimal) else value
    if not isinstance(text, str):
        return None
    text = text.strip()
    if ratio := _RATIO.fullmatch(text):
        above, below = map(int, ratio.groups())
        return Fraction(above, below) if below else None
    return Fraction(text) if _DECIMAL.fullmatch(text) else None


def choice(name: str, value: object, choices: Collection[str]) -> None:
    """One of some names."""
    if not isinstance(value, str) or value not in choices:
        raise SettingsError(
            f"{name} must be one of {', '.join(sorted(choices))}, not {quoted(value)}."
        )


def text(name: str, value: object, longest: int = LONGEST) -> None:
    """A string that is not absurdly long, and can be written into a file."""
    if not isinstance(value, str) or len(value) > longest:
        raise SettingsError(f"{name} must be a text of at most {longest} letters.")
    try:
        # Half a character (a lone surrogate) cannot; Python reads a byte that is not UTF-8 as one.
        good = b"\0" not in value.encode()
    except UnicodeEncodeError:
        good = False
    if not good:
        raise SettingsError(
            f"{name} holds what is no letter in UTF-8: {quoted(value)}; write it anew."
        )

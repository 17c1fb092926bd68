"""The shapes that videos are shown in elsewhere, and their sizes."""

from __future__ import annotations

from math import gcd

FORMATS: dict[str, tuple[int, int]] = {"square": (1, 1), "wide": (16, 9), "tall": (9, 16)}
"""Width to height of each format: of covers and feeds, of players, of phones."""

LINES = (720, 1080)
"""Pixels of the shorter side."""


def sides(name: str, lines: int) -> tuple[int, int]:
    """Width and height in pixels of a format whose shorter side has so many. Raises KeyError."""
    return _sized(*FORMATS[name], lines)


def ratio(text: str) -> tuple[int, int] | None:
    """The sides that a ratio such as "9:16" stands for, the shorter one of 1080 pixels; else None.

    The longer side is even, as videos need it.
    """
    parts = text.split(":")
    if len(parts) != 2 or not all(part.strip().isdecimal() and len(part) < 5 for part in parts):
        return None
    wide, high = (int(part) for part in parts)
    if not wide or not high:
        return None
    return _sized(wide, high, LINES[-1])


def _sized(wide: int, high: int, lines: int) -> tuple[int, int]:
    """Even sides of a shape, of which the shorter one has so many pixels."""
    least = min(wide, high)
    return lines * wide // least // 2 * 2, lines * high // least // 2 * 2


def format_of(size: str | tuple[int, int] | None) -> tuple[str | None, int | None]:
    """The format and the shorter side of a size such as "1280x720"; None twice for what is none."""
    if isinstance(size, str):
        parts = size.lower().split("x")
        if len(parts) != 2 or not all(part.strip().isdecimal() for part in parts):
            return None, None
        size = int(parts[0]), int(parts[1])
    if not size or not min(size):
        return None, None
    common = gcd(*size)
    shape = (size[0] // common, size[1] // common)
    name = next((name for name, each in FORMATS.items() if each == shape), None)
    return name, min(size) if name else None

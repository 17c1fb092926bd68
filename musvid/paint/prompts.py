"""Prompts along time: ``0:00 nebula | 0:08 crystal``."""

from __future__ import annotations

import re
from collections.abc import Callable

from ..errors import SettingsError, quoted
from ..keys import Keys, crossing
from ..ranges import DAY
from . import emphasis

Weights = tuple[tuple[str, float], ...]
"""Prompts and how much each counts; the weights' sum is 1."""

_TIME = re.compile(r"(?:(\d+):)?(\d+):(\d{1,2}(?:\.\d+)?)(?=\s|$)\s*", re.ASCII)
# What may as well be a ratio, such as 16:9 or 4:3: a time has two digits behind its colon.
_RATIO = re.compile(r"[1-9]\d*:\d(?=\s|$)", re.ASCII)


def parse(text: str) -> Keys:
    """The prompts of a text.

    A text in which no part between ``|`` begins with a time is one prompt, from 0 on. Otherwise
    every part must begin with one, ``minutes:seconds`` or ``hours:minutes:seconds``, with or
    without decimals, and times must rise. Only the first part may leave it out, and then begins at
    0.

    Seconds have two digits: ``16:9 nebula`` begins with a ratio, and is a text. Between prompts
    with times it is a time only where it fits, that is before the next one.

    Raises SettingsError when it is neither, a time is not within 24 hours, or a word has a weight
    that none may have, see `musvid.paint.emphasis`.
    """
    parts = [part.strip() for part in text.split("|")]
    found = [_TIME.match(part) for part in parts]
    if found[0] and _RATIO.match(parts[0]):
        behind = next((_seconds(time) for time in found[1:] if time), 0)
        if behind <= _seconds(found[0]):
            found[0] = None
    if not any(found):
        emphasis.parse(text)
        return ((0.0, text),)
    keys: list[tuple[float, str]] = []
    for number, (part, time) in enumerate(zip(parts, found, strict=True)):
        if not time and number:
            raise SettingsError(
                f'The prompt {quoted(part)} has no time; write every part as "0:08 crystal".'
            )
        seconds = _seconds(time) if time else 0.0
        if seconds > DAY:
            raise SettingsError(
                f"The times of prompts must lie within {DAY // 3600} hours; that of {quoted(part)} "
                "does not."
            )
        if keys and seconds <= keys[-1][0]:
            raise SettingsError(f"The times of prompts must rise; {quoted(part)} does not.")
        keys.append((seconds, part[time.end() :] if time else part))
        emphasis.parse(keys[-1][1])
    return tuple(keys)


def mapped(text: str, change: Callable[[str], str]) -> str:
    """A text in which every prompt is changed, at the same time as before."""
    if text == parse(text)[0][1]:
        return change(text)
    parts = []
    for part in text.split("|"):
        time = _TIME.match(part.strip())
        own = part.strip()[time.end() :] if time else part.strip()
        parts.append(f"{time[0].strip()} {change(own)}" if time else change(own))
    return " | ".join(parts)


def _seconds(time: re.Match[str]) -> float:
    """The seconds of a time. One of more digits than any that is allowed is infinite."""
    if max(map(len, filter(None, time.groups()))) > 40:  # matched before it is a number
        return float("inf")
    hours, minutes, rest = time.groups()
    return 3600 * int(hours or 0) + 60 * int(minutes) + float(rest)


def snap(keys: Keys, bar_near: Callable[[float, float | None], float]) -> Keys:
    """The same prompts, each moved to the nearest beginning of a bar after the previous prompt.

    bar_near: the beginning of a bar that is nearest to a time, among those after another time (see
        `musvid.Lock.bar_near`).
    """
    snapped: list[tuple[float, str]] = []
    for time, prompt in keys:
        snapped.append((bar_near(time, snapped[-1][0] if snapped else None), prompt))
    return tuple(snapped)


def weights(keys: Keys, time: float) -> Weights:
    """The weights of the prompts at a time.

    They are linear between two prompts; before the first and after the last, that prompt has weight
    1.
    """
    old, new, way = crossing(keys, time)
    if old == new or not way:
        return ((old, 1.0),)
    return ((old, 1 - way), (new, way))

"""Prompts along time: ``0:00 nebula | 0:08 crystal``."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..errors import SettingsError

Keys = tuple[tuple[float, str], ...]
"""Times in seconds, rising, and what is painted then."""

Weights = tuple[tuple[str, float], ...]
"""Prompts and how much each counts; the weights' sum is 1."""

_TIME = re.compile(r"(?:(\d+):)?(\d+):(\d{1,2}(?:\.\d+)?)(?=\s|$)\s*")


def parse(text: str) -> Keys:
    """The prompts of a text.

    A text in which no part between ``|`` begins with a time is one prompt, from 0 on. Otherwise
    every part must begin with one, ``minutes:seconds`` or ``hours:minutes:seconds``, with or
    without decimals, and times must rise. Only the first part may leave it out, and then begins at
    0.

    Raises SettingsError when it is neither.
    """
    parts = [part.strip() for part in text.split("|")]
    found = [_TIME.match(part) for part in parts]
    if not any(found):
        return ((0.0, text),)
    keys: list[tuple[float, str]] = []
    for number, (part, time) in enumerate(zip(parts, found, strict=True)):
        if not time and number:
            raise SettingsError(
                f'The prompt {part!r} has no time; write every part as "0:08 crystal".'
            )
        seconds = 0.0
        if time:
            hours, minutes, rest = time.groups()
            seconds = 3600 * int(hours or 0) + 60 * int(minutes) + float(rest)
        if keys and seconds <= keys[-1][0]:
            raise SettingsError(f"The times of prompts must rise; {part!r} does not.")
        keys.append((seconds, part[time.end() :] if time else part))
    return tuple(keys)


def snap(keys: Keys, bars: Sequence[float]) -> Keys:
    """The same prompts, each moved to the nearest beginning of a bar after the previous prompt.

    bars: when bars begin, in seconds, rising.
    """
    snapped: list[tuple[float, str]] = []
    for time, prompt in keys:
        later = [bar for bar in bars if not snapped or bar > snapped[-1][0]] or [time]
        snapped.append((min(later, key=lambda bar: abs(bar - time)), prompt))
    return tuple(snapped)


def weights(keys: Keys, time: float) -> Weights:
    """The weights of the prompts at a time.

    They are linear between two prompts; before the first and after the last, that prompt has weight
    1.
    """
    behind = next((number for number, (begin, _) in enumerate(keys) if begin > time), len(keys))
    if behind in (0, len(keys)):
        return ((keys[min(behind, len(keys) - 1)][1], 1.0),)
    (early, old), (late, new) = keys[behind - 1 : behind + 1]
    way = (time - early) / (late - early)
    if old == new or not way:
        return ((old, 1.0),)
    return ((old, 1 - way), (new, way))

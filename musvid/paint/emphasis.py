"""Words of a prompt that count more or less: ``(word:1.3)``, ``(word)``, ``[word]``.

The grammar is that of AUTOMATIC1111's web UI: round brackets make what they hold count 1.1 times
as much, square ones 1/1.1 times, a number behind a colon says how much, and brackets multiply where
they are nested. A backslash makes a bracket a letter: ``\\(``. What that grammar has besides, such
as prompts that change with the step, is not read.

Two things are told apart that look alike: brackets that hold a ratio, as in ``(16:9)``, are plain
ones, and a bracket whose other half is missing is a sign like any other.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from ..errors import SettingsError, quoted

Pieces = tuple[tuple[str, float], ...]
"""The pieces of a text in their order, and how much each counts; 1 is plain."""

WEIGHTS = (-4.0, 4.0)
"""The least and the largest weight."""

_SIGNS = re.compile(
    r"\\(?P<letter>[\\()\[\]])"
    r"|:\s*(?P<number>[+-]?(?:\d{1,9}(?:\.\d{0,9})?|\.\d{1,9}))\s*\)"
    r"|(?P<bracket>[()\[\]])"
    r"|[^\\()\[\]:]+|[\\:]",
    re.ASCII,
)
_NUMBER = re.compile(r"\s*\d+(?:\.\d+)?\s*", re.ASCII)
_OPENS = {")": "(", "]": "["}
_FACTORS = {")": 1.1, "]": 1 / 1.1}


@dataclass(frozen=True)
class _Sign:
    """A stretch of a text.

    bracket: "(", ")", "[" or "]" where it is one, a number before it included; else "".
    factor: how much more that bracket makes count what it closes.
    """

    text: str
    bracket: str = ""
    factor: float = 1.0


@lru_cache(maxsize=256)
def parse(text: str) -> Pieces:
    """The pieces of a text; neighbours of the same weight are one, and no piece is empty.

    Raises SettingsError for a weight that is none of `WEIGHTS`.
    """
    signs = _signs(text)
    opened, closed = _pairs(signs)
    around = [1.0]
    found: list[tuple[str, float]] = []
    for place, sign in enumerate(signs):
        if place in opened:
            around.append(around[-1] * opened[place])
        elif place in closed:
            around.pop()
        elif found and found[-1][1] == around[-1]:
            found[-1] = (found[-1][0] + sign.text, around[-1])
        else:
            found.append((sign.text, around[-1]))
    for piece, weight in found:
        if not WEIGHTS[0] <= weight <= WEIGHTS[1]:
            raise SettingsError(
                f"The weight of {quoted(piece.strip())} in the prompt must be from {WEIGHTS[0]:g} "
                f"to {WEIGHTS[1]:g}, not {weight:g}."
            )
    return tuple(found)


def plain(text: str) -> str:
    """A text without the signs of weights. Raises SettingsError as `parse` does."""
    return "".join(piece for piece, _ in parse(text))


def weighs(text: str) -> bool:
    """Whether any word of a text counts more or less than another. Raises as `parse` does."""
    return any(weight != 1 for _, weight in parse(text))


def _signs(text: str) -> list[_Sign]:
    """The stretches of a text."""
    signs: list[_Sign] = []
    for found in _SIGNS.finditer(text):
        if found["letter"]:
            signs.append(_Sign(found["letter"]))
        elif found["bracket"]:
            signs.append(_Sign(found[0], found[0], _FACTORS.get(found[0], 1.0)))
        elif not found["number"]:
            signs.append(_Sign(found[0]))
        elif _begins_ratio(signs):
            signs += [_Sign(found[0][:-1]), _Sign(")", ")", _FACTORS[")"])]
        else:
            signs.append(_Sign(found[0], ")", float(found["number"])))
    return signs


def _begins_ratio(signs: Sequence[_Sign]) -> bool:
    """Whether signs end with a bracket and a number, which a colon makes a ratio."""
    before = [sign.bracket or sign.text for sign in signs[-2:]]
    return len(before) == 2 and before[0] == "(" and bool(_NUMBER.fullmatch(before[1]))


def _pairs(signs: Sequence[_Sign]) -> tuple[dict[int, float], set[int]]:
    """Where brackets open that are closed, with their factors, and where they close."""
    opened: dict[int, float] = {}
    closed: set[int] = set()
    waiting: list[int] = []
    count = Counter[str]()
    for place, sign in enumerate(signs):
        if sign.bracket in ("(", "["):
            waiting.append(place)
            count[sign.bracket] += 1
        elif sign.bracket and count[_OPENS[sign.bracket]]:
            while True:
                start = waiting.pop()  # others that wait inside have no other half
                count[signs[start].bracket] -= 1
                if signs[start].bracket == _OPENS[sign.bracket]:
                    break
            opened[start] = sign.factor
            closed.add(place)
    return opened, closed

"""Values along time: texts that cross from one key to the next, and numbers with their integral."""

from __future__ import annotations

import bisect
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise

Keys = tuple[tuple[float, str], ...]
"""Times in seconds, which never fall, and what is there then."""

Shares = tuple[tuple[str, float], ...]
"""Texts and how much each counts; their sum is 1."""

_FINE = 1000  # parts of a whole that are told apart, so that what looks alike is made once


def crossing(keys: Keys, time: float) -> tuple[str, str, float]:
    """What is there at a time: a text that becomes another, and how far it has, 0 to 1.

    Before the first key and behind the last, both are its text, and nothing has changed.
    """
    behind = bisect.bisect_right(keys, time, key=lambda key: key[0])
    if behind in (0, len(keys)):
        text = keys[min(behind, len(keys) - 1)][1]
        return text, text, 0.0
    (early, old), (late, new) = keys[behind - 1 : behind + 1]
    return old, new, (time - early) / (late - early)


def shares(keys: Keys, time: float) -> Shares:
    """What is there at a time: one text, or two of which one becomes the other, evenly.

    A text with two keys stays between them.
    """
    old, new, way = crossing(keys, time)
    way = round(way * _FINE) / _FINE
    if old == new or way in (0, 1):
        return ((new if way == 1 else old, 1.0),)
    return ((old, 1 - way), (new, way))


@dataclass(frozen=True)
class Line:
    """A number along time, straight from knot to knot.

    knots: one or more times in seconds, which never fall, and the number there. Before the first
    and behind the last it is theirs.
    """

    knots: tuple[tuple[float, float], ...]

    def at(self, time: float) -> float:
        """The number at a time."""
        behind = self._behind(time)
        if behind in (0, len(self.knots)):
            return self.knots[min(behind, len(self.knots) - 1)][1]
        (early, old), (late, new) = self.knots[behind - 1 : behind + 1]
        return old + (new - old) * (time - early) / (late - early)

    def integral(self, time: float) -> float:
        """The integral from the first knot to a time; below 0 before that."""
        behind = self._behind(time)
        (early, old), sum_ = self.knots[max(0, behind - 1)], self._sums[max(0, behind - 1)]
        return sum_ + (time - early) * (old + self.at(time)) / 2

    @property
    def steady(self) -> bool:
        """Whether the number never changes."""
        return len({number for _, number in self.knots}) == 1

    def _behind(self, time: float) -> int:
        return bisect.bisect_right(self.knots, time, key=lambda knot: knot[0])

    @cached_property
    def _sums(self) -> list[float]:
        """The integral at each knot."""
        ways = (
            (late - early) * (old + new) / 2 for (early, old), (late, new) in pairwise(self.knots)
        )
        return list(accumulate(ways, initial=0.0))

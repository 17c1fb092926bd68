"""A story along a song: what each part of its form looks like, and how one becomes the next.

Between two parts that differ, everything crosses evenly within a bar, half of it before the new
part begins and half behind; two seconds take its place where no beat is known. Prompts cross in its
middle half, because two colours at once may be grey, and views more quickly still, because two of
them at once are hard to read. A part that is short has a pure middle
nevertheless.

All times are counted from the beginning of the file, so that a part of a song looks as in the
whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

from ..keys import Keys, Line
from ..recipe import Recipe
from .form import Form
from .lock import Lock
from .story import Story

T = TypeVar("T")

OWN = ""
"""The prompt that stands for the recipe's own, which may change along time."""

_CROSSING = 2.0  # seconds from part to part where no beat is known
_BARS = 0.5, 4.0  # seconds within which a bar is one
_DISSOLVE = 0.6  # seconds in which views cross, at most
_MIDDLE = 0.45  # of a part that a crossing at either end may take


@dataclass(frozen=True)
class Telling:
    """What is seen when.

    prompts, palettes, views: keys; the prompt `OWN` is the recipe's. Palettes and views are empty
        where they are those of the recipe all along.
    strength: 0 to 1. speed: of the drift, in pixels a second.
    """

    prompts: Keys
    palettes: Keys
    views: Keys
    strength: Line
    speed: Line

    @classmethod
    def of(cls, story: Story, form: Form, recipe: Recipe) -> Telling:
        """The story of a resolved recipe, told by a song's form."""
        strength, speed = recipe.style.strength, recipe.drift.speed
        assert strength is not None and speed is not None, "the recipe of a job is resolved"
        starts = [section.start for section in form.sections]
        entries = [story.of(section.letter) for section in form.sections]
        ways = _crossings(starts, _bar(recipe.lock))
        short = [min(way, _DISSOLVE / 2) for way in ways]
        quick = [way / 2 for way in ways]
        palettes = _keys(starts, [entry.palette or recipe.look.palette for entry in entries], ways)
        views = _keys(starts, [entry.view or recipe.view.kind for entry in entries], short)
        return cls(
            _keys(starts, [entry.prompt or OWN for entry in entries], quick),
            () if {name for _, name in palettes} == {recipe.look.palette} else palettes,
            () if {kind for _, kind in views} == {recipe.view.kind} else views,
            Line(
                _keys(
                    starts,
                    [strength if each.strength is None else each.strength for each in entries],
                    ways,
                )
            ),
            Line(
                _keys(
                    starts,
                    [each.speed.of(speed) if each.speed else speed for each in entries],
                    ways,
                )
            ),
        )


def _bar(lock: Lock) -> float:
    """Seconds that a crossing takes."""
    if lock.bpm is None:
        return _CROSSING
    least, most = _BARS
    return max(least, min(most, lock.per_bar * 60 / float(lock.bpm)))


def _crossings(starts: Sequence[float], bar: float) -> list[float]:
    """Half of the seconds that the crossing to each part but the first takes."""
    lengths = [late - early for early, late in pairwise(starts)]
    around = pairwise([*lengths, float("inf")])
    return [min(bar / 2, _MIDDLE * min(before, behind)) for before, behind in around]


def _keys(
    starts: Sequence[float], values: Sequence[T], ways: Sequence[float]
) -> tuple[tuple[float, T], ...]:
    """Keys of values that each hold for a part, and cross to the next one where that differs."""
    keys = [(starts[0], values[0])]
    for start, way, (old, new) in zip(starts[1:], ways, pairwise(values), strict=True):
        if old != new:
            keys += [(start - way, old), (start + way, new)]
    return tuple(keys)

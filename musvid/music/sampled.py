"""A number along time that is known at even steps."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Sampled:
    """Values along time, `step` seconds from each other, the first one at `start`; between two, it
    goes straight."""

    values: Floats
    step: float
    start: float

    def at(self, time: Fraction | float) -> float:
        """The value at a time; before and behind all, that of the end."""
        last = len(self.values) - 1
        place = min(max(0.0, (float(time) - self.start) / self.step), last)
        whole = int(place)
        early, late = self.values[whole], self.values[min(whole + 1, last)]
        return float(early + (place - whole) * (late - early))

    def integral(self, time: Fraction | float) -> float:
        """The integral from the first value to a time; outside of all, those of the ends go on."""
        last = len(self.values) - 1
        place = (float(time) - self.start) / self.step
        whole = int(min(max(0.0, place), last))
        rest = place - whole
        early = self.values[whole]
        late = self.values[min(whole + 1, last)] if place > 0 else early
        return float(self._sums[whole] + self.step * rest * (early + rest * (late - early) / 2))

    @cached_property
    def _sums(self) -> Floats:
        """The integral at each value."""
        means = (self.values[1:] + self.values[:-1]) / 2
        return np.concatenate([[0.0], np.cumsum(means)]) * self.step

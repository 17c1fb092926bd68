"""What curves hear of a song: its sources, and its beats."""

from __future__ import annotations

from fractions import Fraction

from . import counting
from ._nodes import Floats
from .listening import Listening


class Hearing(Listening):
    """A reader for curves, see `musvid.music._nodes.Reader`."""

    @property
    def bar(self) -> int:
        """Beats in a bar."""
        return self.lock.per_bar

    def beats(self, times: Floats) -> Floats:
        """See `counting.beats`."""
        return counting.beats(self.lock, times)

    def beat_time(self, beat: float) -> float:
        """The time of a beat in seconds of the file. Raises SettingsError while no tempo is
        known."""
        return float(self.lock.time_of(Fraction(beat)))

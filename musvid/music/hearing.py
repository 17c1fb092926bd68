"""What curves hear of a song: its sources, and its beats."""

from __future__ import annotations

import numpy as np

from ..errors import SettingsError, quoted
from ..song import Song
from . import features
from ._nodes import Floats
from .beating import Beating
from .lock import Lock
from .modulation import CURVES


class Hearing:
    """A reader for curves, see `musvid.music._nodes.Reader`. Nothing is listened to before it is
    asked for."""

    def __init__(self, song: Song, lock: Lock) -> None:
        self._song, self._lock = song.part(), lock

    @property
    def bar(self) -> int:
        """Beats in a bar."""
        return self._lock.bar

    def beats(self, times: Floats) -> Floats:
        """See `Beating.beats`."""
        return Beating(self._lock).beats(times)

    def beat_time(self, beat: float) -> float:
        """See `Beating.beat_time`."""
        return Beating(self._lock).beat_time(beat)

    def read(self, name: str, of: str, times: Floats) -> Floats:
        """A source at some times of the file, 0 to 1."""
        if name not in CURVES or of:
            raise SettingsError(
                f"There is no source {quoted(name)}; there are {', '.join(CURVES)}."
            )
        heard = features.of(self._song)
        curve = heard.curve(name)
        found: Floats = np.interp(times / heard.step, np.arange(len(curve)), curve)
        return found

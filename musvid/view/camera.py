"""Where the camera is at a moment: a function of time and of the song's onsets."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import SongError
from ..music import features
from ..song import Song
from .settings import Camera

_FADE = 0.18  # seconds in which a beat's push falls to a third
_PUSH = 0.25  # how much a full pulse enlarges
_WANDER = 0.12  # of half the shorter side, at full sway
_LEAN = 0.07  # radians, at full sway
_TREMBLE = 0.05  # of half the shorter side, at full shake


@dataclass(frozen=True)
class Pose:
    """How the picture lies: it is enlarged by zoom, turned clockwise by angle (radians), and moved
    by x to the right and y down (in halves of the shorter side)."""

    zoom: float = 1.0
    angle: float = 0.0
    x: float = 0.0
    y: float = 0.0


@dataclass(frozen=True, eq=False)
class Beat:
    """How strongly a song's part pushes at each moment.

    values: at `step` seconds from each other, the first at `start`: 0 to 1, rising at once where
    something begins and falling off. mean: of them.
    """

    values: NDArray[np.float64]
    step: float
    start: float
    mean: float

    @classmethod
    def of(cls, song: Song) -> Beat | None:
        """The beat of a song's part; None where it is too short to hear one."""
        try:
            heard = features.of(song)
        except SongError:
            return None
        pushed, fade = heard.curve("onsets", 0.02).copy(), math.exp(-heard.step / _FADE)
        for index in range(1, len(pushed)):
            pushed[index] = max(pushed[index], fade * pushed[index - 1])
        return cls(pushed, heard.step, song.first / song.rate, float(pushed.mean()))

    def at(self, time: float) -> float:
        """The push at a moment of the file, in seconds."""
        last = len(self.values) - 1
        place = min(max(0.0, (time - self.start) / self.step), last)
        whole = int(place)
        early, late = self.values[whole], self.values[min(whole + 1, last)]
        return float(early + (place - whole) * (late - early))


STILL = Beat(np.zeros(1), 1.0, 0.0, 0.0)
"""The beat of what is not heard."""


def pose(camera: Camera, time: float, beat: Beat = STILL) -> Pose:
    """Where a resolved camera is at a moment, in seconds from the beginning of the file.

    What follows the music has a mean of 0 along the song, so that it enlarges nothing for long.
    """
    assert camera.turn is not None and camera.sway is not None and camera.pulse is not None
    push = beat.at(time) if camera.listens else 0.0
    wander, tremble = _WANDER * camera.sway, _TREMBLE * camera.shake * push
    return Pose(
        zoom=camera.zoom * math.exp(_PUSH * camera.pulse * (push - beat.mean)),
        angle=2 * math.pi * camera.turn * time / 60
        + _LEAN * camera.sway * _wave(time, 19, 31)
        + 0.4 * tremble * _wave(time, 0.13, 0.21),
        x=wander * _wave(time, 13, 23) + tremble * _wave(time, 0.11, 0.17),
        y=wander * _wave(time, 17, 29) + tremble * _wave(time, 0.09, 0.19),
    )


def _wave(time: float, *periods: float) -> float:
    """Waves of several periods (seconds) that hardly ever meet, from -1 to 1."""
    return sum(math.sin(2 * math.pi * time / period) for period in periods) / len(periods)

"""Where the camera is at a moment: a function of time and of the song."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ..errors import SongError
from ..looping import CURVES, LIGHT, Loop
from ..music import along, features
from ..music.following import STEP, Following
from ..music.modulation import Modulation
from ..music.sampled import Sampled
from ..ranges import RANGES
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


Values = NDArray[np.float64]


Curves = Mapping[str, Sampled]


@dataclass(frozen=True, eq=False)
class Beat(Sampled):
    """How strongly a song's part pushes at each moment: 0 to 1, rising at once where something
    begins and falling off. mean: of the values."""

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


STILL = Beat(np.zeros(1), 1.0, 0.0, 0.0)
"""The beat of what is not heard."""

NO_CURVES: Curves = MappingProxyType({})


def curves(
    song: Song, camera: Camera, by: Mapping[str, Modulation], following: Following | None = None
) -> Curves:
    """How settings of a resolved camera, and of the finish, change along a song's part: their
    values, by their names.

    by: how those of the camera follow the music, by the names "zoom", "turn", "sway" and "shake".
    following: curves, which take the place of the settings' numbers. Values are clipped to the
    setting's range. A turn is a speed: its curve is how many turns there are more than the camera's
    own speed makes, of a curve since the file began, and by the music since the part began. Where
    the part is too short to be heard, settings follow nothing.
    """
    start, following = song.first / song.rate, following or Following.none(song)
    try:
        heard = features.of(song) if any(by.values()) else None
    except SongError:
        heard = None
    step = heard.step if heard else STEP
    count = len(heard.curve("loudness")) if heard else int(float(song.duration) / STEP) + 2
    times = start + np.arange(count, dtype=np.float64) * step
    made: dict[str, Sampled] = {}
    for name in along.SHOWN:
        modulation = by.get(name)
        if not modulation and name not in following:
            continue
        values = own = _own(name, camera, following, times)
        if modulation and heard:
            added = modulation.amount * heard.curve(modulation.source, modulation.smoothing)
            limits = RANGES[along.SETTINGS[name]]
            values = np.clip(own + added, limits.low, limits.high)
        if name == "turn":
            # Trapezoids, so that the angle goes as smoothly as the speed.
            faster = (values - own) / 60 * step
            values = np.concatenate([[0.0], np.cumsum((faster[1:] + faster[:-1]) / 2)])
            if name in following:
                turned = following.sampled(name, whole=True)
                ways = np.array([turned.integral(time) for time in times.tolist()])
                values = values + (ways - float(camera.turn or 0) * times) / 60
        made[name] = Sampled(values, step, start)
    return made


def _own(name: str, camera: Camera, following: Following, times: Values) -> Values:
    """A setting at some times of the file, as far as the music does not change it."""
    if name in following:
        return following.values(name, times)
    return np.full(times.shape, float(getattr(camera, name)))


@dataclass(frozen=True)
class Rounds:
    """How a camera comes back in a clip that is a loop.

    folds: how often a turn of the whole picture shows the same picture, see `projections.folds`.
    """

    loop: Loop
    folds: int = 1

    def value(self, curve: Callable[[float], float], time: float, seconds: float = CURVES) -> float:
        """A curve that comes back. Times are seconds from the beginning of the file."""
        start = float(self.loop.start)
        return self.loop.value(lambda moment: curve(start + moment), time - start, seconds)

    def wave(self, time: float, *periods: float) -> float:
        """Waves as `_wave` makes them, of which each comes back after a round: its period is a part
        of one, the nearest. Where that is shorter, the wave is lower, and as quick."""
        length, way = float(self.loop.length), self.loop.way(time - float(self.loop.start))
        made = 0.0
        for period in periods:
            own = length / max(1, round(length / period))
            begin = 2 * math.pi * (time - way) / period
            made += min(1, own / period) * math.sin(begin + 2 * math.pi * way / own)
        return made / len(periods)

    def turned(self, turn: float, added: Sampled | None, time: float) -> float:
        """Turns up to a time: those of `turn` a minute, and those that the music has added.

        In a round they are made to be as many parts of a turn as show the same picture, the
        nearest. Where that is none, it turns a little, and back again.
        """
        length, way = float(self.loop.length), self.loop.way(time - float(self.loop.start))
        begin = time - way
        own, whole = turn * way / 60, turn * length / 60
        first = turn * begin / 60
        if added:
            first += added.at(begin)
            own += added.at(time) - added.at(begin)
            whole += added.at(begin + length) - added.at(begin)
        if steps := round(whole * self.folds):
            return first + own + (steps / self.folds - whole) * way / length
        swung = turn * length / (2 * math.pi) * math.sin(2 * math.pi * way / length)
        own -= turn * way / 60
        whole -= turn * length / 60
        return first + swung / 60 + own - whole * way / length


def pose(
    camera: Camera,
    time: float,
    beat: Beat = STILL,
    by: Curves = NO_CURVES,
    rounds: Rounds | None = None,
) -> Pose:
    """Where a resolved camera is at a moment, in seconds from the beginning of the file.

    by: how its settings follow the music, see `curves`. rounds: how it comes back, in a loop.

    The beat's push has a mean of 0 along the song, so that it enlarges nothing for long.
    """
    assert camera.turn is not None and camera.sway is not None and camera.pulse is not None
    if rounds:  # the same moment of the first round
        time = float(rounds.loop.start + rounds.loop.moment(time - float(rounds.loop.start)))

    def at(curve: Sampled, seconds: float = CURVES) -> float:
        return rounds.value(curve.at, time, seconds) if rounds else curve.at(time)

    zoom, sway, shake, pulse = (
        at(by[name]) if name in by else float(getattr(camera, name))
        for name in ("zoom", "sway", "shake", "pulse")
    )
    if rounds:
        turned = rounds.turned(camera.turn, by.get("turn"), time)
    else:
        turned = camera.turn * time / 60 + (by["turn"].at(time) if "turn" in by else 0.0)
    wave = partial(rounds.wave if rounds else _wave, time)
    push = at(beat, LIGHT)
    wander, tremble = _WANDER * sway, _TREMBLE * shake * push
    return Pose(
        zoom=zoom * math.exp(_PUSH * pulse * (push - beat.mean)),
        angle=2 * math.pi * turned + _LEAN * sway * wave(19, 31) + 0.4 * tremble * wave(0.13, 0.21),
        x=wander * wave(13, 23) + tremble * wave(0.11, 0.17),
        y=wander * wave(17, 29) + tremble * wave(0.09, 0.19),
    )


def _wave(time: float, *periods: float) -> float:
    """Waves of several periods (seconds) that hardly ever meet, from -1 to 1."""
    return sum(math.sin(2 * math.pi * time / period) for period in periods) / len(periods)

"""Settings that follow the music: strength, guidance and seed along a song, and prompts along time.

What a digital audio workstation calls automation: a curve of the song (`musvid.music.features`),
times an amount, over the setting's own value. All that reaches the painting of a frame is a
`musvid.Stroke`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction

import numpy as np

from ..keys import shares
from ..paint import prompts
from ..paint.style import Stroke, Style
from ..ranges import RANGES
from ..song import Song
from . import features
from .lock import Lock
from .modulation import Modulation
from .telling import OWN, Telling

Floats = features.Floats

STRENGTH, SEED, CONTROL = "strength", "seed", "control_scale"

TARGETS: dict[str, tuple[float, float]] = {
    name: (float(RANGES[f"style.{name}"].low), float(RANGES[f"style.{name}"].high))
    for name in (STRENGTH, "guidance", CONTROL)
}
"""Settings of a style to which a curve is added, and their ranges."""


class Automation:
    """The strokes with which a song's part is painted.

    keys: the prompts along time, in seconds from the beginning of the part.

    style: a resolved one. by: how settings of the style follow the music, by the names in `TARGETS`
    and "seed". lock: prompts begin at its bars. telling: a story, whose prompts and strengths take
    the place of the style's. morph: seeds a second by which the noise walks on, whatever the music
    does; it has walked since the beginning of the file, so that a part of a song is painted like
    the whole of it. melted: seeds more, at a time in seconds from the beginning of the part. Raises
    SongError for a sound too short to follow.
    """

    def __init__(
        self,
        song: Song,
        style: Style,
        by: Mapping[str, Modulation],
        lock: Lock | None = None,
        telling: Telling | None = None,
        *,
        morph: float = 0.0,
        melted: Callable[[Fraction | float], float] | None = None,
    ) -> None:
        assert style.prompt is not None
        keys = prompts.parse(style.prompt)
        self._start, self._telling = Fraction(song.first, song.rate), telling
        if lock and len(keys) > 1:
            keys = prompts.snap(keys, lock.bar_near)
        start = song.first / song.rate
        self.keys = tuple((time - start, text) for time, text in keys)
        self._base = {name: float(getattr(style, name)) for name in TARGETS}
        self._curves: dict[str, np.ndarray] = {}
        self._walk: np.ndarray | None = None
        self._morph, self._melted = morph, melted
        self._step = 1.0
        for name, modulation in by.items():
            if not modulation or (name == CONTROL and not style.control):
                continue
            heard = features.of(song)
            self._step = heard.step
            curve = modulation.amount * heard.curve(modulation.source, modulation.smoothing)
            if name == SEED:
                self._walk = np.concatenate([[0.0], np.cumsum(np.abs(curve))]) * heard.step
            elif name == STRENGTH and telling is not None:
                times = np.arange(len(curve)) * heard.step + float(self._start)
                told = np.array([telling.strength.at(time) for time in times])
                self._curves[name] = np.clip(told + curve, *TARGETS[name])
            else:
                self._curves[name] = np.clip(self._base[name] + curve, *TARGETS[name])

    def __bool__(self) -> bool:
        """Whether anything changes along the song."""
        told = self._telling is not None
        return bool(len(self.keys) > 1 or self._curves or self._walks or told)

    def stroke(self, time: Fraction | float) -> Stroke:
        """How the frame of a moment is painted, in seconds from the beginning of the part."""
        values = {name: self._at(curve, time) for name, curve in self._curves.items()}
        if self._telling is not None and STRENGTH not in values:
            values[STRENGTH] = round(self._telling.strength.at(self._moment(time)), 3)
        return Stroke(
            prompts=self._prompts(time),
            strength=values.get("strength", self._base["strength"]),
            guidance=values.get("guidance", self._base["guidance"]),
            control_scale=values.get("control_scale", self._base["control_scale"]),
            walk=self._walked(time) if self._walks else None,
        )

    def _moment(self, time: Fraction | float) -> float:
        """A time in seconds from the beginning of the file, however the song was cut."""
        return float(self._start + Fraction(time))

    def _prompts(self, time: Fraction | float) -> prompts.Weights:
        """What is painted at a moment: the style's prompts, or those of the story."""
        own = prompts.weights(self.keys, float(time))
        if self._telling is None:
            return own
        mixed: dict[str, float] = {}
        for text, share in shares(self._telling.prompts, self._moment(time)):
            for prompt, weight in own if text == OWN else ((text, 1.0),):
                mixed[prompt] = mixed.get(prompt, 0.0) + share * weight
        return tuple(mixed.items())

    @property
    def _walks(self) -> bool:
        return bool(self._walk is not None or self._morph or self._melted)

    def _walked(self, time: Fraction | float) -> float:
        """How many seeds the noise has moved on at a time."""
        walked = self._morph * float(self._start + time)
        if self._melted:
            walked += self._melted(time)
        if self._walk is not None:
            walked += self._at(self._walk, time)
        return round(walked, 3)

    def curves(self, times: Floats) -> Iterator[tuple[str, Floats, float, float]]:
        """For every setting that changes: its name, its values at the given times, and its range.

        For the seed, the value is how many seeds the noise has moved on in the part.
        """
        ranges = TARGETS | {
            "guidance": (1.0, max(2.0, float(np.max(self._curves.get("guidance", 1)))))
        }
        if self._telling is not None and STRENGTH not in self._curves:
            told = self._telling.strength
            if not told.steady:
                values = np.array([told.at(self._moment(time)) for time in times.tolist()])
                yield STRENGTH, values, *ranges[STRENGTH]
        for name, curve in self._curves.items():
            yield name, np.interp(times / self._step, np.arange(len(curve)), curve), *ranges[name]
        if self._walks:
            values = np.array([self._walked(time) for time in times]) - self._walked(0)
            yield SEED, values, 0.0, float(values[-1])

    def _at(self, curve: np.ndarray, time: Fraction | float) -> float:
        # Rounded: differences that nobody sees should not keep frames from being painted together.
        place = max(0.0, float(time)) / self._step
        return round(float(np.interp(place, np.arange(len(curve)), curve)), 3)

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
from ..paint import loras, prompts
from ..paint.style import Stroke, Style
from ..ranges import RANGES
from ..song import Song
from . import features
from .following import STEP, Following
from .lock import Lock
from .modulation import Modulation
from .telling import OWN, Telling

Floats = features.Floats

STRENGTH, SEED, CONTROL, LORA, PROMPT = "strength", "seed", "control_scale", "lora", "prompt"

TARGETS: dict[str, tuple[float, float]] = {
    name: (float(RANGES[f"style.{name}"].low), float(RANGES[f"style.{name}"].high))
    for name in (STRENGTH, "guidance", CONTROL)
}
"""Settings of a style to which a curve is added, and their ranges."""


class Automation:
    """The strokes with which a song's part is painted.

    keys: the prompts along time, in seconds from the beginning of the part.

    style: a resolved one, whose LoRAs may follow the music. by: how settings of the style do, by
    the names in `TARGETS` and "seed". lock: prompts begin at its bars. telling: a story, whose
    prompts and strengths take the place of the style's. morph: seeds a second by which the noise
    walks on, whatever the music does; it has walked since the beginning of the file, so that a part
    of a song is painted like the whole of it. melted: seeds more, at a time in seconds from the
    beginning of the part. along: curves, which take the place of the style's settings and of the
    story's. Raises SongError for a sound too short to follow.
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
        along: Following | None = None,
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
        self._loras: list[np.ndarray] = []
        self._walk: np.ndarray | None = None
        self._morph, self._melted = morph, melted
        self._following = along or Following.none(song)
        self._seeds = self._following.sampled(SEED) if SEED in self._following else None
        self._seed, self._step = style.seed, STEP
        added = {name: each for name, each in by.items() if each}
        if not style.control:
            added.pop(CONTROL, None)
        count = int(float(song.duration) / STEP) + 2
        if added or any(lora.by for lora in loras.parse(style.lora)):
            heard = features.of(song)
            self._step, count = heard.step, len(heard.curve("loudness"))
        for name in TARGETS:
            if name in added or (name in self._following and (name != CONTROL or style.control)):
                curve = self._own(name, np.arange(count, dtype=np.float64) * self._step)
                if name in added:
                    modulation = added[name]
                    curve = curve + modulation.amount * heard.curve(
                        modulation.source, modulation.smoothing
                    )
                self._curves[name] = np.clip(curve, *TARGETS[name])
        if SEED in added:
            curve = added[SEED].amount * heard.curve(added[SEED].source, added[SEED].smoothing)
            self._walk = np.concatenate([[0.0], np.cumsum(np.abs(curve))]) * self._step
        for lora in loras.parse(style.lora):
            if lora.by:
                curve = lora.by.amount * heard.curve(lora.by.source, lora.by.smoothing)
                self._loras.append(np.clip(lora.weight + curve, *loras.WEIGHTS))

    def _own(self, name: str, times: Floats) -> Floats:
        """A setting at some times of the part, without what follows the music: that of its curve,
        of the story, or of the style."""
        if name in self._following:
            return self._following.values(name, times + float(self._start))
        if name == STRENGTH and self._telling is not None:
            return np.array([self._telling.strength.at(self._moment(time)) for time in times])
        return np.full(times.shape, self._base[name])

    def __bool__(self) -> bool:
        """Whether anything changes along the song."""
        told = self._telling is not None
        return bool(len(self.keys) > 1 or self._curves or self._loras or self._walks or told)

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
            loras=tuple(loras.rounded(self._at(curve, time)) for curve in self._loras),
        )

    def _moment(self, time: Fraction | float) -> float:
        """A time in seconds from the beginning of the file, however the song was cut."""
        return float(self._start + Fraction(time))

    def _prompts(self, time: Fraction | float) -> prompts.Weights:
        """What is painted at a moment: the style's prompts, or those of the story."""
        if PROMPT in self._following and len(self.keys) > 1:
            own = self._placed(self._following.sampled(PROMPT).at(self._moment(time)))
        else:
            own = prompts.weights(self.keys, float(time))
        if self._telling is None:
            return own
        mixed: dict[str, float] = {}
        for text, share in shares(self._telling.prompts, self._moment(time)):
            for prompt, weight in own if text == OWN else ((text, 1.0),):
                mixed[prompt] = mixed.get(prompt, 0.0) + share * weight
        return tuple(mixed.items())

    def _placed(self, place: float) -> prompts.Weights:
        """The prompts at a place of their list, where 0 is the first one."""
        place = round(min(place, len(self.keys) - 1), 3)
        first = min(int(place), len(self.keys) - 2)
        late = place - first
        shares_ = ((self.keys[first][1], 1 - late), (self.keys[first + 1][1], late))
        return tuple((text, share) for text, share in shares_ if share)

    @property
    def _walks(self) -> bool:
        seeds = self._seeds is not None
        return bool(self._walk is not None or self._morph or self._melted or seeds)

    def _walked(self, time: Fraction | float) -> float:
        """How many seeds the noise has moved on at a time."""
        walked = self._morph * float(self._start + time)
        if self._melted:
            walked += self._melted(time)
        if self._seeds is not None:
            walked += self._seeds.at(self._moment(time)) - self._seed
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
            yield name, self._along(curve, times), *ranges[name]
        for curve in self._loras:
            values = self._along(curve, times)
            yield LORA, values, min(0.0, float(values.min())), max(1.0, float(values.max()))
        if self._walks:
            values = np.array([self._walked(time) for time in times]) - self._walked(0)
            yield SEED, values, min(0.0, float(values.min())), max(1e-9, float(values.max()))

    def _along(self, curve: np.ndarray, times: Floats) -> Floats:
        found: Floats = np.interp(times / self._step, np.arange(len(curve)), curve)
        return found

    def _at(self, curve: np.ndarray, time: Fraction | float) -> float:
        # Rounded: differences that nobody sees should not keep frames from being painted together.
        place = max(0.0, float(time)) / self._step
        return round(float(np.interp(place, np.arange(len(curve)), curve)), 3)

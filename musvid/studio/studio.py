"""What an interactive page needs: moments at once, renders that are watched, models at hand.

One studio serves everybody who looks at a page. It keeps the models that were used last, lets one
render work at a time, and learns how long things take on this machine.
"""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from .. import _validate
from ..errors import Cancelled
from ..estimate import Costs, Plan
from ..frame import Frame
from ..job import Job, resolve
from ..music import tempo
from ..paint.painter import Painter
from ..paint.style import Stroke, Style
from ..recipe import Recipe
from ..song import Song
from ..spectrum import showcqt as spectrum
from ..store import Store
from .painters import Painters
from .watch import Report, Step, watch, watch_comparison

AXES: dict[str, tuple[object, ...]] = {
    "strength": (0.2, 0.4, 0.6, 0.8, 1.0),
    "seed": (0, 1, 2, 3, 4),
    "prompt": (
        "violet and pink nebula",
        "blue and gold stained glass",
        "emerald and violet aurora",
        "cyan crystal",
        "crimson and gold flames",
    ),
}
"""What a strip can vary, and the values it does so by."""

_QUICK_SIDE = 256  # pixels
_DRAWN = 32  # pictures kept, so that painting one again does not draw it again


class Studio:
    """See the module. It is safe to use from several threads.

    device: "auto", "cpu", "cuda" or "mps". store: for finished frames; None keeps none. models:
    how many are kept in memory at a time.
    """

    def __init__(
        self, *, device: str = "auto", store: Store | None = None, models: int = 2
    ) -> None:
        self.costs = Costs()
        self.longest_song: float | None = None  # seconds that a whole song may last
        self._device, self._store = device, store
        self._painters = Painters(lambda style: Painter(style, device=device), keep=models)
        self._drawn: OrderedDict[tuple[object, ...], Frame] = OrderedDict()
        self._make_locks()

    def _make_locks(self) -> None:
        self._rendering, self._drawing = threading.Lock(), threading.Lock()
        self._listening, self._painting = threading.Lock(), threading.Lock()

    def renew(self) -> None:
        """Begin anew in a forked process, where what other threads were at is not going on."""
        self.costs.renew()
        self._painters.renew()
        self._make_locks()

    def song(self, path: str | os.PathLike[str]) -> Song:
        """A sound file, opened and checked once. Raises SongError."""
        try:
            facts = Path(path).stat()
            return _opened(Path(path), facts.st_size, facts.st_mtime_ns, self.longest_song)
        except OSError:
            return Song.open(path, longest=self.longest_song)  # whose errors are sentences

    def has(self, style: Style) -> bool:
        """Whether the model of a style is loaded, so that painting begins at once."""
        return self._painters.has(style)

    def load(self, style: Style) -> None:
        """Load the model of a style in this thread. Raises SettingsError or ModelError."""
        with self._painters.use(style):
            pass

    def warm(self) -> None:
        """Load the default model, and learn how fast it paints here."""
        recipe = Recipe().resolve()
        assert recipe.size is not None
        width, height = recipe.size
        blank = np.zeros((height, width, 3), np.uint8)
        for count in (1, 8):  # the first ones are slower
            self._paint([blank] * count, recipe)

    def plan(self, job: Job) -> Plan:
        """What a render makes, and how long that takes here."""
        return self.costs.plan(job)

    def draw(self, job: Job, time: float) -> Frame:
        """The picture of the spectrum that a render shows `time` seconds into the song's part."""
        key = (job.song, job.recipe.look, Fraction(time), job.clock, job.size)
        with self._drawing:
            if key in self._drawn:
                self._drawn.move_to_end(key)
                return self._drawn[key]
        frame = spectrum.draw_moment(*key[:3], clock=job.clock, size=job.size)
        with self._drawing:
            self._drawn[key] = frame
            while len(self._drawn) > _DRAWN:
                self._drawn.popitem(last=False)
        return frame

    def beats(self, song: Song) -> tempo.Beats:
        """Tempo and beats of a song, see `musvid.music.tempo.find`; one search at a time."""
        with self._listening:
            return tempo.find(song)

    def paint(self, job: Job, time: float) -> Frame:
        """The picture of a moment as a render paints it; `time` as for `draw`."""
        strokes = [job.automation.stroke(time)] if job.automation else None
        return self._paint([self.draw(job, time)], job.recipe, strokes)[0]

    def strip(self, job: Job, time: float, axis: str, values: Sequence[object]) -> Iterator[Frame]:
        """The same moment painted with several values of a setting of the style, one by one."""
        for value in values:
            changed: dict[str, Any] = {axis: value}
            style = replace(job.recipe.style, **changed)
            yield self.paint(job.having(replace(job.recipe, style=style)), time)

    def _paint(
        self, frames: list[Frame], recipe: Recipe, strokes: list[Stroke] | None = None
    ) -> list[Frame]:
        if not recipe.paints:
            return frames
        with self._painters.use(recipe.style) as painter, self._painting:
            began = time.monotonic()
            painted = list(painter.paint(frames, recipe.style, strokes))
        pixels = sum(frame.shape[0] * frame.shape[1] for frame in frames)
        # A single painting uses one core; a render paints on all of them at once.
        cores = 1 if len(frames) > 1 else painter.abreast
        self.costs.learn_painting(recipe, pixels, (time.monotonic() - began) / cores)
        return painted

    def render(self, job: Job, folder: Path, *, stop: Callable[[], bool]) -> Iterator[Report]:
        """Render a song's part with reports, see `watch.watch`; one render at a time."""
        with self._turn(job, stop) as painter:
            plan = self.costs.plan(job)
            began = time.monotonic()
            for report in watch(
                job,
                folder,
                stop=stop,
                painter=painter,
                store=self._store,
                device=self._device,
                expected=plan.seconds,
            ):
                if report.finished and not report.stopped:
                    self.costs.learn_render(plan, time.monotonic() - began)
                yield report

    def compare(self, job: Job, folder: Path, *, stop: Callable[[], bool]) -> Iterator[Step]:
        """Compare the recipes with reports, see `watch.watch_comparison`; as one render."""
        with self._turn(job, stop) as painter:
            yield from watch_comparison(
                job,
                folder,
                stop=stop,
                painter=painter,
                store=self._store,
                device=self._device,
            )

    def longest(self, job: Job) -> float | None:
        """Seconds that a comparison takes here at most, or None where that is not known yet."""
        plans = [self.costs.plan(each) for each in job.variants().values()]
        seconds = [plan.seconds for plan in plans if plan.seconds is not None]
        return sum(seconds) if len(seconds) == len(plans) else None

    @contextmanager
    def _turn(self, job: Job, stop: Callable[[], bool]) -> Iterator[Painter | None]:
        """A context in which no other render works, with the painter of a job that paints.

        The model is loaded before its turn comes, so that nobody waits for another's download.
        """
        if not job.recipe.paints:
            with self._alone(stop):
                yield None
            return
        with self._painters.use(job.recipe.style, stop):
            pass
        with self._alone(stop), self._painters.use(job.recipe.style, stop) as painter:
            yield painter

    @contextmanager
    def _alone(self, stop: Callable[[], bool]) -> Iterator[None]:
        """A context in which no other render works.

        Raises Cancelled when stopped before its turn.
        """
        while not self._rendering.acquire(timeout=0.2):
            if stop():
                raise Cancelled("The render was stopped before it began.")
        try:
            yield
        finally:
            self._rendering.release()


@lru_cache(maxsize=64)
def _opened(path: Path, _size: int, _changed: int, longest: float | None) -> Song:
    return Song.open(path, longest=longest)


def strip_values(recipe: Recipe, axis: str) -> list[object]:
    """Values of a setting of the style to compare, see `AXES`; seeds go on from the recipe's."""
    _validate.choice("axis", axis, AXES)
    if axis == "seed":
        return [(recipe.style.seed + step) % 2**32 for step in range(5)]
    return list(AXES[axis])


def quick_look(job: Job, moment: float, seconds: float) -> Job:
    """Some seconds of a job around a moment (counted from the file's beginning), and small."""
    song, recipe = job.song, job.recipe
    first, last = song.first / song.rate, (song.first + song.samples) / song.rate
    start = max(first, min(last - seconds, moment - seconds / 2))
    part = song.part(start, min(seconds, last - start))
    longest = max(job.size)
    if longest > _QUICK_SIDE:
        sides = [max(64, side * _QUICK_SIDE // longest // 8 * 8) for side in job.size]
        recipe = replace(recipe, size=(sides[0], sides[1]))
    return resolve(replace(recipe, upscale=1), part)

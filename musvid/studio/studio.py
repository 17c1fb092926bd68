"""What an interactive page needs: moments at once, renders that are watched, models at hand.

One studio serves everybody who looks at a page. It keeps the models that were used last, lets one
render work at a time, or some with a cluster, and learns how long things take here.
"""

from __future__ import annotations

import copy
import os
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache, partial
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from .. import _validate
from ..comparison.grid import Grid
from ..errors import Cancelled, SettingsError
from ..estimate import Costs, Plan, spoken
from ..frame import Frame
from ..interpolate.relight import Response
from ..job import Job, resolve
from ..music import onsets, samples, sections, story, tempo
from ..music.form import Form
from ..music.lock import Lock
from ..paint.brush import Brush
from ..paint.downloads import Download, lacking
from ..paint.echo import Echo
from ..paint.painter import Painter
from ..paint.style import Stroke, Style
from ..recipe import Recipe
from ..rendering import Addresses, Tools, chain, drawn_moment, paintings, shown
from ..song import Song
from ..store import Store
from ..video.words import draw
from ..view.stage import view
from . import relit
from .attention import Attention
from .clips import Clips, watch_grid
from .fetches import Fetches
from .machines import Machines, Seats, abreast
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

Tap = Callable[[str, Frame], None]
"""Called with (stage, frame) for every frame of every stage."""

_QUICK_SIDE = 256  # pixels
_PROMPT = 0.1  # seconds between two looks at whether to stop
_PAINTED = 48  # paintings kept, so that another view of one, or a grid, does not paint it again
_SEEN = 1080  # pixels of the longer side of a moment that is shown
_DRAWN = 32  # pictures kept, so that painting one again does not draw it again
_ELSEWHERE = 64  # models of a cluster that are known here: none is in the way of another
_WARMED = 64  # workers that a page warms, at most


class Studio:
    """See the module. It is safe to use from several threads.

    device, precision, encoder, fast: see `musvid.render`. store: for finished frames; None keeps
        none.
    models: how many are kept in memory at a time. longest: seconds after which a render is stopped,
        and what is finished becomes its video. most: bytes that the frames of a render may take.
    machines: of a cluster, which paint in place of this one. They load their models, and download
        them where they lack them; they are fair between moments and renders.
    """

    def __init__(
        self,
        *,
        device: str = "auto",
        precision: str = "auto",
        encoder: str = "auto",
        fast: str = "auto",
        store: Store | None = None,
        models: int = 2,
        longest: float | None = None,
        most: float | None = None,
        machines: Machines | None = None,
    ) -> None:
        self.costs = Costs()
        self.longest_song: float | None = None  # seconds that a whole song may last
        self._device, self._encoder, self._store = device, encoder, store
        self._longest, self._most = longest, most
        self._fetches = Fetches()
        self._machines = machines
        if machines is None:
            self._painters = Painters(
                lambda style: Painter(style, device=device, precision=precision, fast=fast),
                keep=models,
                fetch=self._fetches.wait,
            )
        else:
            self._painters = Painters(machines.painter, keep=_ELSEWHERE)
        self.attention = Attention()
        self._forget()
        self._make_locks()

    def aside(self) -> Studio:
        """A studio for what nobody waits for: it has the same models, and keeps pictures, turns and
        costs to itself, so that it is in nobody's way."""
        other = copy.copy(self)
        other.costs, other.attention = Costs(), Attention()
        other._forget()
        other._make_locks()
        return other

    def _forget(self) -> None:
        self._drawn: OrderedDict[tuple[object, ...], Frame] = OrderedDict()
        self._painted: OrderedDict[tuple[object, ...], Frame] = OrderedDict()

    def _make_locks(self) -> None:
        self._rendering, self._drawing = Seats(self.abreast), threading.Lock()
        self._listening = threading.Lock()
        # Workers of a cluster take turns by themselves.
        alone: AbstractContextManager[object] = threading.Lock()
        self._painting = alone if self._machines is None else nullcontext()

    def renew(self) -> None:
        """Begin anew in a forked process, where what other threads were at is not going on."""
        self.costs.renew()
        self._painters.renew()
        self._fetches.renew()
        self._make_locks()

    def song(self, path: str | os.PathLike[str]) -> Song:
        """A sound file, opened and checked once. Raises SongError."""
        try:
            facts = Path(path).stat()
            return _opened(Path(path), facts.st_size, facts.st_mtime_ns, self.longest_song)
        except OSError:
            return Song.open(path, longest=self.longest_song)  # whose errors are sentences

    def job(self, recipe: Recipe, song: Song) -> Job:
        """A recipe resolved for a song's part, see `musvid.job.resolve`.

        A beat that has to be found is waited for, as in `beats`; so are parts and a drift's music.
        """
        finds = recipe.lock and not (recipe.lock.beats or recipe.lock.found)
        asked = any(curve.beats or curve.sources for curve in recipe.along.values())
        listens = finds or asked or recipe.drift_by or recipe.story != story.OFF
        with self._listening if listens else nullcontext():
            return resolve(recipe, song, self._store)

    @property
    def renders(self) -> bool:
        """Whether a render works."""
        return self._rendering.taken > 0

    @property
    def abreast(self) -> int:
        """How many renders may work at a time."""
        return abreast(self._machines)

    def check(self, *jobs: Job) -> None:
        """Raises SettingsError where the machines that paint here cannot make a render."""
        if self._machines is not None and any(job.echo for job in jobs):
            raise SettingsError(
                "With an echo each painting needs the one before it, and here many machines paint "
                "at the same time; choose an echo of 0."
            )

    def has(self, style: Style) -> bool:
        """Whether the model of a style is loaded, so that painting begins at once."""
        return self._painters.has(style)

    def lacks(self, style: Style) -> bool:
        """Whether what a style is made of has to be downloaded first, to this machine: workers of
        a cluster do so while they load it."""
        return self._machines is None and not self.has(style) and bool(lacking(style))

    def fetch(self, style: Style) -> Iterator[Download | None]:
        """Wait for the download of what a style is made of, see `Fetches.wait` and `lacks`."""
        return self._fetches.wait(style) if self._machines is None else iter(())

    def load(self, style: Style) -> None:
        """Load the model of a style in this thread. Raises SettingsError or ModelError."""
        with self._painters.use(style):
            pass

    def warm(self) -> None:
        """Load the default model and what listens, and learn how fast painting is here."""
        recipe = Recipe().resolve()
        assert recipe.size is not None
        width, height = recipe.size
        blank = np.zeros((height, width, 3), np.uint8)
        counts = (1, 8)  # the first ones are slower
        if self._machines is not None:
            counts = (min(_WARMED, len(self._machines)),) * 2
            # Every worker loads the model before its first one: nothing is learnt of that.
            self._paint([blank] * counts[0], recipe, learns=False)
        for count in counts:
            self._paint([blank] * count, recipe)
        onsets.envelope(onsets.mel(np.zeros(samples.RATE, np.float32)))

    def plan(self, job: Job) -> Plan:
        """What a render makes, and how long that takes here."""
        return self.costs.plan(job)

    def draw(self, job: Job, time: float | Fraction) -> Frame:
        """The picture of the spectrum that a render shows `time` seconds into the song's part."""
        recipe = job.recipe
        # By what embers are carried.
        world = (recipe.drift, recipe.drift_by, recipe.story) if recipe.look.embers else None
        key = (job.song, recipe.look, Fraction(time), job.clock, job.size, job.palettes, world)
        make = partial(drawn_moment, job, Fraction(time))
        return self._kept(self._drawn, _DRAWN, (*key, recipe.loop), make)

    def _kept(
        self,
        known: OrderedDict[tuple[object, ...], Frame],
        most: int,
        key: tuple[object, ...],
        make: Callable[[], Frame],
    ) -> Frame:
        """The picture of a key, which is made unless it is one of the last ones."""
        with self._drawing:
            if key in known:
                known.move_to_end(key)
                return known[key]
        with self.attention.held():
            frame = make()
        with self._drawing:
            known[key] = frame
            while len(known) > most:
                known.popitem(last=False)
        return frame

    def beats(self, song: Song) -> tempo.Beats:
        """Tempo and beats of a song, see `musvid.music.tempo.find`; one search at a time."""
        with self._listening:
            return tempo.find(song)

    def form(self, song: Song, lock: Lock | None = None) -> Form:
        """The parts of a song, see `musvid.music.sections.find`; one search at a time."""
        with self._listening:
            return sections.find(song, lock)

    def paint(self, job: Job, time: float) -> Frame:
        """The picture of a moment as a render paints it; `time` as for `draw`.

        With an echo, the paintings before it are made as well.
        """
        with self.attention.held():
            return self._moment(job, time)

    def _moment(self, job: Job, time: float) -> Frame:
        if job.echo:
            return self._echoed(job, job.echo, Fraction(time))
        guide, course = self.draw(job, time), job.course
        stroke = job.stroke_at(time)
        if not course:
            return self._paint([guide], job.recipe, [stroke] if job.automation else None)[0]
        span = course.moment(Fraction(time))
        recipe = replace(job.recipe, style=job.style)
        return course.shown(self._paint([course.canvas(guide, span)], recipe, [stroke])[0], span)

    def _echoed(self, job: Job, echo: Echo, time: Fraction) -> Frame:
        """The picture of a moment, in place of the painting that is nearest to it."""
        clock, course, number = job.clock, job.course, echo.nearest(job.clock, time)
        times = [*map(clock.painting_time, range(echo.begin(number), number)), time]
        guides: Iterator[Frame] = (self.draw(job, each) for each in times)
        spans = None
        if course:
            before = map(course.span, range(echo.begin(number), number))
            spans = [*before, course.moment(time)]
            guides = map(course.canvas, guides, spans)
        recipe = replace(job.recipe, style=job.style)

        def paint(frames: list[Frame], painting: int) -> list[Frame]:
            if not job.automation and not course:
                return self._paint(frames, recipe)
            stroke = job.stroke(painting)
            if painting == number:
                stroke = replace(job.automation.stroke(time), place=stroke.place)
                if spans and course:
                    stroke = replace(stroke, place=course.place(spans[-1]))
            return self._paint(frames, recipe, [stroke] * len(frames))

        painted = deque(echo.painted(guides, paint, begin=echo.begin(number), spans=spans), 1)[0]
        return course.shown(painted, spans[-1]) if course and spans else painted

    def remembered(self, job: Job, time: float, paint: Callable[[], Frame]) -> Frame:
        """The painting of a moment, which is painted unless it was one of the last ones."""
        key = (job.song, job.recipe.unseen.to_json(), Fraction(time))
        return self._kept(self._painted, _PAINTED, key, paint)

    def seen(self, job: Job, frame: Frame, time: float) -> Frame:
        """A frame of a moment as the video shows it, at most 1080 pixels a side."""
        scale = min(1.0, _SEEN / max(job.file_size))
        width, height = (max(1, round(side * scale)) for side in job.file_size)
        moment = Fraction(job.song.first, job.song.rate) + Fraction(time)
        picture = next(view([frame], [moment], replace(job.shot, size=(width, height))))
        if job.logo:
            (picture,) = job.logo.on_each([picture], [moment])
        script = job.script
        if not script or not script.shows(time):
            return picture
        return draw(picture, script.on(picture.shape[1], picture.shape[0]), time)

    def strip(self, job: Job, time: float, axis: str, values: Sequence[object]) -> Iterator[Frame]:
        """The same moment painted with several values of a setting of the style, one by one."""
        for value in values:
            changed: dict[str, Any] = {axis: value}
            style = replace(job.recipe.style, **changed)
            yield self.paint(job.having(replace(job.recipe, style=style)), time)

    def _paint(
        self,
        frames: list[Frame],
        recipe: Recipe,
        strokes: list[Stroke] | None = None,
        *,
        learns: bool = True,
    ) -> list[Frame]:
        if not recipe.paints:
            return frames
        with self._painters.use(recipe.style) as painter, self._painting:
            began = time.monotonic()
            painted = list(painter.paint(frames, recipe.style, strokes))
        pixels = sum(frame.shape[0] * frame.shape[1] for frame in frames)
        # A single painting uses one core, or one worker; a render paints on all of them at once.
        cores = painter.abreast
        used = len(frames) / (cores * ceil(len(frames) / cores))
        if learns:
            self.costs.learn_painting(recipe, pixels, (time.monotonic() - began) * used)
        return painted

    def pictures(self, job: Job, tap: Tap | None = None) -> Iterator[Frame]:
        """What a job's video shows, from the first frame of its clock on; see `musvid.clock.Rest`.

        tap: called with (stage, frame) for every frame of every stage; it must not change them.

        Paintings are those of a render, and the store has them afterwards. What paintings answer to
        light is not fitted, which would have nine of them made first.
        """
        with self._tools(job, tap) as tools:
            yield from shown(chain(job, tools), job, soon=True)

    def moments(self, job: Job) -> Iterator[relit.Moment]:
        """What the frames of a strip are made of, see `musvid.studio.relit`; as `pictures`."""
        with self._tools(job) as tools:
            yield from relit.moments(job, paintings(job, tools))

    @contextmanager
    def _tools(self, job: Job, tap: Tap | None = None) -> Iterator[Tools]:
        """A context with what makes a job's frames, whose stages are closed behind it."""
        with ExitStack() as stack:
            paints = job.recipe.paints
            painter = stack.enter_context(self._painters.use(job.style)) if paints else None

            def stage(frames: Iterator[Frame], name: str) -> Iterator[Frame]:
                stack.callback(getattr(frames, "close", lambda: None))
                return frames if tap is None else tapped(frames, name, tap)

            def load() -> Brush:
                assert painter, "nothing else is painted"
                return painter

            kept = Addresses.painted(job, painter) if painter and self._store else None
            yield Tools(
                stage,
                load,
                self._store,
                kept,
                painter,
                self._device,
                response=Response(),
            )

    def render(self, job: Job, folder: Path, *, stop: Callable[[], bool]) -> Iterator[Report]:
        """Render a song's part with reports, see `watch.watch`; so many at a time as `abreast`."""
        with self._turn(job, stop) as (painter, over, late):
            plan = self.costs.plan(job)
            began = time.monotonic()
            for report in watch(
                job,
                folder,
                stop=late,
                painter=painter,
                store=self._store,
                device=self._device,
                encoder=self._encoder,
                expected=plan.seconds,
                over=over,
                most=self._most,
            ):
                if report.finished and not report.stopped:
                    self.costs.learn_render(plan, time.monotonic() - began)
                if report.stopped:
                    report = replace(report, late=late.limit)
                elif painter and self._machines is not None:
                    report = replace(report, workers=self._machines.states)
                yield report

    def compare(self, job: Job, folder: Path, *, stop: Callable[[], bool]) -> Iterator[Step]:
        """Compare the recipes with reports, see `watch.watch_comparison`; as one render."""
        with self._turn(job, stop) as (painter, over, late):
            yield from watch_comparison(
                job,
                folder,
                stop=late,
                painter=painter,
                store=self._store,
                device=self._device,
                encoder=self._encoder,
                over=over,
            )

    def in_step(
        self, grid: Grid, jobs: Sequence[Job], folder: Path, *, stop: Callable[[], bool]
    ) -> Iterator[Clips]:
        """Show the tiles of a grid in step with reports, see `clips.watch_grid`; as one render."""
        for style in {job.style.model: job.style for job in jobs if job.recipe.paints}.values():
            with self._painters.use(style, stop):
                pass
        with self._turn(None, stop) as (_, over, late):
            yield from watch_grid(
                grid,
                jobs,
                folder,
                stop=late,
                painters=self._painters.use,
                store=self._store,
                device=self._device,
                encoder=self._encoder,
                over=over,
            )

    def longest(self, job: Job) -> float | None:
        """Seconds that a comparison takes here at most, or None where that is not known yet."""
        plans = [self.costs.plan(each) for each in job.variants().values()]
        seconds = [plan.seconds for plan in plans if plan.seconds is not None]
        return sum(seconds) if len(seconds) == len(plans) else None

    @contextmanager
    def _turn(
        self, job: Job | None, stop: Callable[[], bool]
    ) -> Iterator[tuple[Brush | None, threading.Event, _Late]]:
        """A context in which few other renders work, see `abreast`, with the painter of a job that
        paints, and with what says whether to stop: when asked to, or when it took too long.

        job: without one, whoever works here has painters of its own.

        It lasts until the event that is given is set, too: that may be later, since nobody waits
        for a painting that is not wanted any more. The model is loaded before its turn comes, so
        that nobody waits for another's download.
        """
        style = job.recipe.style if job and job.recipe.paints else None
        if style:
            with self._painters.use(style, stop):
                pass
        with ExitStack() as stack:
            stack.enter_context(self._seat(stop))
            painter = stack.enter_context(self._painters.use(style, stop)) if style else None
            kept = stack.pop_all()
        over = threading.Event()
        over.set()

        def end() -> None:
            over.wait()
            kept.close()

        late = _Late(stop, self._longest)
        try:
            with late.said():
                yield painter, over, late
        finally:
            if over.is_set():
                end()
            else:
                threading.Thread(target=end, name="ending", daemon=True).start()

    @contextmanager
    def _seat(self, stop: Callable[[], bool]) -> Iterator[None]:
        """A context in which no more renders work than may.

        Raises Cancelled when stopped before its turn.
        """
        while not self._rendering.acquire(timeout=_PROMPT):
            if stop():
                raise Cancelled("The render was stopped before it began.")
        try:
            yield
        finally:
            self._rendering.release()


class _Late:
    """Whether to stop: when asked to, and after so many seconds."""

    def __init__(self, stop: Callable[[], bool], seconds: float | None) -> None:
        self._stop, self._seconds, self._began = stop, seconds, time.monotonic()
        self.limit: float | None = None  # the seconds, if they were what stopped it

    def __call__(self) -> bool:
        if self._stop():
            return True
        if self._seconds is not None and time.monotonic() - self._began > self._seconds:
            self.limit = self._seconds
        return self.limit is not None

    @contextmanager
    def said(self) -> Iterator[None]:
        """A context in which Cancelled says that it was the time, if it was."""
        try:
            yield
        except Cancelled:
            if self.limit is None:
                raise
            raise Cancelled(late_told(self.limit)) from None


def tapped(frames: Iterator[Frame], name: str, tap: Tap) -> Iterator[Frame]:
    """The frames of a stage, which somebody is told of."""
    for frame in frames:
        tap(name, frame)
        yield frame


def late_told(seconds: float) -> str:
    """What a page says of a render that took longer than it allows."""
    return f"Here a render may take {spoken(seconds)}; choose a shorter clip or a smaller size."


@lru_cache(maxsize=64)
def _opened(path: Path, _size: int, _changed: int, longest: float | None) -> Song:
    return Song.open(path, longest=longest)


def strip_values(recipe: Recipe, axis: str) -> list[object]:
    """Values of a setting of the style to compare, see `AXES`; seeds go on from the recipe's."""
    _validate.choice("axis", axis, AXES)
    if axis == "seed":
        return [(recipe.style.seed + step) % 2**32 for step in range(5)]
    return list(AXES[axis])


def strip_key(job: Job, time: float, axis: str) -> str:
    """What a strip is painted for: the moment and every setting but the one that it varies."""
    plain: dict[str, Any] = {axis: getattr(Style(), axis)}
    recipe = replace(job.recipe, style=replace(job.recipe.style, **plain))
    return f"{job.song.path} {time:.3f} {recipe.to_json()}"


def _slower(recipe: Recipe, scale: float) -> dict[str, Any]:
    """A drift that crosses a picture of another size in the same time: a fast one could not be
    followed in a small picture."""
    drift, by = recipe.drift, recipe.drift_by
    return {
        "drift": replace(drift, speed=drift.speed and drift.speed * scale),
        "drift_by": replace(by, amount=by.amount * scale),
    }


def quick_look(job: Job, moment: float, seconds: float) -> Job:
    """Some seconds of a job around a moment (counted from the file's beginning), and small."""
    return resolve(smaller(job, _QUICK_SIDE), around(job.song, moment, seconds), job.store)


def around(song: Song, moment: float, seconds: float) -> Song:
    """Some seconds of a song's part around a moment, counted from the file's beginning."""
    first, last = song.first / song.rate, (song.first + song.samples) / song.rate
    start = max(first, min(last - seconds, moment - seconds / 2))
    return song.part(start, min(seconds, last - start))


def smaller(job: Job, most: int) -> Recipe:
    """The recipe of a job whose pictures have at most so many pixels a side, for nothing in
    particular."""
    recipe, longest = replace(job.recipe, target=""), max(job.size)
    if longest > most:
        sides = [max(64, side * most // longest // 8 * 8) for side in job.size]
        slower = _slower(recipe, sides[0] / job.size[0])
        recipe = replace(recipe, size=(sides[0], sides[1]), **slower)
    if shown := recipe.view.shown:
        longest = max(*shown, most)
        width, height = (max(64, side * most // longest // 2 * 2) for side in shown)
        recipe = replace(recipe, view=replace(recipe.view, shown=(width, height)))
    return replace(recipe, upscale=1)

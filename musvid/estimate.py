"""What a render will make, exactly, and how long it will take here, roughly.

The counts come from the clock. The time comes from how long the same kinds of work took before on
this machine; before anything was done, from how long they took on a machine with two cores. The
time of a painting differs too much between models and machines to be guessed: it is unknown until
one was made.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from . import interpolate
from .job import Job
from .music import story
from .paint import control
from .recipe import Recipe

# Seconds per million pixels (two cores, see tests/benchmarks/estimate.py).
_TYPICAL = {
    "draw": 0.006,
    "blend": 0.001,
    "flavr": 0.04,
    "motion": 0.25,
    "relight": 0.005,
    "view": 0.017,
    "encode": 0.02,
    "save": 0.05,
}
_NOTED = 100  # lessons, as long as nobody asks for them
_NEW = 0.5  # how much the last measurement counts against those before it


@dataclass(frozen=True)
class Plan:
    """What a job makes; as text, what the page says of it in one line.

    rate: frames per second of the video, exact. seconds: until it is finished, or None where that
    is not known yet. size: width and height of the video in pixels.
    denoised: pixels that are denoised, counted once for every step: of canvases, which are larger
        than frames where texture drifts.
    """

    duration: Fraction
    rate: Fraction
    keyframes: int
    paintings: int
    frames: int
    size: tuple[int, int]
    seconds: float | None
    denoised: int = 0

    @property
    def filmed(self) -> int:
        """Pixels of all frames of the video."""
        return self.frames * self.size[0] * self.size[1]

    @classmethod
    def of(cls, job: Job, seconds: float | None = None) -> Plan:
        """What a job makes, in so many seconds."""
        return cls(
            duration=job.song.duration,
            rate=job.file_rate,
            keyframes=job.clock.keyframes,
            paintings=job.paintings,
            frames=job.file_frames,
            size=job.file_size,
            seconds=seconds,
            denoised=job.painted * _passes(job.recipe),
        )

    def __str__(self) -> str:
        width, height = self.size
        rate = f"{float(self.rate):.3f}".rstrip("0").rstrip(".")
        counts = (
            f"{rate} frames a second",
            _counted(self.keyframes, "keyframe"),
            _counted(self.paintings, "painting") if self.paintings else "no paintings",
            _counted(self.frames, "frame"),
            f"{width}×{height}",  # noqa: RUF001
        )
        takes = "time unknown until one picture is painted"
        if self.seconds is not None:
            takes = f"about {spoken(self.seconds)} here"
        return " · ".join((*counts, takes))


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def denoised(job: Job) -> int:
    """Pixels that the picture of a moment denoises: its canvas x steps, twice with guidance."""
    width, height = job.size
    if job.course:
        width, height = job.course.area(job.course.moment(Fraction(0)))
    return width * height * _passes(job.recipe)


def _passes(recipe: Recipe) -> int:
    """How often a painting of a resolved recipe is denoised."""
    style = recipe.style
    guided = (style.guidance or 1) > 1 or bool(recipe.guidance_by)
    return (style.steps or 1) * (2 if guided else 1)


def told(job: Job) -> str:
    """What a render will make, as the command line says it."""
    plan, lock, (width, height) = Plan.of(job), job.recipe.lock, job.file_size
    line = (
        f"{job.song.path.name}: {float(plan.duration):.2f} s, {plan.keyframes} keyframes, "
        f"{plan.paintings} paintings, {plan.frames} frames of "
        f"{width}x{height} at {float(plan.rate):g} a second"
    )
    lines = [line, str(lock)] if lock else [line]
    if job.recipe.story != story.OFF:
        lines += [f"parts: {job.recipe.form}", f"story: {job.recipe.story}"]
    return "\n".join(lines)


def comparison_told(job: Job) -> str:
    """What a comparison will make, as the command line says it."""
    plans = [Plan.of(each) for each in job.variants().values()]
    paintings, first = sum(plan.paintings for plan in plans), plans[0]
    return (
        f"{job.song.path.name}: {float(first.duration):.2f} s, {len(plans)} recipes, "
        f"{paintings} paintings or fewer (what recipes share is painted once), "
        f"{first.frames} frames each at {float(first.rate):g} a second"
    )


def grid_told(what: str, jobs: Sequence[Job], *, still: bool) -> str:
    """What a grid will make, as the command line says it. what: the settings that are compared."""
    plans = [Plan.of(job) for job in jobs]
    line = f"{jobs[0].song.path.name}: {what}, {len(jobs)} tiles"
    if still:
        return f"{line} of one moment"
    paintings = sum(plan.paintings for plan in plans)
    return (
        f"{line} of {float(plans[0].duration):.2f} s, {paintings} paintings or fewer (what tiles "
        f"share is painted once), {sum(plan.frames for plan in plans)} frames in all"
    )


def spoken(seconds: float) -> str:
    """A length of time for a reader: ``8 s``, ``1 min 20 s``, ``2 h 5 min``."""
    step = 1 if seconds < 59.5 else 5 if seconds < 597 else 60
    whole = max(1, round(seconds / step) * step)
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    parts = [(hours, "h"), (minutes, "min"), (rest, "s")]
    return " ".join(f"{value} {unit}" for value, unit in parts if value)


Lesson = tuple[str, float]
"""What was learnt: of which paintings, and their seconds per million pixels; or "", and by what the
plan of a render was off."""


class Costs:
    """Seconds per million pixels of each kind of work; safe to use from several threads."""

    def __init__(self) -> None:
        self._known: dict[str, float] = {}
        self._pace = 1.0  # of this machine's other work against `_TYPICAL`
        self._lessons: deque[Lesson] = deque(maxlen=_NOTED)
        self._lock = threading.Lock()

    def learn_painting(self, recipe: Recipe, pixels: float, seconds: float) -> None:
        """Remember how long it took to paint so many pixels as a resolved recipe says."""
        self.learn([(_painting(recipe), seconds / (pixels / 1e6))])

    def learn_render(self, plan: Plan, seconds: float) -> None:
        """Remember how long a whole render took that had been planned."""
        if plan.seconds:
            self.learn([("", max(0.2, min(5.0, seconds / plan.seconds)))])

    def learn(self, lessons: Iterable[Lesson]) -> None:
        """Remember what was learnt, here or in another process."""
        with self._lock:
            for key, found in lessons:
                if key:
                    self._known[key] = found + (1 - _NEW) * (self._known.get(key, found) - found)
                else:
                    self._pace *= 1 + _NEW * (found - 1)
                self._lessons.append((key, found))

    def noted(self) -> tuple[Lesson, ...]:
        """What was learnt since this was asked the last time, for another process to learn it."""
        with self._lock:
            lessons = tuple(self._lessons)
            self._lessons.clear()
        return lessons

    def renew(self) -> None:
        """Begin anew in a forked process, with what is known and nothing noted."""
        self._lock = threading.Lock()
        self._lessons.clear()

    def plan(self, job: Job) -> Plan:
        """What a render makes, and how long that takes."""
        recipe, clock, (width, height) = job.recipe, job.clock, job.size
        pixels = width * height / 1e6
        shown = job.file_size[0] * job.file_size[1] / (width * height)
        paintings = job.paintings
        kept = job.painted / (width * height) if paintings else clock.painted
        before, after = (
            interpolate.chosen(recipe.interpolator, painted=painted)
            for painted in (False, bool(paintings))
        )
        work = (
            ("draw", (clock.ticks[-1] + 1) * recipe.look.count),
            (before, clock.painted - clock.keyframes),
            (after, clock.frames - clock.painted),
            ("relight", clock.frames if recipe.relight and paintings else 0),
            ("view", 0 if job.plain else job.file_frames * shown),
            ("encode", job.file_frames * shown),
            ("save", clock.drawn + clock.painted + clock.frames + kept),
        )
        with self._lock:
            seconds: float | None
            seconds = sum(_TYPICAL.get(kind, 0.1) * count * pixels for kind, count in work)
            if paintings:
                cost = self._known.get(_painting(replace(recipe, style=job.style)))
                seconds = None if cost is None else seconds + cost * job.painted / 1e6
            if seconds is not None:
                seconds = 0.5 + seconds * self._pace
        return Plan.of(job, seconds)


def _painting(recipe: Recipe) -> str:
    """The settings that decide how long a painting of a given size takes, as one key."""
    style = recipe.style
    guided = (style.guidance or 1) > 1
    nets = len(control.parse(style.control))
    own = (style.model, style.tiny_autoencoder, style.steps, guided, style.symmetry)
    parts = (*own, nets, style.scheduler)
    return " ".join(str(part) for part in parts)

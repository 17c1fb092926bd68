"""One moment through the whole chain: what each stage makes of the keyframe interval it lies in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice, takewhile

from ..clock import Rest, every
from ..frame import Frame
from ..job import Job, resolve
from ..rendering import STAGES
from .studio import Studio, smaller

SIDE = 256
"""Pixels of a picture's longer side."""

STEPS = ("drawn", "kept", "guides", "painted", "frames", "viewed")
"""The steps, in the order of the chain."""


@dataclass(frozen=True, eq=False)
class ChainStep:
    """What one step of the chain makes of an interval.

    name: one of `STEPS`. frames: its pictures, from one keyframe to the next, both included.
    real: for each of them, whether it comes from the step before; others are filled in between.
    """

    name: str
    frames: tuple[Frame, ...]
    real: tuple[bool, ...]


def small(job: Job) -> Job:
    """A job whose pictures are as small as those of the steps."""
    return resolve(smaller(job, SIDE), job.song, job.store)


def steps(studio: Studio, job: Job, moment: float) -> Iterator[ChainStep]:
    """The steps of the keyframe interval in which a moment lies, made as a render makes them.

    job: see `small`. moment: seconds from the beginning of the job's song.

    Yields all of `STEPS`. With settings that paint nothing, "painted" has what "guides" has.
    """
    clock = job.clock
    keyframe = clock.keyframe_of(clock.painting_of(clock.nearest(moment)))
    rest = Rest.of(clock, min(keyframe, max(0, clock.keyframes - 2)))
    made: dict[str, list[Frame]] = {name: [] for name in STAGES}
    part = replace(job, clock=rest)
    last = clock.before * clock.after
    count = sum(1 for _ in takewhile(lambda place: place <= last, rest.places))
    viewed = list(
        islice(studio.pictures(part, tap=lambda name, frame: made[name].append(frame)), count)
    )
    # Where a beat is followed, only keyframes are ticks.
    ends = list(islice(every(rest.ticks, clock.stride), 2))
    ticks = range(ends[0], ends[-1] + 1)
    drawn = tuple(studio.draw(job, rest.start + (tick - ends[0]) / clock.fps) for tick in ticks)
    yield ChainStep("drawn", drawn, tuple(tick in ends for tick in ticks))
    kept = tuple(frame for frame, tick in zip(drawn, ticks, strict=True) if tick in ends)
    yield ChainStep("kept", kept, (True,) * len(kept))
    guides = made["guides"][: clock.before + 1]
    between = tuple(number % clock.before == 0 for number in range(len(guides)))
    yield ChainStep("guides", tuple(guides), between)
    painted = made["painted"][: clock.before + 1]
    if course := job.course:  # what is painted is wider than what is seen of it
        painted = [course.shown(each, course.span(place)) for place, each in enumerate(painted)]
    yield ChainStep("painted", tuple(painted), (True,) * len(painted))
    places = [place % clock.after == 0 for place in islice(rest.places, count)]
    yield ChainStep("frames", tuple(made["frames"][:count]), tuple(places[: len(made["frames"])]))
    yield ChainStep("viewed", tuple(viewed), tuple(places[: len(viewed)]))

"""The work that wants a graphics card: on a Space with ZeroGPU, each call asks for it."""

try:
    import spaces  # a Space with ZeroGPU wants to see it before torch
except ImportError:
    spaces = None

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from ..job import Job
from ..studio.studio import Studio
from ..studio.watch import Report, Step

Work = TypeVar("Work", bound=Callable[..., Any])


def gpu(seconds: Callable[..., float]) -> Callable[[Work], Work]:
    """On a Space with ZeroGPU: have the GPU for as long as a call is expected to take."""

    def decorate(work: Work) -> Work:
        return spaces.GPU(duration=seconds)(work) if spaces else work

    return decorate


def _seconds(studio: Studio, job: Job, *_: object) -> float:
    """GPU time for a render: what it is expected to take, and some."""
    plan = studio.plan(job)
    return min(300.0, 20 + 1.5 * (plan.seconds or 0.2 * plan.paintings))


@gpu(lambda *_: 30)
def paint_moment(studio: Studio, job: Job, moment: float) -> Any:
    """One moment, painted."""
    return studio.paint(job, moment)


@gpu(lambda *_: 60)
def paint_strip(
    studio: Studio, job: Job, moment: float, axis: str, values: list[Any]
) -> Iterator[Any]:
    """One moment, painted with each value of an axis."""
    yield from studio.strip(job, moment, axis, values)


@gpu(_seconds)
def render_clip(
    studio: Studio, job: Job, folder: Path, stop: Callable[[], bool]
) -> Iterator[Report]:
    """The clip, rendered into a folder: reports on the way."""
    yield from studio.render(job, folder, stop=stop)


def _all_seconds(studio: Studio, job: Job, *_: object) -> float:
    """GPU time for a comparison."""
    return min(300.0, 40 + 1.5 * (studio.longest(job) or 60))


@gpu(_all_seconds)
def compare_clip(
    studio: Studio, job: Job, folder: Path, stop: Callable[[], bool]
) -> Iterator[Step]:
    """The clip in every recipe, compared: steps on the way."""
    yield from studio.compare(job, folder, stop=stop)

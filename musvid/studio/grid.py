"""The tiles of a grid as stills of one moment, painted one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ..errors import Cancelled
from ..frame import Frame, closed
from ..job import Job
from .play import beginning
from .studio import Studio

_AROUND = 4  # paintings that a frame between keyframes may need


def stills(
    studio: Studio,
    jobs: Sequence[Job],
    moment: float,
    *,
    moves: bool = False,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[Frame]:
    """The same moment of every job, one by one, as its video shows it, at most 1080 pixels a side.

    jobs: of the same part of a song. moment: seconds from its beginning. moves: whether to show the
        video's own frame, which may lie between two paintings (see `Grid.moves`), rather than the
        moment painted. stop: asked before each picture.

    What was painted before is not painted again: of stills the studio keeps the last ones, of
    frames the store has the paintings. Raises Cancelled when stopped, and what painting raises.
    """
    for job in jobs:
        if stop():
            raise Cancelled("Stopped; what was painted is remembered, so that it goes on quickly.")
        yield framed(studio, job, moment) if moves else still(studio, job, moment)


def still(studio: Studio, job: Job, moment: float) -> Frame:
    """A moment painted, as the video shows it."""
    painted = studio.remembered(job, moment, lambda: studio.paint(job, moment))
    return studio.seen(job, painted, moment)


def framed(studio: Studio, job: Job, moment: float) -> Frame:
    """The frame that a job's video shows at a moment."""
    rest = beginning(job, job.clock.nearest(moment))
    with studio.attention.held(), closed(studio.pictures(rest)) as pictures:
        return next(pictures)


def paintings(jobs: Sequence[Job], *, moves: bool = False) -> list[Job]:
    """A job for every painting that stills need at most: views of one painting need one."""
    painted = [job for job in jobs if job.recipe.paints]
    if moves:
        return painted * _AROUND
    return list({job.recipe.unseen.to_json(): job for job in painted}.values())

"""The work that wants a graphics card: on a Space with ZeroGPU, each call asks for it.

ZeroGPU runs such a call in a process that it forks from the page's. Arguments and results are
pickled, and errors come back as another type. So what travels is plain data: a clip with its recipe
and a folder there, results with what was learnt on the way back, an error by its name and sentence.
The worker finds the studio of the page where the fork left it, in `_STUDIOS`.
"""

try:
    import spaces  # a Space with ZeroGPU wants to see it before torch
except ImportError:
    spaces = None

import logging
import os
import re
import traceback
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import gradio as gr

from .. import MODELS, MusvidError, Recipe, Song, Style, errors
from ..comparison.grid import Grid
from ..estimate import Lesson
from ..frame import Frame, closed
from ..job import Job, clock_of
from ..studio.clips import Clips
from ..studio.grid import stills
from ..studio.steps import ChainStep, steps
from ..studio.studio import Studio
from ..studio.visits import stopper
from ..studio.watch import Report, Step

Work = TypeVar("Work", bound=Callable[..., Any])

# The package is there on every Space, and does nothing but with ZeroGPU.
ZERO = spaces is not None and os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true")

_STUDIOS: WeakValueDictionary[int, Studio] = WeakValueDictionary()
_fit = {os.getpid()}  # the processes in which the locks of the studios are their own

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Clip:
    """What a worker needs to know of a job. studio: its number in `_STUDIOS`."""

    studio: int
    song: Song
    recipe: Recipe

    @property
    def job(self) -> Job:
        """The job, as it was resolved."""
        return Job(self.song, self.recipe, clock_of(self.recipe, self.song.duration))


@dataclass(frozen=True)
class Piece:
    """What a worker gives back.

    value: a result, if any. error: the name of musvid's error and its sentence; of another one, no
    name and the traceback. lessons: what the worker learnt since the last piece.
    """

    value: Any = None
    error: tuple[str, str] | None = None
    lessons: tuple[Lesson, ...] = ()


Pieces = Generator[Piece, None, None]


class WorkerError(RuntimeError):
    """What nobody foresaw in a worker: its traceback."""


def serve(studio: Studio) -> None:
    """Let workers find a studio. Only those know it that are forked afterwards."""
    _STUDIOS[id(studio)] = studio


def load_models(studio: Studio) -> None:
    """Load the models of the table, so that ZeroGPU keeps them at hand for every worker.

    It takes what is put on the card before the page starts, by the thread that imported it. What
    cannot be had now is told, and loaded by the worker that wants it.
    """
    for name in MODELS:
        try:
            studio.load(Style(model=name).resolve())
        except MusvidError as error:
            _log.warning("%s is not loaded: %s", name, error)


def paint_moment(studio: Studio, job: Job, moment: float) -> tuple[Frame, Frame]:
    """One moment: as it is painted, and as the video shows it."""

    def paint() -> Frame:
        if not ZERO:
            return studio.paint(job, moment)
        frame: Frame
        (frame,) = _received(studio, _paint(_clip(studio, job), moment))
        return frame

    painted = studio.remembered(job, moment, paint)
    return painted, studio.seen(job, painted, moment)


def paint_strip(
    studio: Studio, job: Job, moment: float, axis: str, values: list[Any]
) -> Iterator[Frame]:
    """One moment, painted with each value of an axis, and shown as the video shows it."""
    if ZERO:
        made = _received(studio, _strip(_clip(studio, job), moment, axis, values))
    else:
        made = studio.strip(job, moment, axis, values)
    for frame in made:
        yield studio.seen(job, frame, moment)


def show_steps(studio: Studio, job: Job, moment: float) -> Iterator[ChainStep]:
    """One moment through the whole chain, see `studio.steps`."""
    if ZERO:
        yield from _received(studio, _steps(_clip(studio, job), moment))
    else:
        yield from steps(studio, job, moment)


def render_clip(
    studio: Studio, job: Job, folder: Path, stop: Callable[[], bool]
) -> Iterator[Report]:
    """The clip, rendered into a folder of a visitor: reports on the way.

    stop: whether to stop, where the work is done in this process; another sees the visitor's wish.
    """
    if not ZERO:
        yield from studio.render(job, folder, stop=stop)
        return
    yield from _received(studio, _render(_clip(studio, job), folder))


def compare_clip(
    studio: Studio, job: Job, folder: Path, stop: Callable[[], bool]
) -> Iterator[Step]:
    """The clip in every recipe, compared: steps on the way. Parameters as for `render_clip`."""
    if not ZERO:
        yield from studio.compare(job, folder, stop=stop)
        return
    yield from _received(studio, _compare(_clip(studio, job), folder))


def paint_tiles(
    studio: Studio, jobs: list[Job], moment: float, moves: bool, folder: Path
) -> Iterator[Frame]:
    """One moment of every job, see `studio.grid.stills`. folder: of a visitor, for the stop."""
    if not ZERO:
        yield from stills(studio, jobs, moment, moves=moves, stop=stopper(folder))
        return
    yield from _received(studio, _tiles(_clips(studio, jobs), moment, moves, folder))


def film_tiles(studio: Studio, grid: Grid, jobs: list[Job], folder: Path) -> Iterator[Clips]:
    """The tiles of a grid in step, as a video in a folder of a visitor: reports on the way."""
    if not ZERO:
        yield from studio.in_step(grid, jobs, folder, stop=stopper(folder))
        return
    yield from _received(studio, _film(_clips(studio, jobs), grid, folder))


def _clips(studio: Studio, jobs: list[Job]) -> list[Clip]:
    return [_clip(studio, job) for job in jobs]


def _clip(studio: Studio, job: Job) -> Clip:
    return Clip(id(studio), job.song, job.recipe)


def _received(studio: Studio, pieces: Pieces) -> Iterator[Any]:
    """The results of a worker; the studio learns what the worker learnt. Raises its error."""
    failed = None
    try:
        with closing(pieces):
            for piece in pieces:
                studio.costs.learn(piece.lessons)
                failed = failed or piece.error
                if piece.value is not None:
                    yield piece.value
    except gr.Error as error:
        raise MusvidError(_refused(error)) from None
    if failed:
        name, text = failed
        raise (getattr(errors, name, MusvidError)(text) if name else WorkerError(text))


def _refused(error: gr.Error) -> str:
    """What ZeroGPU says when it gives no card, or takes it away."""
    said = re.sub(r"<[^>]*>", "", str(error.message))
    if error.title == "ZeroGPU worker error":
        _log.warning("A worker of ZeroGPU ended: %s", said)
        return (
            "The graphics card was taken away before this was done, as when its time is over; "
            "choose a shorter clip, or try again."
        )
    return said


# What is below runs in the worker.


def _on_card(seconds: Callable[..., float]) -> Callable[[Work], Work]:
    """With ZeroGPU: have the card for as long as a call is expected to take."""

    def decorate(work: Work) -> Work:
        return spaces.GPU(duration=seconds)(work) if ZERO else work

    return decorate


def _pieces(clip: Clip, work: Callable[[Studio, Job], Iterator[Any]]) -> Pieces:
    """Does some work for a clip; whatever happens becomes a piece."""
    try:
        studio = _here(clip)
        with closed(work(studio, clip.job)) as values:
            for value in values:
                yield Piece(value, lessons=studio.costs.noted())
    except MusvidError as error:
        yield Piece(error=(type(error).__name__, str(error)))
    except Exception:
        yield Piece(error=("", traceback.format_exc()))


def _here(clip: Clip) -> Studio:
    """The studio of a clip, made fit for this process."""
    if os.getpid() not in _fit:
        for studio in _STUDIOS.values():
            studio.renew()
        _fit.add(os.getpid())
    return _STUDIOS[clip.studio]


def _render_seconds(clip: Clip, _folder: Path) -> float:
    """What a render is expected to take, and some."""
    plan = _STUDIOS[clip.studio].plan(clip.job)
    return min(300.0, 20 + 1.5 * (plan.seconds or 0.2 * plan.paintings))


def _compare_seconds(clip: Clip, _folder: Path) -> float:
    return min(300.0, 40 + 1.5 * (_STUDIOS[clip.studio].longest(clip.job) or 60))


@_on_card(lambda *_: 30)
def _paint(clip: Clip, moment: float) -> Pieces:
    yield from _pieces(clip, lambda studio, job: iter([studio.paint(job, moment)]))


@_on_card(lambda *_: 60)
def _strip(clip: Clip, moment: float, axis: str, values: list[Any]) -> Pieces:
    yield from _pieces(clip, lambda studio, job: studio.strip(job, moment, axis, values))


@_on_card(lambda clips, *_: min(300, 20 + 5 * len(clips)))
def _tiles(clips: list[Clip], moment: float, moves: bool, folder: Path) -> Pieces:
    jobs = [clip.job for clip in clips]
    yield from _pieces(
        clips[0],
        lambda studio, _: stills(studio, jobs, moment, moves=moves, stop=stopper(folder)),
    )


@_on_card(lambda clips, _grid, folder: min(300, sum(_render_seconds(c, folder) for c in clips)))
def _film(clips: list[Clip], grid: Grid, folder: Path) -> Pieces:
    jobs = [clip.job for clip in clips]
    yield from _pieces(
        clips[0], lambda studio, _: studio.in_step(grid, jobs, folder, stop=stopper(folder))
    )


@_on_card(lambda *_: 60)
def _steps(clip: Clip, moment: float) -> Pieces:
    yield from _pieces(clip, lambda studio, job: steps(studio, job, moment))


@_on_card(_render_seconds)
def _render(clip: Clip, folder: Path) -> Pieces:
    yield from _pieces(clip, lambda studio, job: studio.render(job, folder, stop=stopper(folder)))


@_on_card(_compare_seconds)
def _compare(clip: Clip, folder: Path) -> Pieces:
    yield from _pieces(clip, lambda studio, job: studio.compare(job, folder, stop=stopper(folder)))

"""A render that can be watched: where it is, what it has made so far, and a video of that."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

from .._priority import in_background
from ..comparison.run import COMPARISON, Comparison, compare
from ..errors import Cancelled, MusvidError
from ..frame import Frame
from ..job import Job
from ..paint.brush import Brush
from ..rendering import STAGES, film, render
from ..song import Song
from ..store import Store
from .spool import Spool

R = TypeVar("R")

_FIRST_LOOK = 2  # seconds of video that are worth a look
_PROMPT = 0.1  # seconds between two looks at whether to stop
_ASIDE = 0.2  # seconds that work is given to end; after that it ends by itself
_PREVIEW = 480  # pixels of a preview's longer side, at most
_PLAYED = (".mp4", ".webm")  # by every browser
_SOON = 30.0  # seconds
_AGAIN = 3  # a new preview is made when there are this many times as many frames as in the last one


@dataclass(frozen=True)
class Report:
    """Where a render is.

    folder: of the render. done, totals: frames per stage.
    left: seconds until the end, or None while unknown. video: the video or preview so far.
    finished: whether this is the last report. stopped: whether it was stopped early, and the video
    holds what was finished. late: the limit of seconds that stopped it, where it was one. workers:
    how many workers of a cluster do what, where one paints. seen: the video as a browser plays it,
    where that is another file.
    """

    folder: Path
    done: Mapping[str, int] = field(default_factory=dict)
    totals: Mapping[str, int] = field(default_factory=dict)
    left: float | None = None
    video: Path | None = None
    finished: bool = False
    stopped: bool = False
    late: float | None = None
    workers: Mapping[str, int] = field(default_factory=dict)
    seen: Path | None = None

    def frames(self, stage: str, most: int) -> list[Path]:
        """At most so many finished frames of a stage, evenly spaced: at the end from the first to
        the last, before that so that the next report has the same ones and few more.

        They are files of pictures, made when they are first asked for.
        """
        done = self.done.get(stage, 0)
        if not self.finished:
            apart = 1
            while -(-done // apart) > most:
                apart *= 2
            return Spool(self.folder).tiles(stage, list(range(0, done, apart)))
        count = min(done, most)
        indices = {round(index * (done - 1) / max(1, count - 1)) for index in range(count)}
        return Spool(self.folder).tiles(stage, sorted(indices))

    @property
    def newest(self) -> tuple[int, Frame] | None:
        """The newest frame of the last stage, and its number; None before there is one."""
        made = self.done.get(STAGES[-1], 0)
        frames = Spool(self.folder).read(STAGES[-1], range(made - 1, made))
        return next(((made - 1, frame) for frame in frames), None)

    @property
    def stage(self) -> str:
        """What is waited for: of the stages that the last one draws from, the furthest behind."""
        left = {name: self.done[name] / total for name, total in self.totals.items()}
        open_ones = [name for name, part in left.items() if part < 1 and name != STAGES[-1]]
        return min(open_ones, key=lambda name: left[name], default=STAGES[-1] if left else "")


def watch(
    job: Job,
    folder: Path,
    *,
    stop: Callable[[], bool],
    painter: Brush | None = None,
    store: Store | None = None,
    device: str = "auto",
    encoder: str = "auto",
    expected: float | None = None,
    every: float = 0.5,
    over: threading.Event | None = None,
    most: float | None = None,
) -> Iterator[Report]:
    """Render a song's part into a folder, with a report every so many seconds, and a last one.

    folder: an empty one; ``video.mp4`` and the frames of all stages (see `Spool`) are written into
        it.
    stop: asked before every report; when it says so, what is finished becomes the video, and the
        render ends.
    expected: estimated seconds, from which `left` is taken before any frame was counted.
    over: is cleared while the render works. After a stop that may be longer than the generator
        lives, since a painting that was begun goes on, and nobody has to wait for it.
    most: bytes that the frames may take.

    Closing the generator ends the render. Raises what `render` raises; when it is stopped before
    the video's first second is there, Cancelled.
    """
    over = over or threading.Event()
    spool = Spool(folder, most)
    work = _Work(job, spool, over, painter=painter, store=store, device=device, encoder=encoder)
    began = time.monotonic()
    try:
        for stopped in _looks(work.over, stop, every):
            if stopped:
                work.cancel.set()
                yield replace(work.report(time.monotonic() - began, None), stopped=True)
                work.over.wait(_ASIDE)
                break
            yield work.report(time.monotonic() - began, expected)
        if work.cancel.is_set() and not work.succeeded:
            yield work.rest()
            return
        if work.error is not None:
            raise work.error
        yield work.last()
    finally:
        work.cancel.set()
        # Not waited for: whoever closes this may be the thread that answers everybody.
        work.over.wait(_ASIDE)


@dataclass(frozen=True)
class Step:
    """Where a comparison is.

    stage: one of `COMPARISON`, of which done of total are made. comparison: what came of it, in the
    last report only.
    """

    stage: str = COMPARISON[0]
    done: int = 0
    total: int = 0
    comparison: Comparison | None = None

    @property
    def part(self) -> float:
        """How much of all stages is done, 0 to 1; each counts alike."""
        if self.comparison:
            return 1.0
        before = COMPARISON.index(self.stage)
        return (before + self.done / max(1, self.total)) / len(COMPARISON)


def watch_comparison(
    job: Job,
    folder: Path,
    *,
    stop: Callable[[], bool],
    painter: Brush | None = None,
    store: Store | None = None,
    device: str = "auto",
    encoder: str = "auto",
    every: float = 0.5,
    over: threading.Event | None = None,
) -> Iterator[Step]:
    """Compare the recipes into a folder, with a report every so many seconds, and a last one.

    folder: ``comparison.mp4``, ``.png`` and ``.json`` are written into it. stop: asked all the
    time; when it says so, Cancelled is raised. over: as for `watch`.

    Closing the generator ends the comparison. Raises what `compare` raises.
    """

    def work(cancel: threading.Event, tell: Callable[[Step], None]) -> Step:
        made = compare(
            job,
            output=folder / "comparison.mp4",
            progress=lambda *counted: tell(Step(*counted)),
            cancel=cancel,
            painter=painter,
            store=store,
            device=device,
            encoder=encoder,
        )
        return Step(comparison=made)

    yield from behind(work, Step(), "compare", stop=stop, every=every, over=over)


def behind(
    work: Callable[[threading.Event, Callable[[R], None]], R],
    first: R,
    name: str,
    *,
    stop: Callable[[], bool],
    every: float = 0.5,
    over: threading.Event | None = None,
) -> Iterator[R]:
    """Does the work of a comparison in a thread; yields its report every so many seconds.

    work: is given the event that asks it to end early, and what it tells a report to; it gives the
    last one, which is yielded as well. first: the report before it has told any. name: of the
    thread. stop: asked all the time; when it says so, Cancelled is raised. over: as for `watch`.

    Closing the generator ends the work. Raises what the work raises.
    """
    cancel, over = threading.Event(), over or threading.Event()
    over.clear()
    last, failed = [first], list[BaseException]()

    def tell(report: R) -> None:
        last[0] = report

    def whole() -> None:
        try:
            tell(work(cancel, tell))
        except BaseException as error:
            failed.append(error)
        finally:
            over.set()

    in_background(whole, name)
    try:
        for stopped in _looks(over, stop, every):
            if stopped:
                raise Cancelled(
                    "The comparison was stopped; what was painted is remembered, so that it goes "
                    "on quickly."
                )
            yield last[0]
        if failed:
            raise failed[0]
        yield last[0]
    finally:
        cancel.set()
        over.wait(_ASIDE)


def _looks(over: threading.Event, stop: Callable[[], bool], every: float) -> Iterator[bool]:
    """While work goes on: yields False at intervals, and True when it is to stop.

    over: is set when the work has ended. stop: is asked more often than that.
    """
    due = time.monotonic() + every
    while not over.wait(min(every, _PROMPT)):
        if stop():
            yield True
        elif time.monotonic() >= due:
            due = time.monotonic() + every
            yield False


class _Work:
    """A render in a thread, and the previews of it."""

    def __init__(
        self,
        job: Job,
        spool: Spool,
        over: threading.Event,
        *,
        painter: Brush | None,
        store: Store | None,
        device: str,
        encoder: str,
    ) -> None:
        folder, self._encoder = spool.folder, encoder
        self.job, self.folder, self._spool = job, folder, spool
        self._finished = folder / f"video{job.target.kinds[0].ending}"
        self.cancel, self.over = threading.Event(), over
        over.clear()
        self.error: BaseException | None = None
        self.succeeded = False
        self._done: dict[str, int] = {}
        self._totals: dict[str, int] = {}
        self._preview: Path | None = None
        self._next_preview = _FIRST_LOOK
        self._making: threading.Thread | None = None

        def work() -> None:
            try:
                render(
                    job,
                    output=self._finished,
                    progress=self._progress,
                    cancel=self.cancel,
                    tap=self._spool.add,
                    painter=painter,
                    store=store,
                    device=device,
                    encoder=encoder,
                )
                self.succeeded = True
            except BaseException as error:
                self.error = error
            finally:
                if self._making:
                    self._making.join()
                self._spool.close()
                self.over.set()

        in_background(work, "render")

    def _progress(self, stage: str, done: int, total: int) -> None:
        self._totals[stage] = total
        self._done[stage] = done

    def report(self, elapsed: float, expected: float | None) -> Report:
        """Where it is now; a preview is begun when there is enough for a new one."""
        done, totals = dict(self._done), dict(self._totals)
        made, wanted = done.get("frames", 0), self.job.clock.frames
        left = None if expected is None else max(1.0, expected - elapsed)
        if made > max(4, wanted // 50):
            left = elapsed * (wanted - made) / made
        idle = self._making is None or not self._making.is_alive()
        seconds = made / self.job.clock.rate
        # A longer one is not worth its work where the whole video is there soon.
        idle = idle and not (self._preview and left is not None and left < _SOON)
        if idle and self._next_preview <= seconds < self.job.song.duration - 1:
            self._next_preview = int(seconds * _AGAIN)
            self._making = in_background(lambda: self._look(made), "preview")
        return Report(self.folder, done, totals, left, self._preview)

    def _look(self, count: int) -> None:
        """Make a video of the first frames. If that fails, the render goes on without a preview."""
        path = self.folder / f"preview-{count}.mp4"
        with contextlib.suppress(MusvidError):
            self._preview = self._write(count, path, most=_PREVIEW)

    def _write(self, count: int, path: Path, *, most: int | None = None) -> Path:
        part = _beginning(self.job.song, count / self.job.clock.rate)
        recipe = replace(
            self.job.recipe,
            start=part.first / part.rate,
            duration=part.samples / part.rate,
        )
        frames = self._spool.read("frames", range(count))
        return film(
            frames,
            self.job,
            path,
            song=part,
            settings=recipe.to_json(),
            most=most,
            encoder=self._encoder,
        )

    def rest(self) -> Report:
        """What a stopped render leaves: the video as far as it came."""
        if self._making:
            self._making.join()
        done, totals = dict(self._done), dict(self._totals)
        count = done.get("frames", 0)
        if count < self.job.clock.rate and count < self.job.clock.frames:
            raise Cancelled(
                "The render was stopped before there was a second to keep; what was painted is "
                "remembered, so that it goes on quickly."
            )
        path = self._write(count, self.folder / "video.mp4")
        return Report(self.folder, done, totals, 0.0, path, finished=True, stopped=True)

    def last(self) -> Report:
        """The report of a finished render."""
        done, path, seen = dict(self._done), self._finished, None
        if path.suffix not in _PLAYED:
            count = sum(1 for _ in self._spool.read("frames"))
            with contextlib.suppress(MusvidError):
                seen = (
                    self._write(count, self.folder / "seen.mp4", most=_PREVIEW) if count else None
                )
        return Report(self.folder, done, dict(self._totals), 0.0, path, finished=True, seen=seen)


def _beginning(song: Song, seconds: Fraction) -> Song:
    return replace(song, samples=min(song.samples, max(1, int(seconds * song.rate))))

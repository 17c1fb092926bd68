"""How far the command line is: bars of a render's stages, and of downloads."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

from .errors import Cancelled
from .job import Job
from .paint.downloads import Download, Logged, fetch
from .paint.style import Style
from .rendering import STAGES

if TYPE_CHECKING:
    import argparse

    from tqdm import tqdm


class Bars:
    """A progress bar per stage; each tells how long it will still take.

    first: the line of the first one, counted from where the cursor is. leave: whether they stay
    when they are closed.
    """

    def __init__(self, stages: Sequence[str], *, first: int = 0, leave: bool = True) -> None:
        self._stages, self._first, self._leave = stages, first, leave
        self._width = max(map(len, stages))
        self._bars: dict[str, tqdm[Any]] = {}

    def __call__(self, stage: str, done: int, total: int) -> None:
        from tqdm import tqdm

        if stage not in self._bars:
            self._bars[stage] = tqdm(
                total=total,
                desc=f"{stage:>{self._width}}",
                unit="frame",
                position=self._first + self._stages.index(stage),
                leave=self._leave,
                file=sys.stderr,
                dynamic_ncols=True,
                mininterval=0.5,
                maxinterval=0.5,
                miniters=1,
            )
        bar = self._bars[stage]
        bar.update(done - bar.n)

    def close(self) -> None:
        for stage in self._stages:  # from top to bottom, so that they stay in this order
            if stage in self._bars:
                self._bars[stage].close()


class AlbumBars:
    """A bar of the songs of an album, and below it those of the stages of the song at hand.

    Where several songs are rendered at a time, the stages are those of the one that was begun
    first. May be called from several threads.

    count: songs of the album. done: how many of them are there already. states: how many workers of
    a cluster do what, if there is one.
    """

    def __init__(
        self, count: int, done: int, states: Callable[[], Counter[str]] | None = None
    ) -> None:
        from tqdm import tqdm

        self._states = states
        self._songs = tqdm(
            total=count,
            initial=done,
            desc=f"{'songs':>{max(map(len, STAGES))}}",
            unit="song",
            file=sys.stderr,
            dynamic_ncols=True,
        )
        self._now: str | None = None
        self._bars: Bars | None = None
        self._lock = threading.Lock()

    def __call__(self, song: str, stage: str, done: int, total: int) -> None:
        """How far a stage of a song is."""
        with self._lock:
            if self._now is None:
                self._now, self._bars = song, Bars(STAGES, first=1, leave=False)
                self._songs.set_postfix_str(song, refresh=False)
            if self._states:
                self._songs.set_postfix_str(_workers(self._states()), refresh=False)
            if self._now == song and self._bars:
                self._bars(stage, done, total)

    def finished(self, song: str) -> None:
        """A song is rendered, or cannot be."""
        with self._lock:
            if self._now == song:
                self._clear()
            self._songs.update()

    def close(self) -> None:
        """Take the stages' bars away; that of the songs stays."""
        with self._lock:
            self._clear()
            self._songs.close()

    def _clear(self) -> None:
        if self._bars:
            self._bars.close()
        self._now = self._bars = None
        self._songs.set_postfix_str("", refresh=False)


class OneBar:
    """A bar for a render on a cluster: frames of the video, paintings, and what the workers do.

    states: how many workers do what, see `musvid.cluster.Cluster.states`.
    """

    def __init__(self, states: Callable[[], Counter[str]]) -> None:
        self._states = states
        self._bar: tqdm[Any] | None = None
        self._painted = ""

    def __call__(self, stage: str, done: int, total: int) -> None:
        from tqdm import tqdm

        if stage == "painted":
            self._painted = f"{done} of {total} painted"
        if stage == STAGES[-1]:
            if self._bar is None:
                self._bar = tqdm(
                    total=total, unit="frame", file=sys.stderr, dynamic_ncols=True, mininterval=0.5
                )
            self._bar.update(done - self._bar.n)
        if self._bar is not None:
            told = f"{self._painted}; {_workers(self._states())}"
            self._bar.set_postfix_str(told, refresh=stage == "painted")

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()


def _workers(states: Counter[str]) -> str:
    """What the workers of a cluster do, in words."""
    return "workers: " + ", ".join(f"{states[name]} {name}" for name in sorted(states))


class Downloading:
    """How far downloads are: a bar for each where a terminal shows it, else a few lines."""

    def __init__(self, quiet: bool) -> None:
        self._bars: dict[str, tqdm[Any]] = {}
        self._quiet = quiet
        self._log = None if sys.stderr.isatty() else Logged()
        self.last: Download | None = None

    def __call__(self, download: Download) -> None:
        from tqdm import tqdm

        self.last = download
        if self._quiet:
            return
        if self._log:
            self._log(download)
            return
        name = download.name
        if name not in self._bars:
            # What is there already counts for the bar, and not for its speed.
            self._bars[name] = tqdm(
                total=download.total,
                initial=download.done,
                desc=f"Downloading {name}",
                unit="B",
                unit_scale=True,
                file=sys.stderr,
                dynamic_ncols=True,
                mininterval=0.2,
            )
        bar = self._bars[name]
        bar.update(download.done - bar.n)

    def close(self) -> None:
        for bar in self._bars.values():
            bar.close()


def fetch_all(jobs: Iterable[Job], options: argparse.Namespace) -> None:
    """Download what the models of jobs lack. Raises ModelError, and Cancelled for Ctrl-C."""
    fetch_styles([job.style for job in jobs if job.recipe.paints], quiet=options.quiet)


def fetch_styles(found: Iterable[Style], *, quiet: bool) -> None:
    """Download what the models of styles lack. Raises ModelError, and Cancelled for Ctrl-C."""
    styles = {style.made_of: style for style in found}
    begun = Downloading(quiet)
    with closing(begun):
        try:
            for style in styles.values():
                fetch(style, begun)
        except KeyboardInterrupt:
            if begun.last is None:
                raise
            raise Cancelled(
                f"Stopped; what is here of {begun.last.name} stays, and the next time its download "
                "goes on there."
            ) from None

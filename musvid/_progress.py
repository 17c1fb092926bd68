"""How far the command line is: bars of a render's stages, and of downloads."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

from .errors import Cancelled
from .job import Job
from .paint.downloads import Download, Logged, fetch
from .rendering import STAGES

if TYPE_CHECKING:
    import argparse

    from tqdm import tqdm


class Bars:
    """A progress bar per stage; each tells how long it will still take."""

    def __init__(self, stages: Sequence[str]) -> None:
        self._stages = stages
        self._width = max(map(len, stages))
        self._bars: dict[str, tqdm[Any]] = {}

    def __call__(self, stage: str, done: int, total: int) -> None:
        from tqdm import tqdm

        if stage not in self._bars:
            self._bars[stage] = tqdm(
                total=total,
                desc=f"{stage:>{self._width}}",
                unit="frame",
                position=self._stages.index(stage),
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
            states = self._states()
            workers = ", ".join(f"{states[name]} {name}" for name in sorted(states))
            self._bar.set_postfix_str(
                f"{self._painted}; workers: {workers}", refresh=stage == "painted"
            )

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()


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
    styles = {job.style.made_of: job.style for job in jobs if job.recipe.paints}
    begun = Downloading(options.quiet)
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

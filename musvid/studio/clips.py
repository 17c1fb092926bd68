"""The clips of a grid, rendered and shown in step, with reports on the way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..comparison.grid import Grid
from ..comparison.in_step import CLIPS, Painters, in_step
from ..job import Job
from ..store import Store
from .watch import behind

_RENDERED = 0.8  # of the time, in which clips are rendered; then they are put side by side


@dataclass(frozen=True)
class Clips:
    """Where the clips of a grid are.

    stage: one of `IN_STEP`, of which done of total frames are made. video: all in step, in the last
    report only.
    """

    stage: str = CLIPS
    done: int = 0
    total: int = 0
    video: Path | None = None

    @property
    def part(self) -> float:
        """How much of all is done, 0 to 1."""
        if self.video:
            return 1.0
        part = self.done / max(1, self.total)
        return _RENDERED * part if self.stage == CLIPS else _RENDERED + (1 - _RENDERED) * part


def watch_grid(
    grid: Grid,
    jobs: Sequence[Job],
    folder: Path,
    *,
    stop: Callable[[], bool],
    painters: Painters,
    store: Store | None = None,
    device: str = "auto",
    encoder: str = "auto",
    every: float = 0.5,
    over: threading.Event | None = None,
) -> Iterator[Clips]:
    """Show the tiles of a grid in step, with a report every so many seconds, and a last one.

    folder: ``grid.mp4`` is written into it. stop: asked all the time; when it says so, Cancelled is
    raised. over: as for `watch.watch`. Others: as for `musvid.comparison.in_step.in_step`.

    Closing the generator ends the work. Raises what `in_step` raises.
    """

    def work(cancel: threading.Event, tell: Callable[[Clips], None]) -> Clips:
        made = in_step(
            grid,
            jobs,
            folder / "grid.mp4",
            progress=lambda *counted: tell(Clips(*counted)),
            cancel=cancel,
            painters=painters,
            store=store,
            device=device,
            encoder=encoder,
        )
        return Clips(video=made)

    yield from behind(work, Clips(), "grid", stop=stop, every=every, over=over)

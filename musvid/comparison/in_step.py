"""A grid for a song: its recipes resolved, rendered and shown in step, or one moment as a sheet."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from itertools import islice
from pathlib import Path

from ..errors import OutputError, SettingsError, quoted
from ..frame import Frame, closed
from ..job import Job, resolve
from ..paint.brush import Brush
from ..paint.style import Style
from ..recipe import Recipe
from ..rendering import Progress, render
from ..song import Song
from ..store import Store
from ..video import file as video
from ..video.grid import grid as side_by_side
from ..video.grid import sheet
from ..video.naming import is_video_of_ours, stem_of, unused
from .chart import is_chart, save_picture
from .grid import Grid
from .run import appear, only_frames, temporary, watched

CLIPS, SIDE_BY_SIDE = IN_STEP = ("clips", "grid")
"""The stages of `in_step`: the frames of all clips, and those of the video of all."""

Painters = Callable[[Style], AbstractContextManager[Brush]]


def jobs_of(grid: Grid, recipe: Recipe, song: Song) -> list[Job]:
    """The job of every tile, row by row, for a part of a song. Raises what `resolve` raises."""
    return [resolve(each, song) for each in grid.recipes(recipe)]


def check_grid_output(output: str | os.PathLike[str], *, picture: bool) -> Path:
    """The path of a grid's video, or of its picture. Raises OutputError or SettingsError."""
    path = Path(output)
    if not picture:
        return video.check_output(path)
    if path.suffix.lower() != ".png":
        raise SettingsError(
            f"The picture of a grid must end in .png; {quoted(path.name)} does not."
        )
    video.check_output(path.with_suffix(".mp4"))  # the folder, and whether it can be written
    if path.is_dir() or (path.exists() and not os.access(path, os.W_OK)):
        raise OutputError(f"{path} is in the way; choose another name for the output.")
    return path


def grid_output(
    song: Song,
    output: str | os.PathLike[str] | None = None,
    *,
    picture: bool,
    overwrite: bool = False,
) -> Path:
    """The file of a grid: by default ``SONG.grid.mp4`` or ``.png`` in the current folder, or a
    similar name where a file is there which musvid did not make.

    Raises OutputError or SettingsError where it cannot be written, or is the song.
    """
    name = Path(f"{stem_of(song.path)}.grid.{'png' if picture else 'mp4'}")
    if output is None and not overwrite:
        (name,) = unused([name], is_chart if picture else is_video_of_ours, keep=song.path)
    path = check_grid_output(output or name, picture=picture)
    if path.exists() and path.samefile(song.path):
        raise OutputError(f"The output {path} is the song itself; choose another name.")
    return path


def in_step(
    grid: Grid,
    jobs: Sequence[Job],
    output: Path,
    *,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
    painters: Painters | None = None,
    device: str = "auto",
    precision: str = "auto",
    encoder: str = "auto",
    fast: str = "auto",
    store: Store | None = None,
    flavr_weights: str | os.PathLike[str] | None = None,
) -> Path:
    """Render every tile of a grid, and show all of them in step, with labels and the song.

    jobs: as `jobs_of` gives them. output: an ``.mp4``, see `grid_output`; it appears when it
        is complete. progress: called with (stage, done, total), see `IN_STEP`. painters: the loaded
        model of a style as a context; by default `render` loads it. Others: as for
        `musvid.compare`. A model is used for all its tiles before the next one.

    Raises a subclass of MusvidError, and then leaves no file.
    """
    total = sum(job.file_frames for job in jobs)
    last = max(jobs, key=lambda job: job.file_rate)
    videos: dict[int, Path] = {}
    with temporary() as folder:
        store = store or Store(folder / "cache")
        styles = list(dict.fromkeys(job.style.made_of for job in jobs))
        order = sorted(range(len(jobs)), key=lambda tile: styles.index(jobs[tile].style.made_of))
        before = 0
        for tile in order:
            job = jobs[tile]
            loaded = painters(job.style) if painters and job.recipe.paints else nullcontext()
            with loaded as painter:
                videos[tile] = render(
                    job,
                    output=folder / f"{tile}.mp4",
                    progress=only_frames(progress, CLIPS, before, total),
                    cancel=cancel,
                    painter=painter,
                    device=device,
                    precision=precision,
                    encoder=encoder,
                    fast=fast,
                    store=store,
                    flavr_weights=flavr_weights,
                )
            before += job.file_frames
        paths = [videos[tile] for tile in range(len(jobs))]
        part, count = folder / "all.mp4", last.file_frames
        with closing(side_by_side(paths, grid.captions(), columns=grid.columns)) as pictures:
            shown: Iterator[Frame] = watched(
                islice(pictures, count), SIDE_BY_SIDE, count, progress, cancel
            )
            with closed(shown):
                video.write(
                    shown,
                    last.song,
                    last.clock,
                    part,
                    rate=last.file_rate,
                    settings=jobs[0].recipe.to_json(),
                    encoder=encoder,
                )
        appear({part: output})
    return output


def save_sheet(grid: Grid, pictures: Sequence[Frame], path: Path) -> Path:
    """Write the pictures of a grid's tiles as one PNG with labels. Raises OutputError."""
    return save_picture(sheet(pictures, grid.captions(), columns=grid.columns), path)

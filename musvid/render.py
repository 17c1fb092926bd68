"""The whole chain: a song in, a music video out, with progress and cancelling."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np

from . import spectrum, video
from .clock import every
from .diffuse import Painter, diffuse
from .errors import Cancelled, OutputError
from .interpolate import between
from .recipe import Recipe
from .song import Song

Frame = np.ndarray  # uint8, (height, width, 3), RGB
Progress = Callable[[str, int, int], None]

STAGES = ("spectrum", "guides", "painted", "frames")
"""The stages of a render, in order, as `Progress` and the folders of frames name them."""


def render(
    song: Song | str | os.PathLike[str],
    recipe: Recipe | None = None,
    output: str | os.PathLike[str] | None = None,
    *,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
    frames_dir: str | os.PathLike[str] | None = None,
    painter: Painter | None = None,
    device: str = "auto",
) -> Path:
    """Turn a song into a music video.

    song: a sound file, of which the recipe's start and duration are used; or a `Song`, which is
        used as it was cut.
    recipe: every setting; by default the hybrid recipe with the embedded model.
    output: the video, ``.mp4``; by default the song's name in the current folder.
    progress: called with (stage, done, total) whenever a stage has made a frame; the stages are
        `STAGES`, and they advance together.
    cancel: when this event is set, the render stops before its next frame.
    frames_dir: a folder in which every stage's frames are written as PNGs, too.
    painter: a loaded model to use again; it must be that of the recipe.
    device: "auto", "cpu", "cuda" or "mps".

    Returns the path of the video. Raises a subclass of MusvidError, and then leaves no video.
    """
    recipe = (recipe or Recipe()).resolve()
    if not isinstance(song, Song):
        song = Song.open(song, start=recipe.start, duration=recipe.duration)
    else:
        to_end = song.first + song.samples == song.total
        recipe = replace(
            recipe,
            start=song.first / song.rate,
            duration=None if to_end else song.samples / song.rate,
        )
    path = video.check_output(output if output is not None else f"{song.path.stem}.mp4")
    if path.exists() and path.samefile(song.path):
        raise OutputError(f"The output {path} is the song itself; choose another name.")
    folders = _frame_folders(frames_dir)
    clock, style, size = recipe.clock(song.duration), recipe.style, recipe.size
    assert size is not None and recipe.upscale is not None
    if style.strength and painter is None:
        painter = Painter(style, device=device)

    totals = dict(
        zip(STAGES, (clock.drawn, clock.painted, clock.painted, clock.frames), strict=True)
    )

    def watched(frames: Iterable[Frame], stage: str) -> Iterator[Frame]:
        """A stage's frames, as many as are wanted: counted, saved, and stoppable."""
        if progress:
            progress(stage, 0, totals[stage])
        for index, frame in enumerate(islice(frames, totals[stage])):
            if cancel is not None and cancel.is_set():
                raise Cancelled("The render was stopped.")
            if folders:
                _save(frame, folders[stage] / f"{index:06d}.png")
            if progress:
                progress(stage, index + 1, totals[stage])
            yield frame

    with ExitStack() as stack:

        def stage(frames: Iterator[Frame], name: str) -> Iterator[Frame]:
            # Closed explicitly, the last stage first: the traceback of an error would keep
            # generators, and the processes behind them, alive.
            stack.callback(getattr(frames, "close", lambda: None))
            return stack.enter_context(closing(watched(frames, name)))

        fill = recipe.interpolator
        drawn = stage(spectrum.draw(song, recipe.look, clock, size=size), "spectrum")
        keyframes = every(drawn, recipe.stride)
        guides = stage(between(keyframes, recipe.before, interpolator=fill), "guides")
        painted = stage(diffuse(guides, style, painter=painter), "painted")
        frames = stage(between(painted, recipe.after, interpolator=fill), "frames")
        settings = recipe.to_json()
        return video.write(frames, song, clock, path, upscale=recipe.upscale, settings=settings)


def _frame_folders(folder: str | os.PathLike[str] | None) -> dict[str, Path]:
    """Make the folders of the stages' frames. Raises OutputError when they hold something."""
    if folder is None:
        return {}
    folders = {stage: Path(folder) / stage for stage in STAGES}
    for path in folders.values():
        try:
            path.mkdir(parents=True, exist_ok=True)
            occupied = any(path.iterdir())
        except OSError as error:
            raise OutputError(f"The folder {path} cannot be made ({error.strerror}).") from None
        if occupied:
            raise OutputError(f"The folder {path} is not empty; choose another for the frames.")
    return folders


def _save(frame: Frame, path: Path) -> None:
    from PIL import Image

    try:
        Image.fromarray(frame).save(path, compress_level=1)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise OutputError(f"The frame {path} cannot be written ({error.strerror}).") from None

"""The whole chain: a song in, a music video out, with progress and cancelling."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import cache, partial
from importlib.metadata import version
from itertools import islice
from pathlib import Path

from . import _ffmpeg, interpolate
from .clock import every
from .errors import Cancelled, OutputError
from .frame import Frame, closed, frame_path, save_frame
from .job import Job, prepare
from .paint import models
from .paint.painter import Painter, diffuse
from .recipe import Recipe
from .song import Song
from .spectrum import showcqt as spectrum
from .store import Store, address, content_of
from .video import file as video

Progress = Callable[[str, int, int], None]
_log = logging.getLogger(__name__)

STAGES = ("spectrum", "guides", "painted", "frames")
"""The stages of a render, in order, as `Progress` and the folders of frames name them."""


def render(
    song: Song | Job | str | os.PathLike[str],
    recipe: Recipe | None = None,
    output: str | os.PathLike[str] | None = None,
    *,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
    frames_dir: str | os.PathLike[str] | None = None,
    tap: Callable[[str, int, Frame], None] | None = None,
    painter: Painter | None = None,
    device: str = "auto",
    store: Store | None = None,
    flavr_weights: str | os.PathLike[str] | None = None,
) -> Path:
    """Turn a song into a music video.

    song: a sound file, of which the recipe's start and duration are used; a `Song`, which is used
        as it was cut; or a `Job`, which has its recipe in it.
    recipe: every setting; by default the hybrid recipe with the embedded model.
    output: the video, ``.mp4``; by default the song's name in the current folder.
    progress: called with (stage, done, total) whenever a stage has made a frame; the stages are
        `STAGES`, and they advance together.
    cancel: when this event is set, the render stops before its next frame.
    frames_dir: a folder in which every stage's frames are written as PNGs, too.
    tap: called with (stage, number, frame) for every frame of every stage; it must not change them.
    painter: a loaded model to use again; it must be that of the recipe.
    device: "auto", "cpu", "cuda" or "mps".
    store: finished frames of earlier renders; this one's are added. What it holds is not drawn,
        painted or encoded again.
    flavr_weights: for the interpolator "flavr", see `musvid.between`. It belongs to the machine
        rather than to the recipe, and is not stored in the video.

    Returns the path of the video. Raises a subclass of MusvidError, and then leaves no video.
    """
    job = prepare(song, recipe)
    song, recipe, clock, style = job.song, job.recipe, job.clock, job.recipe.style
    path = video.check_output(output if output is not None else f"{song.path.stem}.mp4")
    if path.exists() and path.samefile(song.path):
        raise OutputError(f"The output {path} is the song itself; choose another name.")
    folders = _frame_folders(frames_dir)
    totals = dict(
        zip(STAGES, (clock.drawn, clock.painted, clock.painted, clock.frames), strict=True)
    )
    addresses = _Addresses.of(job, device, flavr_weights) if store else None
    looked_at = folders or tap
    if store and addresses and not looked_at and (finished := store.video(addresses.video)):
        if progress:
            for name in STAGES:
                progress(name, totals[name], totals[name])
        return video.copy(finished, path)
    strokes = job.strokes() if recipe.paints else None
    if recipe.paints and painter is None and not store:
        painter = Painter(style, device=device)

    def watched(frames: Iterable[Frame], stage: str) -> Iterator[Frame]:
        """A stage's frames, as many as are wanted: counted, saved, and stoppable."""
        if progress:
            progress(stage, 0, totals[stage])
        for index, frame in enumerate(islice(frames, totals[stage])):
            if cancel is not None and cancel.is_set():
                raise Cancelled("The render was stopped.")
            if folders:
                save_frame(frame, frame_path(folders[stage], index))
            if tap:
                tap(stage, index, frame)
            if progress:
                progress(stage, index + 1, totals[stage])
            yield frame

    with ExitStack() as stack:

        def stage(frames: Iterator[Frame], name: str) -> Iterator[Frame]:
            # Closed explicitly, the last stage first: the traceback of an error would keep
            # generators, and the processes behind them, alive.
            stack.callback(getattr(frames, "close", lambda: None))
            return stack.enter_context(closed(watched(frames, name)))

        fill = partial(
            interpolate.between,
            interpolator=recipe.interpolator,
            weights=flavr_weights,
            device=device,
        )
        draw = partial(spectrum.draw, song, recipe.look, clock, size=job.size)
        # With a store, the model is loaded when there is something to paint.
        load = cache(lambda: painter or Painter(style, device=device))
        if store and addresses:
            draw = partial(store.spectrum, addresses.spectrum, clock.drawn, draw)

        def paint(frames: Iterator[Frame]) -> Iterator[Frame]:
            if not recipe.paints:
                return frames
            if not store or not addresses:
                return diffuse(frames, style, painter=painter, strokes=strokes)
            known = addresses.paintings
            if strokes is None:
                return store.paintings(frames, known, lambda rest: load().paint(rest, style))
            return store.paintings(
                frames, known, lambda rest: load().paint_each(rest, style), strokes
            )

        drawn = stage(draw(), "spectrum")
        keyframes = every(drawn, clock.stride)
        guides = stage(islice(fill(keyframes, recipe.before), clock.unpainted, None), "guides")
        painted = stage(paint(guides), "painted")
        made = fill(painted, recipe.after, painted=recipe.paints)
        frames = stage(interpolate.retime(made, clock.places), "frames")
        settings = recipe.to_json()
        video.write(frames, song, clock, path, upscale=job.upscale, settings=settings)
    if store and addresses:
        try:
            store.keep_video(addresses.video, path)
        except OutputError as error:
            _log.warning("%s", error)  # the video itself is finished
    return path


@dataclass(frozen=True)
class _Addresses:
    """Where a store keeps what a render makes; hashes of all that reaches each stage."""

    spectrum: str
    paintings: str
    video: str

    @classmethod
    def of(cls, job: Job, device: str, flavr_weights: str | os.PathLike[str] | None) -> _Addresses:
        """The addresses of a job's frames and of its video."""
        song, recipe, clock = job.song, job.recipe, job.clock
        sound = [content_of(song.path), song.first, song.samples]
        moments = list(clock.ticks) if recipe.lock.beats else []
        look = [asdict(recipe.look), clock.fps, clock.start, moments, recipe.size]
        drawing = [_code("spectrum", "_ffmpeg", "song"), _ffmpeg.identity()]
        style = recipe.style
        model = models.fingerprint(models.find(style.model), style.tiny_autoencoder)
        painting = [_code("paint"), _libraries(), model, device]
        filling = interpolate.fingerprint(recipe.interpolator, flavr_weights)
        return cls(
            address(sound, look, drawing),
            address(asdict(style), painting),
            address(sound, recipe.to_json(), drawing, painting, filling, _code(".")),
        )


def _code(*modules: str) -> str:
    """A hash of the source of some modules, so that frames of older code are not reused."""
    folder = Path(__file__).parent
    paths = [path for name in modules for path in (folder / f"{name}.py", folder / name)]
    files = [path for path in paths if path.is_file()]
    files += [file for path in paths if path.is_dir() for file in sorted(path.rglob("*.py"))]
    return address(*(content_of(file) for file in files))


def _libraries() -> list[str]:
    return [version(name) for name in ("torch", "diffusers", "transformers", "numpy")]


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

"""The recipes for the same song and style: rendered, measured, shown in step."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from .._claims import Claim
from ..errors import Cancelled, OutputError
from ..frame import closed
from ..job import Job, prepare
from ..music.onsets import onset_strength
from ..paint.brush import Brush
from ..paint.painter import Painter
from ..recipe import MOTION, RECIPES, Recipe
from ..rendering import Progress, render
from ..song import Song
from ..store import Store
from ..video import file as video
from ..video.grid import Caption, grid
from ..video.naming import is_video_of_ours, stem_of, unused
from .chart import COLOURS, chart, is_chart, title
from .measure import Measures, measure_frames

T = TypeVar("T")

COMPARISON = (*RECIPES, "measured", "grid")
"""The stages of a comparison, in order, as `Progress` names them: the recipes count frames,
"measured" counts recipes, and "grid" the frames of the video of all."""

RULE = "score = response x smoothness x (1 - pulse); the highest is best"
"""How the best recipe is told."""


@dataclass(frozen=True)
class Result:
    """What became of one recipe.

    name: one of `RECIPES`. paintings: pictures that the model has to paint for it, including those
    shared with another recipe. seconds: how long its render took; shared work counts for the first
    recipe that needs it.
    """

    name: str
    recipe: Recipe
    measures: Measures
    paintings: int
    seconds: float


@dataclass(frozen=True)
class Comparison:
    """What `compare` made: the files, and a result for each recipe, in the order of `RECIPES`."""

    video: Path
    chart: Path
    figures: Path
    results: tuple[Result, ...]

    @property
    def best(self) -> Result:
        """The recipe with the highest score, see `RULE`."""
        return max(self.results, key=lambda one: one.measures.score)

    def __str__(self) -> str:
        """A table for a terminal."""
        head = ("recipe", "response", "lag (ms)", "smoothness", "pulse", "score", "paintings", "s")
        rows = [
            (
                one.name,
                f"{one.measures.response:.2f}",
                f"{one.measures.lag:.0f}",
                f"{one.measures.smoothness:.2f}",
                f"{one.measures.pulse:.2f}",
                f"{one.measures.score:.2f}",
                str(one.paintings),
                f"{one.seconds:.1f}",
            )
            for one in self.results
        ]
        widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
        lines = [
            "  ".join(
                cell.rjust(width) if column else cell.ljust(width)
                for column, (cell, width) in enumerate(zip(row, widths, strict=True))
            )
            for row in (head, *rows)
        ]
        return "\n".join((*lines, f"{RULE}: {self.best.name}"))


def check_outputs(
    song: Song, output: str | os.PathLike[str] | None = None, *, overwrite: bool = False
) -> tuple[Path, Path, Path]:
    """The video, the plot and the figures of a comparison, all beside each other.

    What was not named (all of them without an output, else the plot and the figures) has another
    name where a file is there which musvid did not make, unless `overwrite` says to replace it.

    Raises OutputError or SettingsError where one of them cannot be written.
    """
    default = Path(f"{stem_of(song.path)}.compare.mp4")
    path = default if output is None else video.check_output(output)
    paths = [path, path.with_suffix(".png"), path.with_suffix(".json")]
    try:
        if not overwrite:
            named = 0 if output is None else 1
            paths[named:] = unused(paths[named:], _is_ours, keep=song.path)
        for other in paths[1:]:
            if other.is_dir() or (other.exists() and not os.access(other, os.W_OK)):
                raise OutputError(f"{other} is in the way; choose another name for the output.")
    except OSError as error:
        raise OutputError(
            f"The plot and the figures cannot be written ({error.strerror}); choose another name "
            "for the output."
        ) from None
    return video.check_output(paths[0]), paths[1], paths[2]


def _is_ours(path: Path) -> bool:
    """Whether musvid made a file that a comparison would replace."""
    if path.suffix == ".png":
        return is_chart(path)
    if path.suffix != ".json":
        return is_video_of_ours(path)
    try:
        values = json.loads(path.read_bytes()[: 1 << 20])
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(values, dict) and {"rule", "best", "recipes", "settings"} <= values.keys()


def compare(
    song: Song | Job | str | os.PathLike[str],
    recipe: Recipe | None = None,
    output: str | os.PathLike[str] | None = None,
    *,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
    painter: Brush | None = None,
    device: str = "auto",
    precision: str = "auto",
    encoder: str = "auto",
    fast: str = "auto",
    store: Store | None = None,
    flavr_weights: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
) -> Comparison:
    """Render a song with each of `RECIPES`, measure the videos, and show them in step.

    song: a sound file, of which the recipe's start and duration are used; a `Song`, as it was cut;
        or a `Job`, which has its recipe in it.
    recipe: every other setting; its stride, before, after and relight are replaced.
    output: a video (``.mp4``) of all in step; a plot of the figures (``.png``) and the
        figures themselves (``.json``) are written beside it. By default ``SONG.compare.mp4`` in
        the current folder. None of the three appears before all are complete. What was not named
        has another name where a file is there which musvid did not make.
    progress: called with (stage, done, total), see `COMPARISON`.
    cancel: when this event is set, the comparison stops before its next frame.
    painter, device, precision, encoder, fast, flavr_weights: see `musvid.render`.
    store: where frames are kept; without one they are kept until the comparison ends. What recipes
        share is drawn and painted once.
    overwrite: whether files that were not named may be replaced, too.

    Raises a subclass of MusvidError, and then leaves no files.
    """
    job = prepare(song, recipe, store)
    song, recipe = job.song, job.recipe
    paths = check_outputs(song, output, overwrite=overwrite)
    if any(path.exists() and path.samefile(song.path) for path in paths):
        raise OutputError(f"The output {paths[0]} is the song itself; choose another name.")
    jobs = job.variants()
    clock, rate, count = (one := jobs["hybrid"]).clock, one.file_rate, one.file_frames
    assert all(each.file_rate == rate for each in jobs.values()), "they could not be in step"

    with temporary() as folder:
        onsets = onset_strength(song, rate, count)
        store = store or Store(folder / "cache")
        if recipe.paints and painter is None:
            painter = Painter(recipe.style, device=device, precision=precision, fast=fast)
        videos, seconds = {}, {}
        for each, one in jobs.items():
            began = time.monotonic()
            videos[each] = render(
                one,
                output=folder / f"{each}.mp4",
                progress=only_frames(progress, each),
                cancel=cancel,
                painter=painter,
                device=device,
                precision=precision,
                encoder=encoder,
                fast=fast,
                store=store,
                flavr_weights=flavr_weights,
            )
            seconds[each] = time.monotonic() - began
        results = []
        for each in watched(jobs, "measured", len(jobs), progress, cancel):
            settings = jobs[each].recipe
            period = settings.before * settings.after * jobs[each].repeats
            with closing(video.read(videos[each])) as frames:
                measures = measure_frames(_unless(cancel, frames), onsets, rate, period)
            results.append(Result(each, settings, measures, jobs[each].paintings, seconds[each]))
        made = Comparison(*paths, tuple(results))
        captions = [
            Caption(
                title(one.name),
                f"stride {one.recipe.stride}, {one.recipe.before}x before, "
                f"{one.recipe.after}x after{', relit' if one.recipe.relight else ''}",
                COLOURS[one.name],
            )
            for one in results
        ]
        parts = [folder / f"all{path.suffix}" for path in paths]
        with closing(grid(list(videos.values()), captions)) as pictures:
            shown = watched(islice(pictures, count), "grid", count, progress, cancel)
            with closed(shown):
                video.write(
                    shown,
                    song,
                    clock,
                    parts[0],
                    rate=rate,
                    settings=recipe.to_json(),
                    encoder=encoder,
                )
        figures = {one.name: one.measures for one in results}
        note = f"{RULE}: {title(made.best.name)}, {made.best.measures.score:.2f}"
        chart(figures, parts[1], best=made.best.name, note=note)
        parts[2].write_text(_json(made, song, recipe), encoding="utf-8")
        appear(dict(zip(parts, paths, strict=True)))
    return made


def watched(
    items: Iterable[T],
    stage: str,
    total: int,
    progress: Progress | None,
    cancel: threading.Event | None,
) -> Iterator[T]:
    """The items of a stage: counted, and stoppable."""
    if progress:
        progress(stage, 0, total)
    for done, item in enumerate(items, 1):
        if cancel is not None and cancel.is_set():
            raise Cancelled("The comparison was stopped.")
        yield item
        if progress:
            progress(stage, done, total)


@contextmanager
def temporary() -> Iterator[Path]:
    """A context with a folder for what is not kept."""
    try:
        made = tempfile.TemporaryDirectory(prefix="musvid-compare-", ignore_cleanup_errors=True)
    except OSError as error:
        raise OutputError(
            f"There is no temporary folder that can be written ({error.strerror}); name one with "
            "TMPDIR."
        ) from None
    with made as name:
        yield Path(name)


def only_frames(
    progress: Progress | None, name: str, before: int = 0, whole: int | None = None
) -> Progress | None:
    """What a comparison tells of one of its renders, as a stage of that name.

    before, whole: frames of the renders before it, and of all of them, where they are one stage.
    """
    if progress is None:
        return None

    def told(stage: str, done: int, total: int) -> None:
        if stage == "frames":
            progress(name, before + done, whole or total)

    return told


def _unless(cancel: threading.Event | None, frames: Iterable[T]) -> Iterator[T]:
    for frame in frames:
        if cancel is not None and cancel.is_set():
            raise Cancelled("The comparison was stopped.")
        yield frame


def _json(made: Comparison, song: Song, recipe: Recipe) -> str:
    """The figures, the rule, and the settings that the recipes had in common."""
    values: dict[str, Any] = {
        "song": os.fsencode(song.path.name).decode("utf-8", "replace"),
        "duration": float(song.duration),
        "rule": RULE,
        "best": made.best.name,
        "recipes": {
            one.name: {
                **{name: getattr(one.recipe, name) for name in MOTION},
                "response": round(one.measures.response, 4),
                "lag_ms": round(one.measures.lag, 2),
                "smoothness": round(one.measures.smoothness, 4),
                "pulse": round(one.measures.pulse, 4),
                "score": round(one.measures.score, 4),
                "paintings": one.paintings,
                "seconds": round(one.seconds, 2),
            }
            for one in made.results
        },
        "settings": {name: value for name, value in recipe.flat().items() if name not in MOTION},
    }
    return json.dumps(values, indent=2, ensure_ascii=False) + "\n"


def appear(files: Mapping[Path, Path]) -> None:
    """Put finished files in their places, all or none of them."""
    try:
        with ExitStack() as stack:
            parts = {}
            for made, path in files.items():
                part = stack.enter_context(Claim(path.parent, f".{path.stem[:40]}-"))
                shutil.copyfile(made, part)
                parts[part] = path
            for part, path in parts.items():
                part.replace(path)
    except OSError as error:
        raise OutputError(f"The comparison cannot be written ({error.strerror}).") from None

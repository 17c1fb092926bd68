"""The panel of values compared: the moment with every value of one setting, or of two."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from .. import MusvidError, Recipe, Song
from ..comparison.grid import Grid
from ..comparison.in_step import CLIPS, save_sheet
from ..estimate import spoken
from ..frame import Frame, smaller
from ..job import Job
from ..studio.clips import Clips
from ..studio.grid import paintings
from ..studio.studio import around
from ..studio.titles import safe, title, titled
from ..studio.visits import stop_one, stopper
from .axes import Axes
from .board import LIGHT, QUIET, Board, Updates
from .gpu import film_tiles, paint_tiles
from .html import bar, hint, told, voice
from .own import is_of_song
from .tiles import SIDE, tile
from .values import recipe_of, values_of

SECONDS = 4.0  # of the clips in step
_SHEET = 960  # pixels of a picture's longer side in the sheet, at most
_SMALL = 240  # of a tile's, where there are many
_MANY = 12
_WORK: dict[str, Any] = {
    "concurrency_limit": 4,
    "concurrency_id": "grid",
    "api_visibility": "private",
    "show_progress": "minimal",
}


class GridPanel:
    """A grid of stills, which take their values at a click, and play in step."""

    def layout(self, board: Board) -> None:
        """Adds the components."""
        self.board = board
        with gr.Column(elem_classes="part", elem_id="grid-panel"):
            gr.HTML("<h2>Compare values</h2>", padding=False)
            gr.HTML(
                hint(
                    "The moment with every value of one setting, or of two. A click on a picture "
                    "takes its values."
                ),
                padding=False,
            )
            self.axes = Axes(board)
            with gr.Row(elem_id="grid-actions"):
                self.paint = gr.Button(
                    "Paint the grid", variant="primary", min_width=130, elem_id="grid-paint"
                )
                self.play = gr.Button("Play them in step", min_width=130, elem_id="grid-play")
                self.stop = gr.Button(
                    "Stop", variant="stop", min_width=80, interactive=False, elem_id="grid-stop"
                )
                self.seconds = gr.Slider(
                    1, 20, SECONDS, step=0.5, label="Seconds of each clip",
                    buttons=[], min_width=220, elem_id="grid-seconds",
                )  # fmt: skip
            self.progress = gr.HTML(elem_id="grid-progress", padding=False)
            voice("#grid-progress", "grid-said")
            self.grid = tiles()
            # The grid whose tiles are shown, and the folders: of the work now, and of each kind.
            self.made = gr.State(None)
            self.video = gr.Video(
                label="In step",
                interactive=False,
                visible=False,
                elem_id="grid-video",
                buttons=["download"],
                autoplay=True,
            )
            with gr.Row():
                file: dict[str, Any] = {"size": "sm", "min_width": 130, "interactive": False}
                self.save_picture = gr.DownloadButton(
                    "Save picture (PNG)", elem_id="grid-save-picture", **file
                )
                self.save_video = gr.DownloadButton(
                    "Save video (MP4)", elem_id="grid-save-video", **file
                )

    def wire(self, board: Board) -> None:
        """Says what happens when."""
        self.axes.wire()
        asked = board.everything(*self.axes.parts, self.seconds, self.made)
        shown = [self.progress, self.stop, self.made]
        board.start(
            self.paint,
            self.on_paint,
            **asked,
            outputs=[*shown, self.grid, self.save_picture],
            show_progress_on=self.progress,
            **_WORK,
        )
        board.start(
            self.play,
            self.on_play,
            **asked,
            outputs=[*shown, self.video, self.save_video],
            show_progress_on=self.progress,
            **_WORK,
        )
        self.stop.click(self.on_stop, self.made, None, queue=False, **QUIET)
        self.grid.take(
            self.on_take,
            outputs=[self.progress, *board.controls.values()],
            **board.everything(self.made),
            **LIGHT,
            **QUIET,
        )

    def on_paint(self, data: dict[Any, Any], request: gr.Request) -> Iterator[Updates]:
        """Paints the moment in every tile."""
        try:
            grid = self.axes.grid(data)
            song, recipe = self.board.asked(data)
            jobs = jobs_of(self.board, grid, recipe, song)
            less = "fewer values, "
            self.board.limits.afford_moments(paintings(jobs, moves=grid.moves), less)
            moment = self.board.moment_of(data, jobs[0])
            folder = self._begin(request)
            captions, count = grid.captions(), len(grid)
            side = SIDE if count <= _MANY else _SMALL
            width, height = jobs[0].file_size
            made = [tile(None, each.name, each.detail) for each in captions]
            shape: dict[str, Any] = {"columns": grid.columns, "shape": f"{width} / {height}"}
            shape["varied"] = varied(recipe, jobs)
            yield {
                self.grid: {"tiles": made, **shape},
                self.made: noted(data[self.made], "paint", folder) | {"grid": grid},
                self.progress: bar(f"{self._first(jobs)} · 0 of {count} tiles", 0),
                self.stop: gr.update(interactive=True),
                self.save_picture: gr.update(interactive=False),
            }
            frames: list[Frame] = []
            for text in self.board.fetched(jobs, "grid", stopper(folder)):
                yield {self.progress: text}
            for frame in paint_tiles(self.board.studio, jobs, moment, grid.moves, folder):
                place = len(frames)
                made[place] = tile(frame, captions[place].name, captions[place].detail, side)
                frames.append(smaller(frame, _SHEET))
                said = f"Painting · {len(frames)} of {count} tiles"
                yield {
                    self.grid: {"tiles": list(made), **shape},
                    self.progress: bar(said, len(frames) / count),
                }
            sheet = save_sheet(grid, frames, folder / "grid.png")
            yield {
                self.progress: bar(f"Painted · {count} tiles", 1, over=True),
                self.stop: gr.update(interactive=False),
                self.save_picture: gr.update(
                    value=str(titled(sheet, name_of(song, grid))), interactive=True
                ),
            }
        except MusvidError as error:
            yield self._failed(error)

    def on_play(self, data: dict[Any, Any], request: gr.Request) -> Iterator[Updates]:
        """Renders a clip of every tile, and shows all in step."""
        try:
            grid = self.axes.grid(data)
            song, recipe = self.board.asked(data)
            part = around(song, data[self.board["moment"]] or 0, float(data[self.seconds]))
            jobs = jobs_of(self.board, grid, recipe, part, renders=len(grid))
            self.board.afford(*jobs)
            folder = self._begin(request)
            plans = [self.board.studio.plan(job).seconds for job in jobs]
            most = spoken(sum(filter(None, plans))) if all(plans) else ""
            yield {
                self.made: noted(data[self.made], "play", folder),
                self.progress: bar(f"Beginning{most and f' · at most about {most}'}", 0),
                self.stop: gr.update(interactive=True),
                self.save_video: gr.update(interactive=False),
            }
            for text in self.board.fetched(jobs, "grid", stopper(folder)):
                yield {self.progress: text}
            for report in film_tiles(self.board.studio, grid, jobs, folder):
                if report.video is None:
                    yield {self.progress: bar(said_of(report, len(grid)), report.part)}
                    continue
                path = str(titled(report.video, name_of(song, grid)))
                yield {
                    self.progress: bar(f"In step · {len(grid)} clips", 1, over=True),
                    self.stop: gr.update(interactive=False),
                    self.video: gr.update(value=path, visible=True),
                    self.save_video: gr.update(value=path, interactive=True),
                }
        except MusvidError as error:
            yield self._failed(error)

    def on_stop(self, made: dict[str, Any] | None, request: gr.Request) -> None:
        """Stops what paints or renders here, or leaves the queue."""
        self.board.line.leave(request.session_hash or "", "grid")
        if made:
            stop_one(Path(made["folder"]))

    def on_take(self, data: dict[Any, Any], chosen: gr.EventData) -> Updates:
        """Fills the controls with the values of a tile; all else stays as it is."""
        made, place = data[self.made], chosen.place
        grid: Grid | None = (made or {}).get("grid")
        if not grid or not isinstance(place, int) or not 0 <= place < len(grid):
            return {self.progress: gr.skip()}
        try:
            shown = self.board.named(data)
            recipe = recipe_of(shown)
            values = values_of(grid.recipe(recipe.resolve(), place))
        except MusvidError as error:
            return {self.progress: told(error)}
        own = {axis.name for axis in grid.axes}
        # Only what differs: whatever is written takes the browser some time.
        before = values_of(recipe)
        return {
            part: values[name]
            for name, part in self.board.controls.items()
            if values[name] != before[name]
            and values[name] != shown[name]
            and (name in own or not is_of_song(name))
        } or {self.progress: gr.skip()}

    def _begin(self, request: gr.Request) -> Path:
        """The folder of a visitor's next work."""
        visitor = self.board.visitors.of(request.session_hash)
        return self.board.visits.new(visitor, keep=True)[0]

    def _first(self, jobs: list[Job]) -> str:
        """What is done first."""
        for job in jobs:
            if job.recipe.paints and not self.board.studio.has(job.recipe.style):
                return f"Loading {job.recipe.style.model}"
        return "Painting"

    def _failed(self, error: MusvidError) -> Updates:
        return {self.progress: told(error), self.stop: gr.update(interactive=False)}


def jobs_of(board: Board, grid: Grid, recipe: Recipe, song: Song, renders: int = 1) -> list[Job]:
    """The job of every tile. Raises MusvidError where one is not allowed here."""
    recipes = grid.recipes(recipe)
    for each in recipes:
        board.limits.check(each, song, renders=renders)
    return [board.studio.job(each, song) for each in recipes]


def varied(recipe: Recipe, jobs: list[Job]) -> list[str]:
    """The controls that a click on one of the tiles may change."""
    first, *others = (values_of(each) for each in (recipe.resolve(), *(job.recipe for job in jobs)))
    return [name for name in first if any(each[name] != first[name] for each in others)]


def noted(made: dict[str, Any] | None, kind: str, folder: Path) -> dict[str, Any]:
    """What was made, with new work in a folder; the files that it replaces are deleted.

    kind: of the work. The page serves copies, so what is shown stays.
    """
    known = made or {}
    if before := known.get(kind):
        for old in Path(before).glob("*.*"):
            old.unlink(missing_ok=True)
    return {**known, kind: str(folder), "folder": str(folder)}


def tiles() -> gr.HTML:
    """The grid. It triggers "take" with the `place` of a tile.

    Its value: tiles, see `tiles.tile`; columns, or None where they are as many as there is room
    for; shape, the sides of a picture; varied, see there: where another control has changed since
    the grid was painted, the browser says so.
    """
    return gr.HTML(
        {"tiles": []},
        html_template='<div class="box"><div class="row" role="group" '
        'aria-label="Grid of values"></div></div><p class="stale" role="status"></p>',
        js_on_load="musvid.grid.begin(element, props, watch, place => trigger('take', {place}))",
        apply_default_css=False,
        elem_id="grid",
    )


def name_of(song: Song, grid: Grid) -> str:
    """What the files of a grid are called, without their ending."""
    return f"{title(song)} - {safe(str(grid))}"


def said_of(report: Clips, count: int) -> str:
    """What the clips of a grid are at."""
    frames = f"{report.done} of {report.total} frames"
    if report.stage == CLIPS:
        return f"Rendering {count} clips · {frames}"
    return f"Putting them side by side · {frames}"

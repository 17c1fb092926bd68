"""The tab of comparisons: all recipes for one clip, measured and played in step."""

from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr

from .. import RECIPES, Comparison, MusvidError, Recipe
from ..estimate import spoken
from ..recipe import MOTION
from .board import LIGHT, QUIET, Board, Updates
from .gpu import compare_clip
from .html import bar, called, comparison, hint, said, told, voice
from .line import rendering
from .values import recipe_of


class ComparePanel:
    """A comparison waits in the queue of renders."""

    def layout(self, board: Board) -> None:
        """Adds the components."""
        self.board = board
        with gr.Column(elem_classes="part"):
            gr.HTML("<h2>Which recipe is best here?</h2>", padding=False)
            gr.HTML(
                hint(
                    "All five recipes for the same clip and style, measured, and played in step. "
                    "What they share is painted once."
                ),
                padding=False,
            )
            with gr.Row(elem_id="compare-actions"):
                self.compare = gr.Button(
                    "Compare", variant="primary", min_width=110, elem_id="compare-start"
                )
                self.compare_stop = gr.Button(
                    "Stop", variant="stop", min_width=110, interactive=False, elem_id="compare-stop"
                )
        self.compare_progress = gr.HTML(elem_id="compare-progress", padding=False)
        voice("#compare-progress", "compare-said")
        self.compare_video = gr.Video(
            label="All five, in step",
            interactive=False,
            visible=False,
            elem_id="compare-video",
            buttons=["download"],
            autoplay=True,
        )
        with gr.Column(elem_classes="part", visible=False, elem_id="compare-result") as found:
            self.compare_chart = gr.HTML(elem_id="compare-chart", padding=False)
            gr.HTML("<h2>Take a recipe</h2>", padding=False)
            with gr.Row(elem_id="compare-take"):
                self.takes = {
                    name: gr.Button(called(name), size="sm", min_width=150, elem_id=f"take-{name}")
                    for name in RECIPES
                }
            with gr.Row():
                file: dict[str, Any] = {"size": "sm", "min_width": 130}
                self.save_chart = gr.DownloadButton("Plot (PNG)", elem_id="save-chart", **file)
                self.save_figures = gr.DownloadButton(
                    "Figures (JSON)", elem_id="save-figures", **file
                )
        self.compare_found = found

    def wire(self, board: Board) -> None:
        """Says what happens when."""
        motion = [board.controls[part] for part in MOTION]
        board.start(
            self.compare,
            self.on_compare,
            **board.everything(),
            outputs=[
                self.compare_progress,
                self.compare_stop,
                self.compare_video,
                self.compare_found,
                self.compare_chart,
                self.save_chart,
                self.save_figures,
                *self.takes.values(),
            ],
            **rendering(board.studio.abreast),
            api_visibility="private",
            show_progress="minimal",
            show_progress_on=self.compare_progress,
        )
        self.compare_stop.click(board.on_stop, None, None, queue=False, **QUIET)
        for name, button in self.takes.items():
            button.click(
                self.on_variant(name),
                outputs=[board["recipe"], *motion],
                **board.everything(),
                **LIGHT,
                **QUIET,
            )

    def on_compare(self, data: dict[Any, Any], request: gr.Request) -> Iterator[Updates]:
        """Renders all recipes, and shows how they compare."""
        try:
            job = self.board.chosen(data, renders=len(RECIPES))
            self.board.afford(*job.variants().values())
            folder, stopped = self.board.visits.new(
                self.board.visitors.of(request.session_hash), keep=True
            )
            for text in self.board.fetched([job], "render", stopped):
                yield {self.compare_progress: text}
            if job.recipe.paints and not self.board.studio.has(job.recipe.style):
                yield {self.compare_progress: hint(f"Loading {job.recipe.style.model} …")}
            longest = self.board.studio.longest(job)
            takes = f" · at most about {spoken(longest)}" if longest else ""
            yield {
                self.compare_progress: bar(f"Beginning{takes}", 0),
                self.compare_stop: gr.update(interactive=True),
            }
            for step in compare_clip(self.board.studio, job, folder, stopped):
                if step.comparison is None:
                    yield {self.compare_progress: bar(said(step), step.part)}
                    continue
                yield self._compared(step.comparison)
        except MusvidError as error:
            yield {
                self.compare_progress: told(error),
                self.compare_stop: gr.update(interactive=False),
            }

    def on_variant(self, name: str) -> Callable[[dict[Any, Any]], list[Any]]:
        """Gives a handler that takes one recipe of the comparison."""

        def taken(data: dict[Any, Any]) -> list[Any]:
            try:
                recipe = recipe_of(self.board.named(data)).variants()[name]
            except MusvidError:
                recipe = Recipe.named(name)
            return [name, *(getattr(recipe, part) for part in MOTION)]

        return taken

    def _compared(self, made: Comparison) -> Updates:
        """Shows a finished comparison."""
        best = made.best.name
        return {
            self.compare_progress: bar(f"Finished · best by the rule: {called(best)}", 1),
            self.compare_stop: gr.update(interactive=False),
            self.compare_video: gr.update(value=str(made.video), visible=True),
            self.compare_found: gr.update(visible=True),
            self.compare_chart: comparison(made),
            self.save_chart: str(made.chart),
            self.save_figures: str(made.figures),
            **{
                button: gr.update(variant="primary" if name == best else "secondary")
                for name, button in self.takes.items()
            },
        }

"""The panel of one moment: drawn, painted, and painted as a strip."""

from collections.abc import Iterator
from typing import Any

import gradio as gr

from .. import MusvidError
from ..studio.studio import AXES, strip_values
from .board import CAMERA_FOLLOWERS, FOLLOWERS, LATEST, LIGHT, PAINTING, QUIET, Board, Updates
from .gpu import paint_moment, paint_strip
from .html import hint, told


class MomentPanel:
    """One moment of the song, at once."""

    def layout(self, board: Board) -> None:
        """Adds the components."""
        self.board = board
        with gr.Accordion("Strips", open=False, elem_classes="part", elem_id="strips"):
            gr.HTML(hint("The moment with five values of a setting, side by side."), padding=False)
            self._strip()

    def _strip(self) -> None:
        """Adds the strip and its button."""
        with gr.Row(equal_height=True, elem_id="strip-row"):
            self.axis = gr.Radio(
                [("strength", "strength"), ("seeds", "seed"), ("prompts", "prompt")],
                value="strength",
                label="Strip",
                show_label=False,
                container=False,
                scale=3,
                elem_id="axis",
            )
            self.strip_button = gr.Button(
                "Paint a strip", scale=1, min_width=130, elem_id="paint-strip"
            )
        self.strip = gr.Gallery(
            show_label=False,
            fit_columns=False,
            label="Strip",
            columns=5,
            rows=1,
            height="auto",
            object_fit="cover",
            allow_preview=False,
            visible=False,
            format="webp",
            elem_id="strip",
            buttons=[],
        )
        self.strip_values = gr.State([])

    def wire(self, board: Board) -> None:
        """Says what happens when."""
        controls = board.controls
        everything = board.everything
        changed = board.changed
        looks = [name for name in controls if name.startswith(("look.", "lock."))]
        drawn = gr.on(
            [
                board["moment"].change,
                board["song"].change,
                *changed([*looks, "level", "cooling", "fps", "size", "stride", "form", "story"]),
            ],
            self.on_draw,
            everything,
            [board["drawn"], board["moment_note"]],
            **LIGHT,
            **LATEST,
        )
        # Of the last paintings, another view is shown without painting.
        parts = (
            "style.",
            "drift.",
            "echo",
            "view.",
            "camera.",
            "finish.",
            *FOLLOWERS,
            *CAMERA_FOLLOWERS,
        )
        styles = [name for name in controls if name.startswith(parts)]
        painting: dict[str, Any] = {
            "fn": self.on_paint,
            "inputs": everything,
            "outputs": [board["painted"], board["diffused"], board["moment_note"]],
            **PAINTING,
            **LATEST,
        }
        drawn.then(**painting)
        gr.on(changed(styles), **painting)
        self.strip_button.click(
            self.on_strip,
            {*everything, self.axis},
            [self.strip, self.strip_values, board["moment_note"]],
            **PAINTING,
            **QUIET,
        )
        self.strip.select(
            self.on_pick,
            [self.axis, self.strip_values],
            [controls[f"style.{axis}"] for axis in AXES],
            **LIGHT,
            **QUIET,
        )

    def on_draw(self, data: dict[Any, Any]) -> Updates:
        """Draws the spectrum at the moment."""
        try:
            job = self.board.chosen(data)
            frame = self.board.studio.draw(job, self.board.moment_of(data, job))
        except MusvidError:
            return {self.board["drawn"]: gr.skip()}  # the live line says it
        return {self.board["drawn"]: frame}

    def on_paint(self, data: dict[Any, Any]) -> Iterator[Updates]:
        """Paints the moment."""
        try:
            song, recipe = self.board.asked(data)
        except MusvidError:
            return  # the live line says it
        try:
            job = self.board.studio.job(recipe, song)
            self.board.limits.afford_moment(job)
            if recipe.paints and not self.board.studio.has(recipe.style):
                yield {self.board["moment_note"]: hint(f"Loading {recipe.style.model} …")}
            flat, shown = paint_moment(self.board.studio, job, self.board.moment_of(data, job))
        except MusvidError as error:
            yield {self.board["moment_note"]: told(error)}
            return
        yield {
            self.board["painted"]: shown,
            self.board["diffused"]: flat,
            self.board["moment_note"]: "",
        }

    def on_strip(self, data: dict[Any, Any]) -> Iterator[Updates]:
        """Paints the moment several times, with one setting changed."""
        axis = data[self.axis]
        try:
            job = self.board.chosen(data)
            values = strip_values(job.recipe, axis)
            self.board.limits.afford_moment(job, len(values))
            moment = self.board.moment_of(data, job)
            made: list[tuple[Any, str]] = []
            yield {self.strip: gr.update(value=[], visible=True), self.strip_values: values}
            for frame in paint_strip(self.board.studio, job, moment, axis, values):
                made.append((frame, str(values[len(made)])))
                yield {self.strip: gr.update(value=made, visible=True)}
        except MusvidError as error:
            yield {self.board["moment_note"]: told(error)}

    def on_pick(self, axis: str, values: list[Any], picked: gr.SelectData) -> list[Any]:
        """Takes the setting of one picture of the strip."""
        return [
            values[picked.index] if name == axis and picked.index < len(values) else gr.skip()
            for name in AXES
        ]

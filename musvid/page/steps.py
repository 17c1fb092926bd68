"""The panel of steps: one moment through the whole chain, with a sentence on each stage."""

from collections.abc import Iterator
from html import escape
from typing import Any

import gradio as gr

from .. import MusvidError
from ..frame import encoded, smaller
from ..job import Job
from ..studio.steps import ChainStep, small
from .board import PAINTING, QUIET, Board, Updates
from .gpu import show_steps
from .html import embedded, hint, told

TILE = 144  # pixels of a picture's longer side
_NAMES = {
    "drawn": "Drawn",
    "kept": "Kept",
    "guides": "Filled before",
    "painted": "Painted",
    "frames": "Filled after",
    "viewed": "Shown",
}
_LEGEND = "Outlined pictures come from the step above; those between them are filled in."


class StepsPanel:
    """The pictures of one keyframe interval, a row for each step of the chain."""

    def layout(self, board: Board) -> None:
        """Adds the components."""
        self.board = board
        with gr.Accordion(
            "How this moment is made, step by step",
            open=False,
            elem_classes="part",
            elem_id="steps",
        ) as self.part:
            self.rows = gr.HTML(elem_id="steps-rows", padding=False)
            self.again = gr.Button("Show this moment", size="sm", elem_id="show-steps")

    def wire(self, board: Board) -> None:
        """Says what happens when."""
        gr.on(
            [self.part.expand, self.again.click],
            self.on_steps,
            outputs=self.rows,
            **board.everything(),
            **PAINTING,
            **QUIET,
        )
        # They were of another song, or said that there is none.
        gone = {"js": "() => ''", "trigger_mode": "multiple"}
        board["song"].change(None, None, self.rows, **gone, **QUIET)

    def on_steps(self, data: dict[Any, Any]) -> Iterator[Updates]:
        """Makes the steps of the moment."""
        try:
            job = self.board.chosen(data)
            moment = self.board.moment_of(data, job)
            part = small(job)
            self.board.limits.afford_moment(part, part.recipe.before + 2)
            rows = f"<p>{escape(_LEGEND)}</p>"
            for far in self.board.fetched([job], "paint"):
                yield {self.rows: rows + far}
            yield {self.rows: rows + hint("Painting …")}
            for step in show_steps(self.board.studio, part, moment):
                rows += row(step, job)
                yield {self.rows: rows}
        except MusvidError as error:
            yield {self.rows: told(error)}


def row(step: ChainStep, job: Job) -> str:
    """A step as HTML: its name, what it did, and its pictures."""
    pictures = "".join(
        f'<img alt="" class="{"real" if real else "between"}" '
        f'src="{embedded(encoded(smaller(frame, TILE)))}">'
        for frame, real in zip(step.frames, step.real, strict=True)
    )
    name, count = _NAMES[step.name], len(step.frames)
    label = f"{name}: {count} pictures from one keyframe to the next"
    return (
        f'<section class="step" data-step="{step.name}"><h3>{name}</h3>'
        f"<p>{escape(said(step, job))}</p>"
        f'<div class="frames" role="img" tabindex="0" aria-label="{label}">{pictures}</div>'
        "</section>"
    )


def said(step: ChainStep, job: Job) -> str:
    """What a step does, with the numbers of the settings."""
    recipe, between = job.recipe, len(step.frames) - sum(step.real)
    if step.name == "drawn":
        fps = f"{float(job.clock.fps):g}"
        return f"The sound's pitches, low to high, mirrored: {fps} pictures a second."
    if step.name == "kept":
        rest = " The light of the others is used later." if recipe.relight else ""
        return f"Stride {recipe.stride}: one of so many becomes a keyframe.{rest}"
    if step.name == "guides":
        if not between:
            return "Before 1: nothing is filled in that would be painted."
        return f"Before {recipe.before}: {between} more between two keyframes, to be painted, too."
    if step.name == "painted":
        if not recipe.paints:
            return "Strength 0: nothing is painted."
        return f"Each is painted over with strength {recipe.style.strength:g}."
    if step.name == "frames":
        if not between:
            return "After 1: nothing is filled in between paintings."
        how = ", with the light of the drawings" if recipe.relight else ""
        return f"After {recipe.after}: {between} more flow from painting to painting{how}."
    return f"View {recipe.view.kind}, camera and finish: the frames of the video."

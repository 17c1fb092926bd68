"""The panel of motion: the recipe, its numbers, and what a render makes of them."""

from typing import Any

import gradio as gr

from .. import MusvidError, Recipe
from ..interpolate import names as interpolators
from ..paint.drift import DIRECTIONS
from ..recipe import MOTION, RELIT
from .board import LATEST, LIGHT, QUIET, Board
from .html import RECIPES, hint
from .values import recipe_of

INTERPOLATORS = {
    "auto": "Auto: each where it is best",
    "blend": "Blend: fades",
    "flavr": "FLAVR: a network fills in",
    "motion": "Motion: blocks move",
}
_FOLLOWING = "(stride, before, after, relight) => relight && before === 1 ? stride : after"


class MotionPanel:
    """Recipes, how gaps are filled, and how texture travels; the live line and the levers."""

    def layout(self, board: Board) -> None:
        """Adds the components."""
        self.board = board
        with gr.Accordion("Motion", open=False, elem_classes="part", elem_id="motion"):
            board.put(
                "recipe",
                gr.Radio(
                    [(text, name) for name, text in RECIPES.items()],
                    value=RELIT,
                    show_label=False,
                    label="Recipe",
                    container=False,
                    elem_id="recipe",
                ),
            )
            board.control(
                "relight",
                gr.Checkbox(
                    board.first["relight"],
                    label="Relight",
                    info="Between paintings, every frame is lit by the spectrum of its own moment.",
                ),
            )
            gr.HTML(
                hint(
                    "Every stride-th picture is kept. Gaps are filled before and after painting. "
                    "Relit, the rhythm is there at every stride: a long one is calmer in texture, "
                    "and sooner finished."
                ),
                padding=False,
            )
            board.control(
                "interpolator",
                gr.Radio(
                    [(INTERPOLATORS.get(name, name), name) for name in ("auto", *interpolators())],
                    value=board.first["interpolator"],
                    label="How gaps are filled",
                ),
            )
            with gr.Row(equal_height=True):
                board.control(
                    "drift.direction",
                    gr.Dropdown(
                        list(DIRECTIONS),
                        value=board.first["drift.direction"],
                        label="Texture travels",
                        min_width=120,
                    ),
                )
                board.slider("drift.speed", "Pixels a second", min_width=120)
                board.slider("drift.morph", "Morph (seeds a second)", min_width=120)

    def wire(self, board: Board) -> None:
        """Says what happens when."""
        controls = board.controls
        # The one event that writes the live line: the later answer of two would win.
        # After a painting it is known how long one takes.
        gr.on(
            [board["changed"].click, board["painted"].change],
            board.on_plan,
            outputs=[board["plan"], board["recipe"]],
            **board.everything(waits=False),
            **LIGHT,
            **LATEST,
        )
        motion = [controls[part] for part in MOTION]
        # Each choice is sent at once: while it waited, an answer of the live line could undo it.
        each: dict[str, Any] = {"trigger_mode": "multiple", **LIGHT, **QUIET}
        board["recipe"].input(
            self.on_motion, outputs=motion, **board.everything(board["recipe"]), **each
        )
        # A relit gap is filled as far as it is wide. By the browser, so that it is at once.
        controls["stride"].input(None, motion, controls["after"], js=_FOLLOWING, **each)

    def on_motion(self, data: dict[Any, Any]) -> list[Any]:
        """Gives the numbers of a recipe."""
        try:
            recipe = recipe_of(self.board.named(data)).in_time(data[self.board["recipe"]])
        except MusvidError:
            recipe = Recipe().in_time(data[self.board["recipe"]])
        return [getattr(recipe, part) for part in MOTION]

"""The three levers of the method: stride, interpolation before and after, strength."""

import gradio as gr

from ..recipe import MOTION
from .board import QUIET, Board
from .html import hint

_DRAWN = "(...numbers) => window.musvid.intervals(...numbers)"  # see static/levers.js


class LeversPanel:
    """What this page teaches, each with a line of what one will see, and a picture of it."""

    def layout(self, board: Board) -> None:
        """Adds the components."""
        with gr.Row(elem_id="levers"):
            with gr.Column(min_width=150, elem_classes="lever"):
                board.slider(
                    "stride",
                    "Stride",
                    info="Long: few paintings, a calm texture. Short: restless.",
                    elem_id="stride",
                )
            with gr.Column(min_width=180, elem_classes="lever", elem_id="factors"):
                with gr.Row():
                    board.slider("before", "Before", min_width=70, elem_id="before")
                    board.slider("after", "After", min_width=70, elem_id="after")
                gr.HTML(
                    hint("Interpolation: gaps filled before are painted, too; after, they flow."),
                    padding=False,
                )
            with gr.Column(min_width=150, elem_classes="lever"):
                board.slider(
                    "style.strength",
                    "Strength",
                    info="0 is the spectrum itself, 1 hardly knows it any more.",
                    elem_id="strength",
                )
        self.intervals = gr.HTML(elem_id="intervals", padding=False)

    def wire(self, board: Board) -> None:
        """Says what happens when."""
        numbers = [board.controls[name] for name in MOTION[:3]]
        gr.on(
            [board.blocks.load, *board.changed(list(MOTION[:3]))],
            None,
            numbers,
            self.intervals,
            js=_DRAWN,
            **QUIET,
        )

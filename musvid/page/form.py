"""The panel of the song's form: which parts it has."""

import gradio as gr

from ..music.form import AUTO
from .board import Board


class FormPanel:
    """The parts of the song, as text."""

    def layout(self, board: Board) -> None:
        """Adds the components."""
        self.board = board
        with gr.Accordion("Parts of the song", open=False, elem_classes="part", elem_id="form"):
            board.control(
                "form",
                gr.Textbox(
                    AUTO,
                    label="Where parts begin, and which are alike",
                    info="Such as 0:00 A | 0:32 B | 1:04 A; auto is what is found in the song",
                    elem_id="parts",
                ),
            )

    def wire(self, board: Board) -> None:
        """Says what happens when."""

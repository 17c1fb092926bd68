"""The panel of settings that follow the music, and the timeline that shows them."""

from typing import Any

import gradio as gr

from .. import MusvidError
from .board import FOLLOWERS, LATEST, Board
from .html import hint, told
from .timeline import timeline


class FollowPanel:
    """What of the music changes which setting, and by how much."""

    def layout(self, board: Board) -> None:
        """Adds the components."""
        self.board = board
        with gr.Accordion("Follow the music", open=False, elem_classes="part", elem_id="follow"):
            gr.HTML(
                hint("What is added to a setting where the music does most of something."),
                padding=False,
            )
            for name, label in FOLLOWERS.items():
                board.follower(name, label)
            board.control(
                "curves",
                gr.Textbox(
                    "",
                    label="Curves",
                    info="A setting in each line: strength = 0.4 + kick:0.3, or zoom = 0:1, "
                    "0:30:1.4 ease, or glow = lfo(1/4, sine, 0.2)",
                    lines=3,
                    max_lines=12,
                    elem_id="curves",
                ),
            )
            with gr.Accordion("Stems and MIDI", open=False, elem_id="stems-panel"):
                gr.HTML(
                    hint(
                        "Instruments as files of their own, each as long as the song and named by "
                        "its last word (drums.wav); and the notes as a MIDI file (.mid)."
                    ),
                    padding=False,
                )
                board.control(
                    "stems",
                    gr.File(
                        label="Stems and MIDI",
                        file_count="multiple",
                        height=110,
                        elem_id="stems",
                    ),
                )

    def wire(self, board: Board) -> None:
        """Says what happens when."""
        board["changed_timeline"].click(
            self.on_timeline,
            outputs=board["timeline"],
            **board.everything(waits=False),
            concurrency_limit=2,
            concurrency_id="timeline",
            **LATEST,
        )

    def on_timeline(self, data: dict[Any, Any]) -> str:
        """Draws the clip with what follows its music, or tells what is wrong with a curve."""
        try:
            return timeline(self.board.chosen(data))
        except MusvidError as error:
            # What is wrong with something else, the live line says.
            return told(error) if "curve" in str(error) else ""

"""The panel of the look: how the spectrum is drawn."""

import gradio as gr

from .. import PALETTES
from ..music.lock import NOTES
from ..spectrum.mixes import ADD, DISPLACE, MULTIPLY
from .board import LIGHT, QUIET, Board
from .html import hint
from .values import SECONDS


class LookPanel:
    """Palette, level, window and picture rate."""

    def layout(self, board: Board) -> None:
        """Adds the components."""
        self.board = board
        with gr.Accordion("Spectrum look", open=False, elem_classes="part", elem_id="look"):
            board.control(
                "look.palette",
                gr.Dropdown(list(PALETTES), value=board.first["look.palette"], label="Palette"),
            )
            board.control(
                "level", gr.Checkbox(True, label="Level quiet and loud passages by itself")
            )
            board.slider("look.gain", "Gain (dB)", visible=False)
            board.slider("look.gamma", "Gamma", info="how much of the quiet shows")
            board.slider(
                "look.tlength",
                "Window (s)",
                info="long for clear pitches, short for clear moments",
            )
            board.slider("look.count", "Transforms per picture", info="more is calmer")
            board.slider("look.afterglow", "Afterglow (s)")
            with gr.Row(equal_height=True):
                board.slider("look.embers", "Embers", info="light that travels on", min_width=120)
                board.slider("look.half_life", "Half-life (s)", min_width=120)
            board.control(
                "cooling",
                gr.Dropdown([SECONDS, *NOTES], value=SECONDS, label="Half-life as a note"),
            )
            with gr.Accordion("A picture of your own", open=False, elem_id="guide-panel"):
                gr.HTML(
                    hint("A cover, a photograph or footage: the painting keeps its composition."),
                    padding=False,
                )
                board.control(
                    "guide", gr.File(label="Picture or video", height=110, elem_id="guide")
                )
                board.control(
                    "guide_mix",
                    gr.Radio(
                        [
                            ("lit by the spectrum", MULTIPLY),
                            ("beneath it", ADD),
                            ("bends it", DISPLACE),
                        ],
                        value=board.first["guide_mix"],
                        label="Mixed so",
                    ),
                )
                board.slider("guide_amount", "How much")
            board.control(
                "fps",
                gr.Dropdown(
                    ["24", "25", "30000/1001", "30", "48", "50", "60"],
                    value=board.first["fps"],
                    allow_custom_value=True,
                    label="Pictures drawn a second",
                    info="a number or a fraction",
                ),
            )

    def wire(self, board: Board) -> None:
        """Says what happens when."""
        controls = board.controls
        controls["level"].change(
            lambda level: gr.update(visible=not level),
            controls["level"],
            controls["look.gain"],
            **LIGHT,
            **QUIET,
        )

"""The stage: the picture of the moment, large, and beside it what it is made of."""

from typing import Any

import gradio as gr

from .board import Board
from .first import first_sight
from .html import named, voice

_PICTURE: dict[str, Any] = {"format": "webp", "interactive": False}
_TILES: dict[str, Any] = {
    "columns": 3,
    "object_fit": "cover",
    "preview": False,
    "fit_columns": False,
    "interactive": False,
    "buttons": ["fullscreen"],
}


class StagePanel:
    """What is seen: the painted moment, the newest frame of a render until there is a video of
    it, or the video; the spectrum's frames and the diffused ones.

    ``static/stage.js`` says in `data-show` and `data-frames` of the row which of them is in front:
    whichever changed last.
    """

    def layout(self, board: Board) -> None:
        """Adds the components; other panels fill them."""
        with gr.Row(elem_id="stage-row"):
            with gr.Column(elem_id="stage", scale=3, min_width=200):
                first_sight()
                board.put(
                    "painted",
                    gr.Image(
                        show_label=False,
                        label="The moment",
                        elem_id="painted",
                        buttons=["fullscreen"],
                        **_PICTURE,
                    ),
                )
                board.put(
                    "making",
                    gr.Image(
                        show_label=False,
                        label="The newest frame of the video",
                        elem_id="making",
                        buttons=[],
                        **_PICTURE,
                    ),
                )
                board.put(
                    "video",
                    gr.Video(
                        show_label=False,
                        label="Video",
                        interactive=False,
                        elem_id="video",
                        buttons=["download"],
                        autoplay=True,
                    ),
                )
            with gr.Column(elem_id="previews", scale=1, min_width=120):
                for name, label in (("drawn", "Spectrum"), ("diffused", "Diffused")):
                    with gr.Column(elem_classes="preview", min_width=80):
                        gr.HTML(named(label), padding=False)
                        board.put(
                            name,
                            gr.Image(
                                show_label=False, label=label, elem_id=name, buttons=[], **_PICTURE
                            ),
                        )
                        frames = f"{name}_frames"
                        board.put(
                            frames,
                            gr.Gallery(
                                show_label=False,
                                label=f"{label}, frames",
                                elem_id=frames.replace("_", "-"),
                                **_TILES,
                            ),
                        )
        board.put("progress", gr.HTML(elem_id="progress", padding=False))
        voice("#progress")
        board.put("moment_note", gr.HTML(elem_id="moment-note", padding=False))

    def wire(self, board: Board) -> None:
        """Nothing: it shows what others make."""

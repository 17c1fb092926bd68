"""The panel of the part: which seconds of the song become the video."""

from typing import Any

import gradio as gr

from .. import MusvidError
from .board import CLIP, LATEST, LIGHT, QUIET, Board, Updates


class PartPanel:
    """Where the clip begins, and how long it is."""

    def layout(self, board: Board) -> None:
        """Adds the components."""
        self.board = board
        with gr.Row(elem_id="part", equal_height=True):
            board.control(
                "start",
                gr.Slider(0, 1, 0, step=0.1, label="From (s)", min_width=110, buttons=[]),
            )
            board.control(
                "duration",
                gr.Slider(0.5, CLIP, CLIP, step=0.1, label="Length (s)", min_width=110, buttons=[]),
            )
            self.whole = gr.Button("Whole song", size="sm", min_width=90, elem_id="whole")

    def wire(self, board: Board) -> None:
        """Says what happens when."""
        controls = board.controls
        start, duration = controls["start"], controls["duration"]
        gr.on(
            board.changed(["start", "duration"]),
            self.on_clip,
            {board["song"], start, duration, board["moment"]},
            board["moment"],
            **LIGHT,
            **LATEST,
        )
        self.whole.click(self.on_whole, board["song"], [start, duration], **LIGHT, **QUIET)

    def on_whole(self, path: str | None) -> Updates:
        """Takes as much of the song as may be."""
        start, duration = self.board.controls["start"], self.board.controls["duration"]
        try:
            if not path:
                return {start: gr.skip()}
            longest = self.board.clip_ends(self.board.studio.song(path))["duration"][1]
        except MusvidError:
            return {start: gr.skip()}  # said where the song is
        return {start: 0, duration: longest}

    def on_clip(self, data: dict[Any, Any]) -> Any:
        """Keeps the moment inside the clip."""
        first = data[self.board.controls["start"]] or 0
        last = first + (data[self.board.controls["duration"]] or 0.5)
        return gr.update(
            minimum=first,
            maximum=last,
            value=max(first, min(last, data[self.board["moment"]] or 0)),
        )

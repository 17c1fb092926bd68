"""The panel of what is dropped: a file anywhere on the page is taken for what it is."""

from pathlib import Path
from typing import Any

import gradio as gr

from .. import MusvidError, load_settings
from .board import LIGHT, QUIET, Board, Updates
from .html import told
from .restore import restored


class DropPanel:
    """The field that takes what is dropped, which nobody sees."""

    def layout(self, board: Board) -> None:
        """Adds the components."""
        self.board = board
        with gr.Column(elem_id="drop-place"):
            self.dropped = gr.UploadButton("Dropped", elem_id="dropped")

    def wire(self, board: Board) -> None:
        """Says what happens when."""
        self.dropped.upload(
            self.on_dropped,
            [self.dropped, board["song"]],
            [board["song_problem"], board["loaded"], board["audio"], *board.controls.values()],
            trigger_mode="multiple",
            **LIGHT,
            **QUIET,
        )

    def on_dropped(self, file: str | None, path: str | None) -> Updates:
        """Takes settings, a video of musvid's for its settings, or else a song.

        The song stays as it is where the file is none.
        """
        problem, kind = self.board["song_problem"], Path(file or "").suffix.lower()
        if not file:
            return {problem: gr.skip()}
        try:
            if kind == ".json" or (kind == ".mp4" and _is_ours(file)):
                remarks: list[str] = []
                recipe = load_settings(file, remarks)
                self.board.limits.check(recipe)
                return {problem: told(), **restored(self.board, recipe, path, remarks)}
            self.board.studio.song(file)
        except MusvidError as error:
            return {problem: told(error)}
        taken: dict[Any, Any] = {problem: told(), self.board["audio"]: file}
        return taken


def _is_ours(video: str) -> bool:
    """Whether musvid made a video."""
    try:
        load_settings(video, [])
    except MusvidError:
        return False
    return True

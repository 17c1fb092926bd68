"""The panel of the history: every change of the controls can be undone and redone.

The browser keeps the steps: it alone knows what stood on the page, in which order, while answers
of the server cross.
"""

import json
from typing import Any

import gradio as gr

from .board import QUIET, Board
from .own import is_of_song


class HistoryPanel:
    """Undo and redo."""

    def layout(self, _board: Board) -> None:
        """Adds the components."""
        small: dict[str, Any] = {"size": "sm", "min_width": 60, "scale": 0}
        self.undo = gr.Button("↶ Undo", elem_id="undo", **small)
        self.redo = gr.Button("↷ Redo", elem_id="redo", **small)

    def wire(self, board: Board) -> None:
        """Says what happens when."""
        names, parts = list(board.controls), list(board.controls.values())
        own = [name for name in names if is_of_song(name)]
        gr.on(
            [*board.changed(names), board["audio"].change, board.blocks.load],
            None,
            [board["audio"], *parts],
            None,
            js="(...values) => { window.musvid?.history?.seen("
            f"{json.dumps(names)}, {json.dumps(own)}, values); return []; }}",
            trigger_mode="multiple",
            **QUIET,
        )
        for button, by in ((self.undo, -1), (self.redo, 1)):
            button.click(
                None,
                None,
                parts,
                js=f"() => window.musvid?.history?.move({by}) ?? []",
                trigger_mode="multiple",
                **QUIET,
            )

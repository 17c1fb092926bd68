"""The panel of the history: every change of the controls can be undone and redone.

The browser keeps the steps: it alone knows what stood on the page, in which order, while answers
of the server cross.
"""

from typing import Any

import gradio as gr

from .board import QUIET, Board


class HistoryPanel:
    """Undo and redo."""

    def layout(self, _board: Board) -> None:
        """Adds the components."""
        small: dict[str, Any] = {"size": "sm", "min_width": 60, "scale": 0}
        self.undo = gr.Button("↶ Undo", elem_id="undo", **small)
        self.redo = gr.Button("↷ Redo", elem_id="redo", **small)

    def wire(self, board: Board) -> None:
        """Says what happens when."""
        parts = list(board.controls.values())
        for button, by in ((self.undo, -1), (self.redo, 1)):
            button.click(
                None,
                None,
                parts,
                # What was changed just before is a step, too.
                js=f"async () => {{ await window.musvid.changes.fresh(); "
                f"return window.musvid.history.move({by}); }}",
                trigger_mode="multiple",
                **QUIET,
            )

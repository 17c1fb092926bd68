"""The panel of presets: complete sets of settings, chosen by their pictures."""

import gradio as gr

from .. import preset, presets
from .board import LIGHT, QUIET, Board, Updates
from .own import is_of_song


class PresetPanel:
    """A picture for every preset; a click fills all controls."""

    def layout(self, board: Board) -> None:
        """Adds the components."""
        self.board = board
        self.names = [each.name for each in presets.every()]
        with gr.Column(elem_classes="part"):
            gr.HTML("<h2>Start from</h2>", padding=False)
            board.put(
                "presets",
                gr.Gallery(
                    [(str(each.picture), each.title) for each in presets.every()],
                    columns=4,
                    height="auto",
                    object_fit="cover",
                    allow_preview=False,
                    interactive=False,
                    show_label=False,
                    container=False,
                    elem_id="presets",
                    buttons=[],
                ),
            )

    def wire(self, board: Board) -> None:
        """Says what happens when."""
        board["presets"].select(
            self.on_choose, board["song"], list(board.controls.values()), **LIGHT, **QUIET
        )

    def on_choose(self, path: str | None, picked: gr.SelectData) -> Updates:
        """Fills the controls with a preset; the clip and the beat stay."""
        updates, _ = self.board.filled(preset(self.names[picked.index]).recipe, path)
        kept = [part for name, part in self.board.controls.items() if is_of_song(name)]
        return {part: value for part, value in updates.items() if part not in kept}

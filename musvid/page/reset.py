"""The panel of resets: whatever a closed part of the page holds goes back to what it was first."""

import json
from collections.abc import Iterator

import gradio as gr

from .board import QUIET, Board


class ResetPanel:
    """A button at the end of each part that holds controls; laid out after all of them."""

    def layout(self, board: Board) -> None:
        """Adds the components."""
        self.buttons: dict[gr.Button, list[str]] = {}
        for part in parts(board):
            names = [name for name in board.controls if part in _around(board.controls[name])]
            if names:
                with part:
                    button = gr.Button(
                        f"Reset {str(part.label).lower()}",
                        size="sm",
                        elem_id=f"reset-{part.elem_id}",
                        elem_classes="reset",
                    )
                self.buttons[button] = names

    def wire(self, board: Board) -> None:
        """Says what happens when. By the browser, which can undo it, too."""
        for button, names in self.buttons.items():
            first = [board.first[name] for name in names]
            controls = [board.controls[name] for name in names]
            # Gradio takes what is given for a single component as its value.
            given = json.dumps(first if len(first) > 1 else first[0])
            button.click(None, None, controls, js=f"() => ({given})", **QUIET)


def parts(board: Board) -> list[gr.Accordion]:
    """The parts of the page that open and close, without those that lie in others."""
    found = (each for each in board.blocks.blocks.values() if isinstance(each, gr.Accordion))
    return [each for each in found if "part" in (each.elem_classes or [])]


def _around(block: gr.blocks.Block) -> Iterator[gr.blocks.Block]:
    """What a component lies in, from inside outwards."""
    while block.parent is not None:
        block = block.parent
        yield block

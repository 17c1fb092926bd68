"""The panel of the format: square, wide or tall, and how fine."""

import gradio as gr

from ..view.formats import FORMATS, LINES, format_of, sides
from .board import LIGHT, QUIET, Board, Updates


class FormatPanel:
    """The shape of the video; any other size is typed where the view is."""

    def layout(self, board: Board) -> None:
        """Adds the components."""
        shape, lines = format_of(board.first["view.shown"])
        with gr.Row(elem_id="format", equal_height=True):
            self.shape = gr.Radio(
                [(name.capitalize(), name) for name in FORMATS],
                value=shape,
                label="Format",
                show_label=False,
                container=False,
                scale=3,
                min_width=200,
                elem_id="shape",
            )
            self.lines = gr.Dropdown(
                _choices(lines),
                value=lines,
                label="Resolution",
                show_label=False,
                container=False,
                scale=1,
                min_width=90,
                elem_id="lines",
            )

    def wire(self, board: Board) -> None:
        """Says what happens when."""
        shown = board.controls["view.shown"]
        gr.on(
            [self.shape.input, self.lines.input],
            _shown,
            [self.shape, self.lines],
            shown,
            **LIGHT,
            **QUIET,
        )
        shown.change(self.on_shown, shown, [self.shape, self.lines], **LIGHT, **QUIET)

    def on_shown(self, shown: str | None) -> Updates:
        """Marks the format that a size is, whoever chose it."""
        shape, lines = format_of(shown)
        return {self.shape: shape, self.lines: gr.update(choices=_choices(lines), value=lines)}


def _choices(lines: int | None) -> list[tuple[str, int]]:
    """The shorter sides to choose from, with the one that is shown."""
    return [(f"{each} px", each) for each in sorted({*LINES, lines or LINES[0]})]


def _shown(shape: str | None, lines: int | None) -> str:
    """The size of a format, as its control has it."""
    width, height = sides(shape or "square", lines or LINES[0])
    return f"{width}x{height}"

"""The panel of the song's form: which parts it has."""

from collections.abc import Iterator
from typing import Any

import gradio as gr

from .. import MusvidError
from ..music.form import AUTO
from .board import LATEST, QUIET, Board, Updates
from .html import hint, told
from .values import Values


class FormPanel:
    """The parts of the song: they are found, or typed."""

    def layout(self, board: Board) -> None:
        """Adds the components."""
        self.board = board
        with gr.Accordion("Parts of the song", open=False, elem_classes="part", elem_id="form"):
            board.control(
                "form",
                gr.Textbox(
                    AUTO,
                    label="Where parts begin, and which are alike",
                    info="Such as 0:00 A | 0:32 B | 1:04 A; auto is what is found in the song",
                    lines=2,
                    elem_id="parts",
                ),
            )
            self.find = gr.Button("Find the parts", size="sm", elem_id="find-parts")
            self.note = gr.HTML(elem_id="form-note", padding=False)

    def wire(self, board: Board) -> None:
        """Says what happens when."""
        shown = [self.note, board.controls["form"]]
        board["song"].change(
            self.on_new_song, board["own"], shown, trigger_mode="multiple", **QUIET
        )
        self.find.click(
            self.on_find,
            outputs=shown,
            **board.everything(),
            concurrency_limit=1,
            concurrency_id="listen",
            **LATEST,
        )

    def on_new_song(self, own: Values | None = None) -> Updates:
        """Another song has other parts."""
        return {self.note: "", **({} if own else {self.board.controls["form"]: AUTO})}

    def on_find(self, data: dict[Any, Any]) -> Iterator[Updates]:
        """Finds the parts of the whole file."""
        form = self.board.controls["form"]
        try:
            song, recipe = self.board.asked({**data, form: AUTO})
            yield {self.note: hint("Listening … (the first time takes up to a minute)")}
            found = self.board.studio.form(song, recipe.lock)
        except MusvidError as error:
            yield {self.note: told(error)}
            return
        count, letters = len(found.sections), " ".join(part.letter for part in found.sections)
        said = f"{count} parts: {letters}" if count > 1 else "No contrast was found: one part."
        yield {self.note: hint(said), form: str(found)}

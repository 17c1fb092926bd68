"""The panel of the story: what each part of the song looks like."""

from typing import Any

import gradio as gr

from .. import MusvidError
from ..music.story import AUTO, EXAMPLE, OFF
from .board import LATEST, LIGHT, QUIET, Board, Updates
from .html import told

WRITTEN = "written"


class StoryPanel:
    """One look for all, a story that is made from the song, or one that is written here."""

    def layout(self, board: Board) -> None:
        """Adds the components."""
        self.board = board
        with gr.Accordion("What parts look like", open=False, elem_classes="part", elem_id="story"):
            self.kind = gr.Radio(
                [("All alike", OFF), ("As the song asks", AUTO), ("As written", WRITTEN)],
                value=OFF,
                label="Story",
                show_label=False,
                container=False,
                elem_id="story-kind",
            )
            board.control(
                "story",
                gr.Textbox(
                    OFF,
                    label="Story",
                    info=f"Such as {EXAMPLE}. A part has a prompt; view, palette, speed, strength",
                    lines=3,
                    elem_id="story-text",
                ),
            )
            self.note = gr.HTML(elem_id="story-note", padding=False)

    def wire(self, board: Board) -> None:
        """Says what happens when."""
        text = board.controls["story"]
        self.kind.input(
            self.on_kind,
            outputs=[text, self.note],
            **board.everything(self.kind),
            concurrency_limit=2,
            concurrency_id="timeline",
            **LATEST,
        )
        # Whoever fills it, a render's settings too.
        text.change(_kind, text, self.kind, **LIGHT, **QUIET)

    def on_kind(self, data: dict[Any, Any]) -> Updates:
        """Fills the text: to be written is what the song asks for."""
        text, kind = self.board.controls["story"], data[self.kind]
        if kind != WRITTEN:
            return {text: kind, self.note: ""}
        if _kind(self.board.named(data)["story"]) == WRITTEN:
            return {self.note: ""}
        try:
            return {text: self.board.chosen({**data, text: AUTO}).recipe.story, self.note: ""}
        except MusvidError as error:
            return {self.note: told(error)}


def _kind(text: str | None) -> str:
    """What a text is: "off", "auto", or a story that is written."""
    plain = (text or "").strip().lower() or OFF
    return plain if plain in (OFF, AUTO) else WRITTEN

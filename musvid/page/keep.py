"""The panel that keeps settings in the browser, and makes a link of them."""

import json
from typing import Any

import gradio as gr

from .. import MusvidError, Recipe
from .board import LIGHT, QUIET, Board, Updates
from .html import hint, told
from .restore import look_of
from .values import values_of


class KeepPanel:
    """What the browser kept comes back; a link fills the controls, too."""

    def layout(self, board: Board) -> None:
        """Adds the components."""
        self.board = board
        self.share = gr.Button(
            "Copy link to this look", elem_id="share-link", size="sm", min_width=60, scale=0
        )
        gr.HTML('<div id="tools-said" role="status"></div>', padding=False, min_width=60)
        # Clicked by scripts, which have a look to be shown.
        self.take = gr.Button("Take a look", visible="hidden", elem_id="take-look")
        self.text = gr.Textbox(visible=False)

    def wire(self, board: Board) -> None:
        """Says what happens when."""
        names, parts = list(board.controls), list(board.controls.values())
        shown = [board["song_problem"], *parts]
        event: dict[str, Any] = {**LIGHT, **QUIET}
        board.blocks.load(
            self.on_arrive,
            self.text,
            shown,
            js="() => [window.musvid?.keep?.arrive() ?? '']",
            **event,
        ).then(None, None, None, js="() => { window.musvid?.keep?.ready(); return []; }", **QUIET)
        self.take.click(
            self.on_look,
            [self.text, board["song"]],
            shown,
            js="() => [window.musvid?.keep?.taken() ?? '', null]",
            trigger_mode="multiple",
            **event,
        )
        plain = {name: value for name, value in values_of(Recipe()).items() if name in names}
        self.share.click(
            None,
            parts,
            None,
            js="(...values) => { window.musvid?.keep?.share("
            f"{json.dumps(names)}, {json.dumps(plain)}, values); return []; }}",
            **QUIET,
        )

    def on_arrive(self, text: str) -> Updates:
        """Fills the controls as they were, or as a link says; the song brings its own."""
        linked = text.startswith("link:")
        text = text.removeprefix("link:")
        if not text:
            return {self.board["song_problem"]: gr.skip()}
        updates, note = look_of(self.board, text, None)
        if linked:
            return {**updates, self.board["song_problem"]: hint(note) if note else told()}
        return updates or {self.board["song_problem"]: gr.skip()}

    def on_look(self, text: str, path: str | None) -> Updates:
        """Fills the controls with a look."""
        try:
            updates, note = look_of(self.board, text, path)
        except MusvidError as error:
            return {self.board["song_problem"]: told(error)}
        return {**updates, self.board["song_problem"]: hint(note) if note else told()}

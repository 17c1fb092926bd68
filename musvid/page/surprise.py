"""The panel of chance and of favourites."""

import json
from random import randrange

import gradio as gr

from .. import MusvidError
from ..presets.surprise import surprise
from .board import LIGHT, QUIET, Board, Updates
from .html import told
from .own import FORMAT, is_of_song


class SurprisePanel:
    """A look by chance, and the looks that a visitor likes, which their browser keeps."""

    def layout(self, board: Board) -> None:
        """Adds the components."""
        self.board = board
        self.button = gr.Button("Surprise me", elem_id="surprise", size="sm", min_width=60, scale=0)
        self.heart = gr.Button(
            "♡ Keep this look", elem_id="favour", size="sm", min_width=60, scale=0
        )
        gr.HTML('<ul id="favourites" aria-label="Favourites"></ul>', padding=False)

    def wire(self, board: Board) -> None:
        """Says what happens when."""
        parts = list(board.controls.values())
        self.button.click(
            self.on_surprise,
            board["song"],
            [board["song_problem"], *parts],
            trigger_mode="multiple",
            **LIGHT,
            **QUIET,
        )
        names = json.dumps([None if is_of_song(name) else name for name in board.controls])
        self.heart.click(
            None,
            parts,
            None,
            js=f"(...values) => {{ window.musvid?.favourites?.add({names}, values); return []; }}",
            **QUIET,
        )

        board.blocks.load(
            None, None, None, js="() => { window.musvid?.favourites?.show(); return []; }", **QUIET
        )

    def on_surprise(self, path: str | None) -> Updates:
        """Fills the controls with a look by chance; the format and what is the song's stay."""
        try:
            recipe = surprise(randrange(2**32))
            self.board.limits.check(recipe)
            updates, _ = self.board.filled(recipe, path)
        except MusvidError as error:
            return {self.board["song_problem"]: told(error)}
        controls = self.board.controls.items()
        own = [part for name, part in controls if name == FORMAT or is_of_song(name)]
        return {part: value for part, value in updates.items() if part not in own}

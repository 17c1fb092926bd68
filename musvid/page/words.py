"""The panel of words: what is written on the picture, and a logo."""

import gradio as gr

from ..words.lines import ENDINGS
from ..words.settings import LOGO_PLACES, LYRICS_PLACES, TITLE_PLACES
from .board import Board
from .html import hint
from .values import OWN_LYRICS, SHOWS


class WordsPanel:
    """Title, lyrics and a logo; they are drawn at last, and repaint nothing."""

    def layout(self, board: Board) -> None:
        """Adds the components."""
        with gr.Accordion("Words and logo", open=False, elem_classes="part", elem_id="writing"):
            self._title(board)
            with gr.Accordion("Lyrics", open=False, elem_id="lyrics-part"):
                gr.HTML(
                    hint("With times, as an LRC or SRT file; words that have times light up."),
                    padding=False,
                )
                board.control(
                    "words.lyrics",
                    gr.File(label="Lyrics", file_types=list(ENDINGS), height=110, elem_id="lyrics"),
                )
                board.control(OWN_LYRICS, gr.Checkbox(False, label="Those in the song's own file"))
                with gr.Row(equal_height=True):
                    _places(board, "words.lyrics_place", LYRICS_PLACES)
                    board.slider("words.lyrics_shift", "Later by (s)", min_width=120)
            with gr.Accordion("Logo", open=False, elem_id="logo-part"):
                board.control("words.logo", gr.File(label="Logo", height=110, elem_id="logo"))
                with gr.Row(equal_height=True):
                    _places(board, "words.logo_place", LOGO_PLACES)
                    board.slider("words.logo_size", "Logo size", min_width=120)
                    board.slider("words.logo_pulse", "Logo pulse", min_width=120)

    def _title(self, board: Board) -> None:
        first = board.first
        with gr.Row(equal_height=True):
            for name, label in (("title", "Title"), ("artist", "Artist")):
                board.control(
                    name,
                    gr.Textbox(
                        first[name],
                        label=label,
                        placeholder="as its tags say",
                        max_length=300,
                        min_width=120,
                        elem_id=f"song-{name}",
                    ),
                )
        with gr.Row(equal_height=True):
            board.control(
                "words.show_title",
                gr.Dropdown(
                    list(SHOWS.items()),
                    value=first["words.show_title"],
                    allow_custom_value=True,
                    label="Show the title",
                    min_width=120,
                    elem_id="show-title",
                ),
            )
            _places(board, "words.title_place", TITLE_PLACES)
            board.slider("words.text_size", "Letters", min_width=120)

    def wire(self, board: Board) -> None:
        """Nothing happens here: other panels take changes of all controls."""


def _places(board: Board, name: str, places: tuple[str, ...]) -> None:
    board.control(
        name,
        gr.Dropdown(list(places), value=board.first[name], label="Place", min_width=120),
    )

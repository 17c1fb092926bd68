"""The panel of the overview: the whole song, with the part that becomes the video drawn on it."""

from html import escape
from typing import Any

import gradio as gr

from .. import MusvidError, Song
from ..studio.titles import title
from .board import QUIET, Board
from .timeline import peaks_of


class OverviewPanel:
    """The song's waveform; its part is moved and resized on it, by hand or by keys."""

    def layout(self, board: Board) -> None:
        """Adds the components."""
        self.board = board
        # Its value: how loud the song is along its time, from 0 to 1, and how long it lasts.
        self.wave = gr.HTML(
            {"peaks": [], "seconds": 0.0},
            html_template='<svg viewBox="0 0 1000 100" preserveAspectRatio="none" '
            'aria-hidden="true">'
            '<path/></svg><div class="window" role="slider" tabindex="0" '
            'aria-label="Part of the song that becomes the video">'
            "<i></i><i></i><span>your video</span></div><b></b>",
            js_on_load="musvid.overview.begin(element, props, watch)",
            apply_default_css=False,
            padding=False,
            elem_id="overview",
        )

    def wire(self, board: Board) -> None:
        """Says what happens when."""
        board["song"].change(
            self.on_song,
            board["song"],
            [self.wave, board["song_name"]],
            trigger_mode="multiple",
            concurrency_limit=2,
            concurrency_id="timeline",
            **QUIET,
        )

    def on_song(self, path: str | None) -> tuple[dict[str, Any], str]:
        """The whole song's waveform, and what it is called."""
        try:
            song = self.board.studio.song(path) if path else None
            peaks = peaks_of(song) if song else []
        except MusvidError:
            song, peaks = None, []  # said where the song is
        wave = {
            "peaks": [round(peak, 3) for peak in peaks],
            "seconds": float(song.duration) if song else 0.0,
        }
        return wave, name_of(song) if song else ""


def name_of(song: Song) -> str:
    """What a song is called, and how long it is."""
    minutes, seconds = divmod(round(song.duration), 60)
    return f"<b>{escape(title(song))}</b> <span>{minutes}:{seconds:02}</span>"

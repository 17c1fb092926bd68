"""The panel that plays: the song, with its pictures while they are being painted."""

import base64
import json
import math
from typing import Any

import gradio as gr

from .. import MusvidError, SettingsError
from ..job import Job
from ..studio.play import PIECE, Piece, Players
from .board import CLIP, QUIET, Board
from .gpu import ZERO
from .html import told

# What `static/play.js` fills with life.
_PLAYER = """
<div id="player-box" class="player" data-show="still">
  <canvas id="player-canvas" role="img" aria-label="The song, as it is painted" width="256"
    height="256"></canvas>
  <p id="player-badge"></p>
  <p id="player-problem" role="alert"></p>
  <div class="player-bar">
    <button id="play" type="button" aria-label="Play" aria-pressed="false"></button>
    <button id="mute" type="button" aria-label="Mute" aria-pressed="false"></button>
    <span id="player-time">0:00 / 0:00</span>
  </div>
  <audio id="player-audio" preload="metadata"></audio>
</div>
"""
_ASKED = ("number", "at", "took", "seconds", "held", "late", "draws", "anew", "soon", "view")
_LARGEST = 1_000.0  # characters of a question


class PlayPanel:
    """Play, pause and mute, and the moment, which is where it plays; the pictures come piece by
    piece, see `musvid.studio.play`."""

    def layout(self, board: Board) -> None:
        """Adds the components."""
        self.board, self.players = board, Players(board.studio)
        with gr.Row(elem_id="transport", equal_height=True):
            gr.HTML(_PLAYER, elem_id="player", padding=False, visible=not ZERO)
            # One axis for all that is along the clip: the slider is the playhead on the timeline.
            with gr.Column(elem_id="line", min_width=0):
                board.put("timeline", gr.HTML(elem_id="timeline", padding=False))
                board.put(
                    "moment",
                    gr.Slider(
                        *(0, CLIP, 3.0),
                        step=0.02,
                        label="Moment of the song (s)",
                        buttons=[],
                        elem_id="moment",
                    ),
                )
        self.more = gr.Button("More pictures", visible="hidden", elem_id="player-more")
        # What is asked: the time, and how the last piece came. The browser writes it.
        self.asked = gr.Textbox(visible="hidden", label="Asked", elem_id="player-asked")
        # What is answered is read by the browser, and not shown.
        self.made = gr.HTML(html_template="<i></i>", visible="hidden", elem_id="player-made")

    def wire(self, board: Board) -> None:
        """Says what happens when."""
        place = board.numbered(self.asked).index(self.asked)
        answered = self.more.click(
            self.on_more,
            outputs=self.made,
            **board.everything(
                self.asked, waits=False, js=f"window.musvid.play.asked(given, {place})"
            ),
            concurrency_limit=4,
            concurrency_id="play",
            trigger_mode="multiple",
            **QUIET,
        )
        took = "(made) => { window.musvid.play.took(made) }"
        answered.success(None, self.made, None, js=took, **QUIET)
        answered.failure(None, None, None, js="() => { window.musvid.play.failed() }", **QUIET)
        looked = "() => { window.musvid.play.looked() }"
        board["video"].change(None, None, None, js=looked, **QUIET)
        load = board.blocks.load
        parts = [board.controls["start"], board.controls["duration"]]
        part = "(start, length) => { window.musvid.play.part(start, length) }"
        gr.on([load, *board.changed(["start", "duration"])], None, parts, None, js=part, **QUIET)
        song = "(file) => { window.musvid.play.song(file) }"
        gr.on([load, board["audio"].change], None, board["audio"], None, js=song, **QUIET)

    def on_more(self, data: dict[Any, Any], request: gr.Request) -> str:
        """The next pictures, as a text that the browser reads; or what went wrong."""
        try:
            asked = _numbers(data[self.asked])
            number, at, view = (asked.pop(name) for name in ("number", "at", "view"))
            job = self.board.chosen(data)
            visitor = self.board.visitors.of(request.session_hash)
            seen = self.players.seen(visitor, job, at) if view else None
            if seen:
                return json.dumps({"number": number, "seen": seen})
            piece = self.players.piece(visitor, job, at, check=self._check, **asked)
        except MusvidError as error:
            return told(error)
        return _written(piece, number)

    def _check(self, job: Job) -> None:
        """Raises SettingsError when a piece is too much work for one visitor of this page, or
        cannot be made here."""
        if self.board.studio.lacks(job.style):
            raise SettingsError(
                f"{job.style.model} is not downloaded yet; play when the moment is painted."
            )
        self.board.studio.check(job)
        seconds = max(PIECE, float(job.song.duration))
        paintings = math.ceil(job.clock.painted * PIECE / seconds)
        self.board.limits.afford_moment(job, paintings)


def _numbers(text: object) -> dict[str, float]:
    """What the browser asks, see `Players.piece`. Raises SettingsError where it asks nothing."""
    try:
        given = json.loads(str(text)[: int(_LARGEST)])
        asked = {name: float(given.get(name, 0.0)) for name in _ASKED}
    except (ValueError, TypeError, AttributeError):
        asked = {}
    if not asked or not all(0 <= value < 1e6 for value in asked.values()):
        raise SettingsError("What to play is a time in seconds; press play again.")
    return asked


def _written(piece: Piece, number: float) -> str:
    """A piece as a text, with the number of its question."""
    pictures = [
        [round(time, 4), base64.b64encode(picture).decode()] for time, picture in piece.pictures
    ]
    return json.dumps({
        "number": number,
        "pictures": pictures,
        "begin": piece.begin,
        "end": piece.end,
        "fresh": piece.fresh,
        "size": piece.size,
        "rate": piece.rate,
        "over": piece.over,
        "relit": piece.lit,
        "seen": piece.seen,
    })  # fmt: skip

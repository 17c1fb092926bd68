"""The panel of the song: what is played, and which part of it."""

from pathlib import Path
from typing import Any

import gradio as gr

import musvid

from .. import MusvidError
from .board import CLIP, LATEST, LIGHT, QUIET, Board, Updates
from .html import hint, told
from .own import is_of_song
from .restore import Clip

PACKAGE = Path(musvid.__file__).parent
# In the repository they lie beside the package, and in an installed one within it.
FOLDERS = (PACKAGE.parent / "examples", PACKAGE / "examples")
EXAMPLES = {
    name.capitalize(): folder / f"{name}.ogg"
    for name in ("loop", "nocturne")
    for folder in FOLDERS
    if (folder / f"{name}.ogg").is_file()
}


class SongPanel:
    """The song, examples to try, and the clip."""

    def layout(self, board: Board) -> None:
        """Adds the components."""
        self.board = board
        with gr.Column(elem_classes="part"):
            gr.HTML("<h2>Song</h2>", padding=False)
            self.audio = gr.Audio(
                next(map(str, EXAMPLES.values()), None),
                type="filepath",
                sources=["upload", "microphone"],
                show_label=False,
                label="Song",
                elem_id="song",
                waveform_options=gr.WaveformOptions(
                    waveform_color="#8b7bd8", waveform_progress_color="#f472b6"
                ),
            )
            self.examples = gr.Dataset(
                components=[gr.Textbox(visible=False)],
                samples=[[name] for name in EXAMPLES],
                label="Made by this project, to try",
                elem_id="examples",
                visible=bool(EXAMPLES),
            )
            board.put("song_problem", gr.HTML(elem_id="song-problem", padding=False))
            with gr.Row():
                board.control(
                    "start", gr.Slider(0, 1, 0, step=0.1, label="From (s)", min_width=120)
                )
                board.control(
                    "duration",
                    gr.Slider(0.5, CLIP, CLIP, step=0.1, label="Length (s)", min_width=120),
                )
        board.put("song", gr.State(None))
        board.put("own", gr.State({}))  # what the browser kept of this song, see `Clip`
        self.kept = gr.Textbox(visible=False)
        board.put("audio", self.audio)

    def wire(self, board: Board) -> None:
        """Says what happens when."""
        controls = board.controls
        own = [controls[name] for name in controls if is_of_song(name)]
        changed = board.changed
        gr.on(
            [self.audio.change, board.blocks.load],
            self.on_song,
            [self.audio, self.kept],
            [
                board["song"],
                board["own"],
                board["song_problem"],
                board["moment"],
                *own,
            ],
            js="(song) => [song, window.musvid?.keep?.of(song) ?? '']",
            **LIGHT,
            **QUIET,
        )
        self.examples.click(self.on_example, self.examples, self.audio, **LIGHT, **QUIET)
        gr.on(
            changed(["start", "duration"]),
            self.on_clip,
            {board["song"], controls["start"], controls["duration"], board["moment"]},
            board["moment"],
            **LIGHT,
            **LATEST,
        )

    def on_song(
        self, path: str | None, kept: str = "", request: gr.Request | None = None
    ) -> Updates:
        """Takes a song, and sets the sliders to its length, or as the browser kept them of it."""
        start, duration = self.board.controls["start"], self.board.controls["duration"]
        none: Updates = {self.board["song"]: None, self.board["own"]: {}}
        if not path:
            return {**none, self.board["song_problem"]: told()}
        try:
            song = self.board.studio.song(path)
            clip = Clip.of(self.board, path, kept)
        except MusvidError as error:
            return {**none, self.board["song_problem"]: told(error)}
        if request:
            self.board.visitors.remember(self.board.visitors.of(request.session_hash), song=path)
        ends = self.board.clip_ends(song)
        least, longest = ends["duration"]
        return {
            self.board["song"]: path,
            self.board["own"]: clip.own,
            self.board["song_problem"]: hint(" ".join(song.notes)) if song.notes else told(),
            start: gr.update(maximum=ends["start"][1], value=clip.start),
            duration: gr.update(minimum=least, maximum=longest, value=clip.duration),
            self.board["moment"]: gr.update(
                minimum=clip.start, maximum=clip.start + clip.duration, value=clip.moment
            ),
            **{self.board.controls[name]: value for name, value in clip.own.items()},
        }

    def on_example(self, chosen: list[str]) -> str:
        """Gives the path of an example."""
        return str(EXAMPLES[chosen[0]])

    def on_clip(self, data: dict[Any, Any]) -> Any:
        """Keeps the moment inside the clip."""
        first = data[self.board.controls["start"]] or 0
        last = first + (data[self.board.controls["duration"]] or 0.5)
        return gr.update(
            minimum=first,
            maximum=last,
            value=max(first, min(last, data[self.board["moment"]] or 0)),
        )

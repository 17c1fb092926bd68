"""The panel of the song: what is played."""

from pathlib import Path

import gradio as gr

import musvid

from .. import MusvidError
from .board import LIGHT, QUIET, Board, Updates
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
    """The song, and examples to try."""

    def layout(self, board: Board) -> None:
        """Adds the components."""
        self.board = board
        with gr.Column(elem_classes="part", elem_id="song-part"):
            board.put("song_name", gr.HTML(elem_id="song-name", padding=False))
            self.audio = gr.Audio(
                next(map(str, EXAMPLES.values()), None),
                type="filepath",
                sources=["microphone"],
                buttons=[],
                editable=False,
                show_label=False,
                label="Song",
                elem_id="song",
                waveform_options=gr.WaveformOptions(
                    waveform_color="#8b7bd8", waveform_progress_color="#f472b6"
                ),
            )
            with gr.Row(elem_id="song-row", equal_height=True):
                self.choose = gr.UploadButton(
                    "Choose your song …",
                    file_types=["audio", ".mp4", ".webm", ".mkv"],
                    size="sm",
                    scale=3,
                    min_width=150,
                    elem_id="choose",
                )
                self.examples = gr.Dataset(
                    components=[gr.Textbox(visible=False)],
                    samples=[[name] for name in EXAMPLES],
                    show_label=False,
                    label="Made by this project, to try",
                    elem_id="examples",
                    visible=bool(EXAMPLES),
                )
            if board.limits.told:
                gr.HTML(hint(board.limits.told), elem_id="limits", padding=False)
            board.put("song_problem", gr.HTML(elem_id="song-problem", padding=False))
        board.put("song", gr.State(None))
        board.put("own", gr.State({}))  # what the browser kept of this song, see `Clip`
        self.kept = gr.Textbox(visible=False)
        board.put("audio", self.audio)

    def wire(self, board: Board) -> None:
        """Says what happens when."""
        controls = board.controls
        own = [controls[name] for name in controls if is_of_song(name)]
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
        # The old song stays until another one is there.
        self.choose.upload(lambda path: path, self.choose, self.audio, **LIGHT, **QUIET)
        self.examples.click(self.on_example, self.examples, self.audio, **LIGHT, **QUIET)

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

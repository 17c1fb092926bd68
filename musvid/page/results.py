"""The panel of results: files to save, settings to load, and the renders of a visit."""

from pathlib import Path
from typing import Any

import gradio as gr

from .. import MusvidError, load_settings
from ..studio.spool import pack
from .board import LIGHT, QUIET, Board, Updates
from .files import also, history, offered, picked, played, tiles
from .html import told
from .restore import restored
from .values import Values

# Where the formats are at home.
_PLATFORMS = {"square": "feeds", "wide": "YouTube", "tall": "Reels, Shorts"}
# Gives what stands in the progress, unless it is a problem.
_PAST = """(progress) => ['', String(progress ?? '').includes('role="alert"') ? '' : progress]"""


_RENDER = "() => { document.getElementById('render')?.click() }"


class ResultsPanel:
    """What is done with a finished render."""

    def layout(self, board: Board) -> None:
        """Adds the components."""
        self.board = board
        board.put("result", gr.State(None))  # what the video player shows: its folder, settings
        board.put("visit", gr.State([]))  # the renders of this visit, the last one first
        with gr.Row(elem_id="results"):
            board.put(
                "save_video",
                gr.DownloadButton(
                    "Download video",
                    variant="primary",
                    interactive=False,
                    min_width=220,
                    elem_id="save-video",
                ),
            )
            disabled: dict[str, Any] = {"interactive": False, "size": "sm", "min_width": 110}
            board.put(
                "save_frames", gr.Button("All frames (zip)", elem_id="save-frames", **disabled)
            )
            board.put(
                "save_settings",
                gr.DownloadButton("Settings (JSON)", elem_id="save-settings", **disabled),
            )
            board.put("take", gr.Button("Load these settings", elem_id="take", **disabled))
            # What is painted stays; only the view of it is made anew.
            for name, where in _PLATFORMS.items():
                button = gr.Button(f"Also {name}: {where}", elem_id=f"also-{name}", **disabled)
                board.put(f"also_{name}", button)
        board.put("zip", gr.File(label="All frames", visible=False, elem_id="zip"))
        # What came of loading settings, or why it did not.
        board.put("loaded", gr.HTML(elem_id="restore-note", padding=False))
        with gr.Row():
            board.put("history", history(scale=3, min_width=260))
            self.restore = gr.File(
                label="Settings of a musvid video, or a settings JSON",
                height=190,
                elem_id="restore",
                scale=2,
                min_width=200,
            )

    def wire(self, board: Board) -> None:
        """Says what happens when."""
        controls = board.controls
        board["save_frames"].click(
            self.on_pack,
            board["result"],
            [board["zip"], board["progress"]],
            concurrency_limit=1,
            concurrency_id="files",
            **QUIET,
        )
        for name in _PLATFORMS:
            width, height = also(name)
            board[f"also_{name}"].click(
                None, None, controls["view.shown"], js=f"() => '{width}x{height}'", **QUIET
            ).then(None, None, None, js=_RENDER, **QUIET)
        loaded = [board["loaded"], *controls.values()]
        board["take"].click(
            self.on_take, [board["result"], board["song"]], loaded, **LIGHT, **QUIET
        )
        self.restore.upload(
            self.on_restore, [self.restore, board["song"]], loaded, **LIGHT, **QUIET
        )
        # What was said of other settings, or for want of a song, has had its time.
        gr.on(
            [self.restore.clear, board["song"].change],
            None,
            board["progress"],
            [board["loaded"], board["progress"]],
            js=_PAST,
            **QUIET,
        )
        shown = [
            board[name]
            for name in (
                *("history", "video", "result"),
                *("save_video", "save_frames", "save_settings", "take"),
                *(f"also_{name}" for name in _PLATFORMS),
            )
        ]
        board["history"].again(self.on_again, board["visit"], shown, **LIGHT, **QUIET)
        board["history"].use(
            self.on_use, [board["visit"], board["song"]], [*loaded, *shown], **LIGHT, **QUIET
        )

    def on_pack(self, result: Values | None) -> Updates:
        """Packs all frames into one file."""
        try:
            if not result:
                return {self.board["progress"]: gr.skip()}
            video = Path(result["video"])
            made = pack(video.parent, video.with_name(f"{video.stem} - frames.zip"))
            return {self.board["zip"]: gr.update(value=str(made), visible=True)}
        except MusvidError as error:
            return {self.board["progress"]: told(error)}

    def on_take(self, result: Values | None, path: str | None) -> Updates:
        """Fills the controls with the settings of the shown video."""
        if not result:
            return {self.board["loaded"]: gr.skip()}
        remarks: list[str] = []
        return restored(self.board, load_settings(result["settings"], remarks), path, remarks)

    def on_restore(self, file: str | None, path: str | None) -> Updates:
        """Fills the controls with the settings of a file."""
        try:
            if not file:
                return {self.board["loaded"]: gr.skip()}
            remarks: list[str] = []
            recipe = load_settings(file, remarks)
            self.board.limits.check(recipe)
            return restored(self.board, recipe, path, remarks)
        except MusvidError as error:
            return {self.board["loaded"]: told(error)}

    def on_again(self, visit: list[Values], chosen: gr.EventData) -> Updates:
        """Shows an earlier render of this visit."""
        place = picked(visit, chosen)
        if place is None:
            return {self.board["history"]: gr.skip()}
        return {
            self.board["history"]: tiles(visit, place),
            self.board["video"]: played(visit[place]),
            self.board["result"]: visit[place],
            **offered(self.board, visit[place]),
        }

    def on_use(self, visit: list[Values], path: str | None, chosen: gr.EventData) -> Updates:
        """Shows an earlier render, and fills the controls with its settings."""
        place = picked(visit, chosen)
        if place is None:
            return {self.board["loaded"]: gr.skip()}
        return {**self.on_take(visit[place], path), **self.on_again(visit, chosen)}

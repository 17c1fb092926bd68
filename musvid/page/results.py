"""The panel of results: files to save, settings to load, and the renders of a visit."""

from pathlib import Path
from typing import Any

import gradio as gr

from .. import MusvidError, load_settings
from ..studio.spool import pack
from .board import LIGHT, QUIET, Board, Updates, Values
from .html import told
from .restore import restored


class ResultsPanel:
    """What is done with a finished render."""

    def layout(self, board: Board) -> None:
        """Adds the components."""
        self.board = board
        board.put("result", gr.State(None))  # what the video player shows: its folder, settings
        board.put("visit", gr.State([]))  # the renders of this visit, the last one first
        with gr.Row(elem_id="results"):
            disabled: dict[str, Any] = {"interactive": False, "size": "sm", "min_width": 130}
            board.put("save_video", gr.DownloadButton("Video", elem_id="save-video", **disabled))
            board.put(
                "save_frames", gr.Button("All frames (zip)", elem_id="save-frames", **disabled)
            )
            board.put(
                "save_settings",
                gr.DownloadButton("Settings (JSON)", elem_id="save-settings", **disabled),
            )
            board.put("take", gr.Button("Load these settings", elem_id="take", **disabled))
        board.put("zip", gr.File(label="All frames", visible=False, elem_id="zip"))
        with gr.Row():
            board.put(
                "history",
                gr.Gallery(
                    fit_columns=False,
                    label="This visit",
                    columns=4,
                    height=190,
                    object_fit="cover",
                    allow_preview=False,
                    interactive=False,
                    elem_id="history",
                    scale=3,
                    buttons=[],
                    min_width=260,
                ),
            )
            self.restore = gr.File(
                label="Settings of a musvid video, or a settings JSON",
                file_types=[".mp4", ".json"],
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
        board["take"].click(
            self.on_take,
            [board["result"], board["song"]],
            [board["song_problem"], *controls.values()],
            **LIGHT,
            **QUIET,
        )
        self.restore.upload(
            self.on_restore,
            [self.restore, board["song"]],
            [board["song_problem"], *controls.values()],
            **LIGHT,
            **QUIET,
        )
        board["history"].select(
            self.on_again,
            board["visit"],
            [board["video"], board["result"], board["save_video"], board["save_settings"]],
            **LIGHT,
            **QUIET,
        )

    def on_pack(self, result: Values | None) -> Updates:
        """Packs all frames into one file."""
        try:
            if not result:
                return {self.board["progress"]: gr.skip()}
            folder = Path(result["video"]).parent
            return {
                self.board["zip"]: gr.update(
                    value=str(pack(folder, folder / "frames.zip")), visible=True
                )
            }
        except MusvidError as error:
            return {self.board["progress"]: told(error)}

    def on_take(self, result: Values | None, path: str | None) -> Updates:
        """Fills the controls with the settings of the shown video."""
        if not result:
            return {self.board.controls["stride"]: gr.skip()}
        remarks: list[str] = []
        return restored(self.board, load_settings(result["settings"], remarks), path, remarks)

    def on_restore(self, file: str | None, path: str | None) -> Updates:
        """Fills the controls with the settings of a file."""
        try:
            if not file:
                return {self.board["song_problem"]: gr.skip()}
            remarks: list[str] = []
            recipe = load_settings(file, remarks)
            self.board.limits.check(recipe)
            return restored(self.board, recipe, path, remarks)
        except MusvidError as error:
            return {self.board["song_problem"]: told(error)}

    def on_again(self, visit: list[Values], picked: gr.SelectData) -> Updates:
        """Shows an earlier render of this visit."""
        entry = visit[picked.index]
        return {
            self.board["video"]: entry["video"],
            self.board["result"]: entry,
            self.board["save_video"]: gr.update(value=entry["video"]),
            self.board["save_settings"]: gr.update(value=entry["settings"]),
        }

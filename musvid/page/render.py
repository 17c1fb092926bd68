"""The panel of renders: they are started, watched and stopped here."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from .. import MusvidError
from ..job import Job
from ..studio.studio import quick_look
from ..studio.watch import Report
from ..video.file import read_settings
from .board import QUIET, Board, Updates, Values
from .gpu import render_clip
from .html import bar, hint, progress_of, told

QUICK = 3.0  # seconds
TILES = 12  # of a gallery that fills while a render runs


class RenderPanel:
    """Quick look, render and stop, and what they show while they run."""

    def layout(self, board: Board) -> None:
        """Adds the components."""
        self.board = board
        with gr.Row(elem_id="actions"):
            self.quick = gr.Button("Quick look", min_width=110, elem_id="quick")
            self.render = gr.Button("Render", variant="primary", min_width=110, elem_id="render")
            self.stop = gr.Button(
                "Stop", variant="stop", min_width=110, interactive=False, elem_id="stop"
            )
        board.put("progress", gr.HTML(elem_id="progress", padding=False))
        with gr.Row(elem_classes="pictures"):
            tiles: dict[str, Any] = {
                "columns": 3,
                "height": 330,
                "object_fit": "cover",
                "min_width": 180,
                "preview": False,
                "fit_columns": False,
                "interactive": False,
                "buttons": ["fullscreen"],
            }
            self.drawn_frames = gr.Gallery(label="Spectrum", elem_id="drawn-frames", **tiles)
            self.painted_frames = gr.Gallery(label="Diffused", elem_id="painted-frames", **tiles)
            board.put(
                "video",
                gr.Video(
                    label="Video",
                    height=330,
                    min_width=180,
                    interactive=False,
                    elem_id="video",
                    buttons=["download"],
                    autoplay=True,
                ),
            )

    def wire(self, board: Board) -> None:
        """Says what happens when."""
        everything = board.everything
        shown = [
            board["progress"],
            self.drawn_frames,
            self.painted_frames,
            board["video"],
            board["result"],
            board["visit"],
            board["history"],
            self.stop,
            board["save_video"],
            board["save_frames"],
            board["save_settings"],
            board["take"],
            board["zip"],
        ]
        for button, work in ((self.quick, self.on_quick), (self.render, self.on_render)):
            # Whoever waits sees their place in the queue where the progress will be.
            board.start(
                button,
                work,
                inputs={*everything, board["visit"]},
                outputs=shown,
                concurrency_limit=1,
                concurrency_id="render",
                api_visibility="private",
                show_progress="minimal",
                show_progress_on=board["progress"],
            )
        self.stop.click(board.on_stop, None, None, queue=False, **QUIET)

    def on_quick(self, data: dict[Any, Any], request: gr.Request) -> Iterator[Updates]:
        """Renders a few seconds around the moment."""
        yield from self._render(data, request, quick=True)

    def on_render(self, data: dict[Any, Any], request: gr.Request) -> Iterator[Updates]:
        """Renders the clip."""
        yield from self._render(data, request, quick=False)

    def _render(
        self, data: dict[Any, Any], request: gr.Request, *, quick: bool
    ) -> Iterator[Updates]:
        """Renders, and shows what is done so far."""
        try:
            job = self.board.chosen(data)
            if quick:
                moment = data[self.board["moment"]] or job.recipe.start
                job = quick_look(job, moment, QUICK)
            folder, stopped = self.board.visits.new(request.session_hash or "")
            if job.recipe.paints and not self.board.studio.has(job.recipe.style):
                yield {self.board["progress"]: hint(f"Loading {job.recipe.style.model} …")}
            yield {
                self.board["progress"]: bar("Beginning", 0),
                self.stop: gr.update(interactive=True),
                self.drawn_frames: [],
                self.painted_frames: [],
                self.board["zip"]: gr.update(visible=False, value=None),
            }
            shown: Path | None = None
            for report in render_clip(self.board.studio, job, folder, stopped):
                updates: Updates = {
                    self.board["progress"]: progress_of(report),
                    self.drawn_frames: report.frames("spectrum", TILES),
                    self.painted_frames: report.frames("painted", TILES),
                }
                if report.video and report.video != shown:
                    shown = report.video
                    updates[self.board["video"]] = str(shown)
                if report.finished:
                    updates |= self._finished(report, job, data[self.board["visit"]])
                yield updates
        except MusvidError as error:
            yield {self.board["progress"]: told(error), self.stop: gr.update(interactive=False)}

    def _finished(self, report: Report, job: Job, visit: list[Values]) -> Updates:
        """Notes a finished render, and offers its files."""
        assert report.video
        settings = report.folder / f"{report.video.stem}.json"
        settings.write_text(read_settings(report.video), encoding="utf-8")
        frames = report.frames("painted", 3)
        poster = report.folder / "poster.webp"
        poster.write_bytes(frames[len(frames) // 2].read_bytes())
        entry = {
            "video": str(report.video),
            "settings": str(settings),
            "poster": str(poster),
            "title": f"{job.recipe.style.prompt or ''} · {job.recipe.motion or 'own motion'} · "
            f"{float(job.song.duration):.0f} s",
        }
        visit = [entry, *visit]
        return {
            self.board["result"]: entry,
            self.board["visit"]: visit,
            self.board["history"]: [(each["poster"], each["title"]) for each in visit],
            self.stop: gr.update(interactive=False),
            self.board["save_video"]: gr.update(value=entry["video"], interactive=True),
            self.board["save_frames"]: gr.update(interactive=True),
            self.board["save_settings"]: gr.update(value=entry["settings"], interactive=True),
            self.board["take"]: gr.update(interactive=True),
        }

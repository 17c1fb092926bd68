"""The panel of renders: they are started, watched and stopped here."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from .. import MusvidError, SettingsError
from ..job import Job
from ..studio.running import Running
from ..studio.studio import quick_look
from ..studio.titles import file_name, look, titled
from ..studio.watch import Report
from ..video.file import read_settings
from ..view.formats import FORMATS
from .board import QUIET, Board, Updates
from .files import offered, played, tiles
from .gpu import render_clip
from .html import bar, hint, progress_of, told
from .line import rendering
from .picture import quick
from .values import Values
from .visitors import NAME

QUICK = 3.0  # seconds
TILES = 12  # of a gallery that fills while a render runs
_FILLED = 2.0  # seconds from one filling of the galleries to the next

GALLERIES = {"spectrum": "drawn_frames", "painted": "diffused_frames"}
"""Where the page shows the frames of a stage."""


class RenderPanel:
    """Quick look, render and stop, and what they show while they run."""

    def layout(self, board: Board) -> None:
        """Adds the components."""
        self.board = board
        self.name = gr.Textbox(visible=False)  # of the visitor's tab
        with gr.Column(elem_id="make"):
            board.put("plan", gr.HTML(elem_id="plan", padding=False))
            with gr.Row(elem_id="actions"):
                self.render = gr.Button(
                    "Make my video", variant="primary", scale=3, min_width=140, elem_id="render"
                )
                self.quick = gr.Button("Quick look", scale=1, min_width=90, elem_id="quick")
                self.stop = gr.Button(
                    "Stop",
                    variant="stop",
                    scale=1,
                    min_width=70,
                    interactive=False,
                    elem_id="stop",
                )

    def wire(self, board: Board) -> None:
        """Says what happens when."""
        shown = [
            board["progress"],
            board["drawn_frames"],
            board["diffused_frames"],
            board["making"],
            board["video"],
            board["result"],
            board["visit"],
            board["history"],
            self.stop,
            board["save_video"],
            board["save_frames"],
            board["save_settings"],
            board["take"],
            *(board[f"also_{name}"] for name in FORMATS),
            board["zip"],
        ]
        for button, work in ((self.quick, self.on_quick), (self.render, self.on_render)):
            # Whoever waits sees their place in the queue where the progress will be.
            board.start(
                button,
                work,
                **board.everything(board["visit"], board["result"]),
                outputs=shown,
                **rendering(board.studio.abreast),
                api_visibility="private",
                show_progress="minimal",
                show_progress_on=board["progress"],
            )
        board.blocks.load(
            self.on_return,
            self.name,
            [board["audio"], *shown],
            js=NAME,
            concurrency_limit=8,
            concurrency_id="back",
            **QUIET,
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
        visitor = self.board.visitors.of(request.session_hash)
        try:
            if self.board.runnings.busy(visitor):
                raise SettingsError("Your last render still runs; wait for it, or stop it.")
            job = self.board.chosen(data)
            if quick:
                moment = data[self.board["moment"]] or job.recipe.start
                job = quick_look(job, moment, QUICK)
            self.board.afford(job)
            result = data[self.board["result"]]
            shown = Path(result["video"]).parent if result else None
            folder, stopped = self.board.visits.new(visitor, shown=shown)
            for said in self.board.fetched([job], "render", stopped):
                yield {self.board["progress"]: said}
            if job.recipe.paints and not self.board.studio.has(job.recipe.style):
                yield {self.board["progress"]: hint(f"Loading {job.recipe.style.model} …")}
            yield {
                self.board["progress"]: bar("Beginning", 0),
                self.stop: gr.update(interactive=True),
                self.board["making"]: None,
                self.board["drawn_frames"]: [],
                self.board["diffused_frames"]: [],
                self.board["zip"]: gr.update(visible=False, value=None),
            }
            song = data[self.board["song"]]
            self.board.visitors.remember(visitor, song=song, finished=False)
            reports = render_clip(self.board.studio, job, folder, stopped)
            work = self.board.runnings.begin(visitor, ((job, report) for report in reports))
            yield from self._watched(visitor, work, data[self.board["visit"]])
        except MusvidError as error:
            yield self._failed(error)

    def _watched(
        self, visitor: str, work: Running[tuple[Job, Report]], visit: list[Values]
    ) -> Iterator[Updates]:
        """Shows what is done of a render until it has ended."""
        shown: Path | None = None
        filled, due = dict[str, list[Path]](), 0.0
        try:
            for job, report in work.reports():
                updates: Updates = {self.board["progress"]: progress_of(report)}
                # Gradio looks at every picture of a gallery for some milliseconds, and so does the
                # browser.
                if report.finished or time.monotonic() > due:
                    due = time.monotonic() + _FILLED
                    for stage, place in GALLERIES.items():
                        frames = report.frames(stage, TILES)
                        if frames != filled.get(stage):
                            updates[self.board[place]] = filled[stage] = frames
                if not report.video and (newest := report.newest):
                    number, frame = newest
                    seen = self.board.studio.seen(job, frame, float(job.clock.time(number)))
                    updates[self.board["making"]] = quick(seen, self.board["making"])
                if report.video and report.video != shown:
                    shown = report.video
                    updates[self.board["video"]] = str(shown)
                if report.finished:
                    updates |= self._finished(visitor, report, job, visit)
                yield updates
        except GeneratorExit:
            # The connection was lost, perhaps for a moment: see `on_return`.
            self.board.runnings.lost(visitor, lambda: self.board.visits.stop(visitor))
            raise
        except MusvidError:
            self.board.runnings.forget(visitor)
            raise

    def on_return(self, name: object, request: gr.Request) -> Iterator[Updates]:
        """Shows a visitor who comes back what they had, and a render that went on meanwhile."""
        self.board.visitors.arrive(request.session_hash or "", name)
        visitor = self.board.visitors.of(request.session_hash)
        known = self.board.visitors.memory(visitor)
        visit = [each for each in known.get("visit", []) if Path(each["video"]).is_file()]
        song = known.get("song")
        back: Updates = {self.board["progress"]: gr.skip()}
        if song and Path(song).is_file():
            back[self.board["audio"]] = song
        if visit:
            back |= self._shown(visit)
        yield back
        work = self.board.runnings.of(visitor)
        if work is None:
            return
        try:
            if work.over and visit and known.get("finished"):
                # It may have ended while nobody could be told.
                for _, report in work.reports():
                    yield {self.board["progress"]: progress_of(report)}
                return
            yield {self.stop: gr.update(interactive=True)}
            yield from self._watched(visitor, work, visit)
        except MusvidError as error:
            yield self._failed(error)

    def _failed(self, error: MusvidError) -> Updates:
        return {self.board["progress"]: told(error), self.stop: gr.update(interactive=False)}

    def _finished(self, visitor: str, report: Report, job: Job, visit: list[Values]) -> Updates:
        """Notes a finished render, and offers its files."""
        assert report.video
        known = [each for each in visit if Path(each["video"]).parent != report.folder]
        name = file_name(job)
        settings = report.folder / f"{name}.json"
        settings.write_text(read_settings(report.video), encoding="utf-8")
        frames = report.frames("painted", 3)
        poster = report.folder / f"poster{frames[0].suffix}"
        poster.write_bytes(frames[len(frames) // 2].read_bytes())
        entry = {
            "video": str(titled(report.video, name)),
            "settings": str(settings),
            "poster": str(poster),
            "size": list(job.file_size),
            "loop": job.recipe.loop,
            "seen": str(report.seen) if report.seen else None,
            "title": f"{look(job)} · {job.recipe.view.kind} · {float(job.song.duration):.0f} s",
        }
        visit = [entry, *known]
        self.board.visitors.remember(visitor, visit=visit, finished=True)
        return self._shown(visit)

    def _shown(self, visit: list[Values]) -> Updates:
        """Shows the last render of a visit, and all of them."""
        entry = visit[0]
        return {
            self.board["video"]: played(entry),
            self.board["result"]: entry,
            self.board["visit"]: visit,
            self.board["history"]: tiles(visit),
            self.stop: gr.update(interactive=False),
            **offered(self.board, entry),
        }

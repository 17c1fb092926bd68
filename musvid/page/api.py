"""The endpoints that programs use; see their docstrings."""

from collections.abc import Callable
from typing import Any

import gradio as gr

from .. import Cancelled, Recipe, SettingsError, SongError
from .._validate import number as check_number
from ..comparison.grid import Grid
from ..comparison.in_step import save_sheet
from ..frame import save_frame
from ..job import Job
from ..studio.grid import paintings
from ..studio.spool import clear
from ..studio.studio import late_told
from ..studio.visits import STOP
from .board import LIGHT, PAINTING, Board
from .gpu import paint_moment, paint_tiles, render_clip
from .grid import jobs_of
from .line import rendering
from .values import Values


def add(board: Board) -> None:
    """Adds every endpoint to the page."""
    api = Api(board)
    gr.api(api.plan, api_name="plan", **LIGHT)
    gr.api(api.settings, api_name="settings", **LIGHT)
    gr.api(api.beats, api_name="beats", concurrency_limit=1, concurrency_id="listen")
    gr.api(api.draw, api_name="draw", **LIGHT)
    gr.api(api.paint, api_name="paint", **PAINTING)
    gr.api(api.grid, api_name="grid", concurrency_limit=4, concurrency_id="grid")
    gr.api(api.render, api_name="render", **rendering(board.studio.abreast))


class Api:
    """What the endpoints do with the studio of a page."""

    def __init__(self, board: Board) -> None:
        self.board = board

    def chosen(self, song: Any, settings: Any) -> Job:
        """What a call asks for, resolved. Raises MusvidError."""
        recipe = Recipe.from_flat(settings_in(settings))
        clip = self.board.studio.song(uploaded(song)).part(recipe.start, recipe.duration)
        self.board.limits.check(recipe, clip)
        return self.board.studio.job(recipe, clip)

    def moment(self, job: Job, time: Any) -> float:
        """A moment inside a clip. Raises SettingsError."""
        check_number("time", time, 0, float(job.song.duration), " (seconds)")
        return float(time)

    def picture(self, frame: Any) -> gr.FileData:
        """A frame as a file, which expires."""
        folder, _ = self.board.visits.call()
        return gr.FileData(path=str(save_frame(frame, folder / "picture.png")))

    def fetch(self, jobs: list[Job], kind: str, stop: Callable[[], bool] = lambda: False) -> None:
        """Waits for the models of jobs, as work of a kind. Raises Cancelled and ModelError."""
        for _ in self.board.fetched(jobs, kind, stop):
            pass

    def plan(self, song: gr.FileData, settings: dict[str, Any] | None = None) -> dict[str, Any]:
        """What a render makes: picture rate, keyframes, paintings, frames, size, seconds.

        song: an uploaded sound file. settings: any of the settings of `/settings`, by name; for
        example `{"stride": 6, "after": 6, "duration": 10}`.
        """
        job = self.chosen(song, settings)
        self.board.afford(job)
        made = self.board.studio.plan(job)
        return {
            "rate": str(made.rate),
            "keyframes": made.keyframes,
            "paintings": made.paintings,
            "frames": made.frames,
            "size": list(made.size),
            "seconds": made.seconds,
        }

    def beats(self, song: gr.FileData) -> dict[str, Any]:
        """Tempo and beats of a song: a proposal for the settings `lock.bpm` and `lock.beat`.

        song: an uploaded sound file. Gives bpm, beat (seconds to the first one), bar (beats of one)
        and downbeat (seconds to a beat with which one begins), both null where the song does not
        tell, spread (of the intervals, as a part of their median), steady, and beats (seconds);
        `lock.beat` wants the downbeat where there is one. Where the tempo is not steady, keyframes
        follow the beats if they are given as `lock.beats`; for example
        `{"lock.note": "1/4", "lock.bpm": 90.0, "lock.beat": 0.33}` locks them to quarters.
        """
        found = self.board.studio.beats(self.board.studio.song(uploaded(song)))
        return {
            "bpm": float(found.bpm),
            "beat": found.beat,
            "bar": found.bar,
            "downbeat": found.downbeat,
            "spread": found.spread,
            "steady": found.steady,
            "beats": list(found.times),
        }

    def settings(self) -> dict[str, Any]:
        """Every setting of a render, by name, with its default."""
        return Recipe().flat()

    def draw(
        self,
        song: gr.FileData,
        time: float = 0.0,
        settings: dict[str, Any] | None = None,
    ) -> gr.FileData:
        """The spectrum at one moment, a PNG.

        song: an uploaded sound file. time: seconds from the beginning of the clip. settings: any
        of those of `/settings`, by name, such as `{"look.palette": "fire", "size": [256, 256]}`.
        """
        job = self.chosen(song, settings)
        return self.picture(self.board.studio.draw(job, self.moment(job, time)))

    def paint(
        self,
        song: gr.FileData,
        time: float = 0.0,
        settings: dict[str, Any] | None = None,
    ) -> gr.FileData:
        """The spectrum at one moment, painted: a PNG.

        Parameters as those of `/draw`; for example
        `{"style.prompt": "teal coral", "style.strength": 0.5, "view.kind": "tunnel"}`.
        """
        job = self.chosen(song, settings)
        self.board.limits.afford_moment(job)
        self.fetch([job], "paint")
        return self.picture(paint_moment(self.board.studio, job, self.moment(job, time))[1])

    def grid(
        self,
        song: gr.FileData,
        vary: list[str],
        time: float = 0.0,
        settings: dict[str, Any] | None = None,
    ) -> gr.FileData:
        """One moment with every value of one setting, or of two, side by side: a PNG with labels.

        vary: one setting or two with their values, such as `["strength=0.3,0.6", "seed=1,2,3"]`.
        The other parameters are those of `/draw`; for example
        `{"style.prompt": "violet crystal"}`.
        """
        grid = Grid.parse(texts_in(vary))
        job = self.chosen(song, settings)
        jobs = jobs_of(self.board, grid, job.recipe, job.song)
        self.board.limits.afford_moments(paintings(jobs, moves=grid.moves), "fewer values, ")
        moment, (folder, _) = self.moment(job, time), self.board.visits.call()
        self.fetch(jobs, "grid")
        frames = list(paint_tiles(self.board.studio, jobs, moment, grid.moves, folder))
        return gr.FileData(path=str(save_sheet(grid, frames, folder / "grid.png")))

    def render(
        self,
        song: gr.FileData,
        settings: dict[str, Any] | None = None,
        request: gr.Request = None,  # type: ignore[assignment]
    ) -> gr.FileData:
        """The clip as a video, an MP4 with its settings in it.

        song: an uploaded sound file. settings: any of those of `/settings`, by name; `start` and
        `duration`, in seconds, are the clip. For example
        `{"start": 30, "duration": 15, "style.prompt": "gold nebula", "view.shown": [1080, 1920]}`.
        """
        job = self.chosen(song, settings)
        self.board.afford(job)
        folder, stopped = self.board.visits.call()
        session, presence = request and request.session_hash, self.board.presence

        def gone() -> bool:
            return bool(session and presence.gone(session))

        last = None
        try:
            self.fetch([job], "render", lambda: stopped() or gone())
            for last in render_clip(self.board.studio, job, folder, stopped):  # noqa: B007
                if gone():
                    (folder.parent / STOP).touch()  # nobody waits for it
        finally:
            clear(folder)
        assert last
        if last.late:
            raise Cancelled(late_told(last.late))
        return gr.FileData(path=str(last.video))


def settings_in(given: Any) -> Values:
    """Settings that came over the network. Raises SettingsError when they are no dictionary."""
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise SettingsError('settings must be an object, such as {"stride": 8}.')
    return given


def texts_in(given: Any) -> list[str]:
    """A list of texts that came over the network. Raises SettingsError for anything else."""
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
        raise SettingsError('vary must be a list of texts, such as ["strength=0.3,0.6"].')
    return given


def uploaded(given: Any) -> str:
    """The path of a file that was uploaded. Raises SongError for anything else.

    Gradio checks that the path of a marked file lies in its upload folder.
    """
    marked = isinstance(given, dict) and given.get("meta") == {"_type": "gradio.FileData"}
    path = given.get("path") if marked else None
    if not isinstance(path, str) or not path:
        raise SongError("song must be an uploaded file; send it with handle_file.")
    return path

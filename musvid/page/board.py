"""The board: what the panels of the page share.

Every control is named like the setting it shows (``stride``, ``look.gamma``), so that a recipe
fills the controls and the controls make a recipe. Other components have names of their own.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from html import escape
from typing import Any, Protocol, TypeVar

import gradio as gr

from .. import MusvidError, Recipe, Song, SongError
from .._validate import fraction
from ..job import Job
from ..music.lock import NOTES
from ..presets import preset
from ..ranges import RANGES
from ..spectrum.look import Look
from ..studio.limits import Limits
from ..studio.running import Runnings
from ..studio.studio import Studio
from ..studio.visits import Visits
from ..studio.watch import Report
from .guard import place_of, stops_of
from .html import hint, told
from .line import Line
from .presence import Presence
from .upkeep import Upkeep
from .visitors import Visitors

SIZES = ["the model's own", "256x256", "384x384", "512x512", "256x144", "144x256", "768x432"]
SHOWN = ["as painted", "1080x1080", "1920x1080", "1080x1920", "720x720"]
PACES = ["picture rate", "48", "50", "60", "120"]
SECONDS = "no, in seconds"
CLIP = 12.0  # seconds that are chosen of a new song
FOLLOWERS = {  # what follows the music
    "strength_by": "Strength",
    "guidance_by": "Guidance",
    "seed_by": "Seeds per second",
    "drift_by": "Drift (pixels a second)",
}
CAMERA_FOLLOWERS = {
    "zoom_by": "Zoom",
    "turn_by": "Turns a minute",
    "sway_by": "Sway",
    "shake_by": "Shake",
}
SOURCES = {
    "off": "off",
    "loudness": "loudness",
    "onsets": "note onsets",
    "low": "low pitches",
    "mid": "middle pitches",
    "high": "high pitches",
}
TINY = "style.tiny_id"  # the control of a tiny autoencoder that is not the model's own

Values = dict[str, Any]
Updates = dict[Any, Any]
Part = TypeVar("Part", bound=gr.blocks.Block)

# Events that stay responsive while a render runs.
LIGHT: dict[str, Any] = {"concurrency_limit": 8, "concurrency_id": "light"}
# Moments are painted one at a time, by the studio; whoever waits for a download is not in the way.
PAINTING: dict[str, Any] = {"concurrency_limit": 4, "concurrency_id": "paint"}
QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
# Gradio would drop what is typed or chosen while an earlier one is answered.
LATEST: dict[str, Any] = {"trigger_mode": "always_last", **QUIET}
# What a button shows from its click until its work has ended. Gradio would drop a click before.
OFF, ON = "{__type__: 'update', interactive: false}", "{__type__: 'update', interactive: true}"
# What stands where work was shown that never ended; why, Gradio tells above the page.
FAILED = "That did not work; the message on this page says why."


def recipe_of(values: Values) -> Recipe:
    """The recipe that the controls show. Raises SettingsError."""
    known = Recipe().flat()
    given = {name: value for name, value in values.items() if name in known}
    if values.get("level"):
        given["look.gain"] = "auto"
    if values.get("cooling") in NOTES:
        given["look.half_life"] = values["cooling"]
    for name, usual in (("size", SIZES), ("view.shown", SHOWN), ("motion_fps", PACES)):
        if given.get(name) in (usual[0], None, ""):
            given[name] = None
    cover = given.pop("view.cover", None)  # of a file that was uploaded, which Gradio checks
    if not given.get("lock.bpm"):  # no lock while the tempo is unknown; an empty field gives 0
        given |= {"lock.note": "off", "lock.bpm": None}
    given["lock.beat"] = given.get("lock.beat") or 0.0
    if given.get("style.tiny_autoencoder") and values.get(TINY):
        given["style.tiny_autoencoder"] = values[TINY].strip() or True
    for name, value in given.items():  # sliders give 8.0 for 8
        if isinstance(value, float) and value.is_integer():
            given[name] = int(value)
    recipe = Recipe.from_flat(given)
    return replace(recipe, view=replace(recipe.view, cover=str(cover))) if cover else recipe


def values_of(recipe: Recipe) -> Values:
    """What the controls show of a recipe."""
    values = recipe.resolve().flat()
    values["level"] = recipe.look.gain == "auto"
    values["look.gain"] = 0.0 if values["level"] else recipe.look.gain
    noted = isinstance(recipe.look.half_life, str)
    values["cooling"] = recipe.look.half_life if noted else SECONDS
    values["look.half_life"] = Look.half_life if noted else recipe.look.half_life
    values["size"] = values["size"] if recipe.size else SIZES[0]
    values["view.shown"] = values["view.shown"] or SHOWN[0]
    values["view.cover"] = None  # the field keeps the file that it has
    values["motion_fps"] = values["motion_fps"] or PACES[0]
    tiny = recipe.style.tiny_autoencoder
    values[TINY] = tiny if isinstance(tiny, str) else ""
    values["style.tiny_autoencoder"] = bool(tiny)
    values["lock.bpm"] = None if recipe.lock.bpm is None else float(recipe.lock.bpm)
    return values


class Panel(Protocol):
    """A part of the page: first its components, then its events."""

    def layout(self, board: "Board") -> None:
        """Adds the components."""

    def wire(self, board: "Board") -> None:
        """Adds the events; the components of every panel are there."""


class Board:
    """One page over one studio: its components by name, and what they show."""

    blocks: gr.Blocks
    line: Line
    upkeep: Upkeep

    def __init__(self, studio: Studio, limits: Limits) -> None:
        self.studio, self.limits = studio, limits
        studio.longest_song = limits.song and 60 * limits.song
        room, grace = limits.disk_bytes, limits.grace
        self.visits = Visits(
            keep=60 * limits.keep,
            grace=None if grace is None else 60 * grace,
            room=room and room / 2,  # the other half is for what was uploaded and is served
        )
        self.presence, self.visitors = Presence(), Visitors()
        self.runnings: Runnings[tuple[Job, Report]] = Runnings()
        self.controls: dict[str, Any] = {}
        self.parts: dict[str, Any] = {}
        # What the controls show at first. A story listens to the whole song, and the first picture
        # does not wait for that.
        self.first = values_of(replace(preset().recipe, story="off"))

    def __getitem__(self, name: str) -> Any:
        """A component that was put on the board."""
        return self.parts[name]

    def put(self, name: str, component: Part) -> Part:
        """Keeps a component for other panels."""
        self.parts[name] = component
        return component

    def control(self, name: str, component: Part) -> Part:
        """Keeps the component that shows a setting."""
        self.controls[name] = component
        return component

    def slider(self, name: str, label: str, **more: Any) -> None:
        """Adds a slider for a setting."""
        (low, high), step = RANGES[name].slider, RANGES[name].step
        value = self.first[name]
        self.control(name, gr.Slider(low, high, value, step=step, label=label, buttons=[], **more))

    def follower(self, name: str, label: str) -> None:
        """Adds the row of a setting that follows the music."""
        with gr.Row(equal_height=True):
            choices = [(text, source) for source, text in SOURCES.items()]
            self.control(
                f"{name}.source",
                gr.Dropdown(
                    choices, value="off", label=label, min_width=130, elem_id=f"{name}-source"
                ),
            )
            self.slider(f"{name}.amount", "Amount", min_width=90)
            self.slider(f"{name}.smoothing", "Smooth (s)", min_width=90)

    @property
    def clip(self) -> set[Any]:
        """The song and all controls: what a clip and its recipe are read from."""
        return {self["song"], *self.controls.values()}

    @property
    def everything(self) -> set[Any]:
        """The clip and the moment."""
        return {self["moment"], *self.clip}

    def start(self, button: gr.Button, work: Callable[..., Any], **event: Any) -> None:
        """Has a button begin some work, and wait until it has ended.

        event: as for `gr.Button.click`. The first text among its outputs says what went wrong, and
            a button to stop among them is off when the work has ended.
        """
        place, stops = place_of(event["outputs"]), stops_of(event["outputs"])
        # First: events of one button take turns. Whoever waits can stop, too.
        busy = f"() => [{', '.join([OFF, *(ON for _ in stops)])}]"
        button.click(None, None, [button, *stops], js=busy, **QUIET)
        begun = button.click(work, **event)
        begun.then(None, None, button, js=f"() => ({ON})", **QUIET)
        # `then` is for answers. None comes from a full queue, a lost connection, or a value that
        # cannot be shown.
        answers = ", ".join([json.dumps(told(FAILED)), ON, *(OFF for _ in stops)])
        begun.failure(None, None, [place, button, *stops], js=f"() => [{answers}]", **QUIET)

    def changed(self, names: list[str]) -> list[Any]:
        """The events of controls that change."""
        return [self.controls[name].change for name in names]

    def named(self, data: dict[Any, Any]) -> Values:
        """The controls' values, by name."""
        return {name: data[part] for name, part in self.controls.items() if part in data}

    def chosen(self, data: dict[Any, Any], renders: int = 1) -> Job:
        """What the page shows, resolved. Raises MusvidError."""
        song, recipe = self.asked(data, renders)
        return self.studio.job(recipe, song)

    def afford(self, *jobs: Job) -> None:
        """Raises SettingsError when renders that are made in one go are too much work."""
        self.limits.afford(*map(self.studio.plan, jobs))

    def asked(self, data: dict[Any, Any], renders: int = 1) -> tuple[Song, Recipe]:
        """The clip and the recipe that the page shows. Raises MusvidError."""
        if not data[self["song"]]:
            raise SongError("Choose a song first: upload one, or take an example.")
        recipe = recipe_of(self.named(data))
        song = self.studio.song(data[self["song"]]).part(recipe.start, recipe.duration)
        self.limits.check(recipe, song, renders=renders)
        return song, recipe

    def moment_of(self, data: dict[Any, Any], job: Job) -> float:
        """The chosen moment, in seconds from the clip's beginning."""
        moment = (data[self["moment"]] or 0) - job.recipe.start
        return max(0.0, min(float(job.song.duration), moment))

    def clip_ends(self, song: Song) -> dict[str, tuple[float, float]]:
        """The ends of the sliders of a song's clip, in seconds."""
        length = round(float(song.duration), 2)
        longest = min(length, self.limits.seconds or length)
        return {
            "start": (0.0, max(0.1, round(length - 0.5, 1))),
            "duration": (min(0.5, longest), longest),
        }

    def filled(self, recipe: Recipe, path: str | None) -> tuple[Updates, str]:
        """The controls, filled with a recipe; and what a slider could not show as it is."""
        values, said = values_of(recipe), []
        ends = {name: each.slider for name, each in RANGES.items() if name in self.controls}
        if path:
            ends |= self.clip_ends(self.studio.song(path))
            values["duration"] = recipe.duration or ends["duration"][1]  # None is to the end
        else:
            values["start"] = values["duration"] = None
        for name, (low, high) in ends.items():
            value = values[name]
            if isinstance(value, int | float) and not low <= value <= high:
                values[name] = max(low, min(high, value))
                said.append(f"{name} {values[name]:g} instead of {value:g}")
        updates = {
            part: values[name]
            for name, part in self.controls.items()
            if values[name] is not None or name.startswith("lock.")
        }
        note = f"As far as this page and song reach: {', '.join(said)}." if said else ""
        return updates, note

    def on_plan(self, data: dict[Any, Any]) -> tuple[str, Any]:
        """Says what a render makes, and which recipe the numbers are."""
        try:
            job = self.chosen(data)
            plan = self.studio.plan(job)
            under = job.recipe.style.remarks()  # the prompt
            remarks = [each for each in job.remarks() if each not in under]
        except MusvidError as error:
            return told(error), gr.skip()
        # A decimal number that stands for a standard rate.
        fps, given = str(job.recipe.fps), str(data[self.controls["fps"]]).strip()
        if fraction(given) != job.recipe.fps:
            remarks.append(f"{given} pictures a second are taken as {fps}, the standard rate")
        line = f'<div class="line">{escape(str(plan))}</div>'
        try:
            self.limits.afford(plan)
        except MusvidError as error:
            line += told(error)
        return line + "".join(map(hint, remarks)), job.recipe.motion

    def on_stop(self, request: gr.Request) -> None:
        """Stops the renders of a visitor, those that wait among them."""
        self.line.leave(request.session_hash or "", "render")
        self.visits.stop(self.visitors.of(request.session_hash))

"""The board: what the panels of the page share.

Every control is named like the setting it shows (``stride``, ``look.gamma``), so that a recipe
fills the controls and the controls make a recipe. Other components have names of their own.
"""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from html import escape
from typing import Any, Protocol, TypeVar

import gradio as gr

from .. import Cancelled, MusvidError, Recipe, Song, SongError
from .._validate import fraction
from ..frame import closed
from ..job import Job
from ..presets import preset
from ..ranges import RANGES
from ..studio.limits import Limits
from ..studio.running import Runnings
from ..studio.studio import Studio
from ..studio.visits import Visits
from ..studio.watch import Report
from .guard import place_of, stops_of
from .html import coming, hint, told
from .line import Line
from .presence import Presence
from .upkeep import Upkeep
from .values import UPLOADED, Values, held, recipe_of, values_of
from .visitors import Visitors

CLIP = 12.0  # seconds that are chosen of a new song
LIVELIEST = 15.0  # of a long one, those in which it has most energy
LONG = 3 * LIVELIEST  # seconds
FOLLOWERS = {  # what follows the music
    "strength_by": "Strength",
    "guidance_by": "Guidance",
    "seed_by": "Seeds per second",
    "drift_by": "Drift (pixels a second)",
}
ADDED_FOLLOWERS = {"control_scale_by": "Control scale"}
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

Updates = dict[Any, Any]
Part = TypeVar("Part", bound=gr.blocks.Block)

# Events that stay responsive while a render runs.
LIGHT: dict[str, Any] = {"concurrency_limit": 8, "concurrency_id": "light"}
# Moments are painted one at a time, by the studio; whoever waits for a model is not in the way.
PAINTING: dict[str, Any] = {"concurrency_limit": 4, "concurrency_id": "paint"}
FETCHING: dict[str, Any] = {"concurrency_limit": 8, "concurrency_id": "fetch"}
QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
# Gradio would drop what is typed or chosen while an earlier one is answered.
LATEST: dict[str, Any] = {"trigger_mode": "always_last", **QUIET}
_SHOWN = 0.5  # seconds from one look at a download to the next
# What a button shows from its click until its work has ended. Gradio would drop a click before.
OFF, ON = "{__type__: 'update', interactive: false}", "{__type__: 'update', interactive: true}"
# What stands where work was shown that never ended; why, Gradio tells above the page.
FAILED = "That did not work; the message on this page says why."


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
        # The controls' values as one text, which the browser writes.
        self.held: Any = gr.Textbox(visible=False, render=False)
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

    def everything(self, *more: Any, js: str = "given", waits: bool = True) -> dict[str, Any]:
        """The inputs of an event that takes the song, the moment, all controls, and more.

        Gradio's browser keeps and writes a state for each input of each event, whenever any event
        begins or ends. So the controls' values are one input, a text that the browser has read
        when they last changed; see page/changes.py. `named` gives them.

        js: an expression for the inputs, in which `given` are these, in the order of `numbered`.
        waits: whether a change that is under way is read first; not needed where the event is one
            of those that tell of a change.
        """
        parts = self.numbered(*more)
        held = f"window.musvid.changes.held(given, {parts.index(self.held)}, {json.dumps(waits)})"
        return {"inputs": set(parts), "js": f"async (...given) => {{ await {held}; return {js}; }}"}

    def numbered(self, *more: Any) -> list[Any]:
        """The inputs of `everything` in the order in which Gradio gives the values of a set."""
        files = [self.controls[name] for name in UPLOADED]  # Gradio checks that they were uploaded
        parts = {self["song"], self["moment"], *files, self.held, *more}
        return sorted(parts, key=lambda part: part._id)

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
        """The controls' values, by name. Raises SettingsError."""
        shown = {name: data[part] for name, part in self.controls.items() if part in data}
        if self.held in data:
            shown = {**self.first, **held(data[self.held]), **shown}
        return {name: value for name, value in shown.items() if name in self.controls}

    def chosen(self, data: dict[Any, Any], renders: int = 1) -> Job:
        """What the page shows, resolved. Raises MusvidError."""
        song, recipe = self.asked(data, renders)
        return self.studio.job(recipe, song)

    def afford(self, *jobs: Job) -> None:
        """Raises SettingsError when renders in one go are too much work, or cannot be made here."""
        self.studio.check(*jobs)
        self.limits.afford(*map(self.studio.plan, jobs))

    def fetched(
        self, asked: Iterable[Recipe | Job], kind: str, stop: Callable[[], bool] = lambda: False
    ) -> Iterator[str]:
        """Waits until the models of what is asked are on this machine; yields what to show
        meanwhile.

        kind: of the work that waits, its `concurrency_id`: it is in nobody's way until then.

        Raises Cancelled when stopped, and ModelError where one cannot be had.
        """
        recipes = [each.recipe if isinstance(each, Job) else each for each in asked]
        for style in {each.style.made_of: each.style for each in recipes if each.paints}.values():
            if not self.studio.lacks(style):
                continue
            due = 0.0
            with self.line.aside(kind), closed(self.studio.fetch(style)) as looks:
                for download in looks:
                    if stop():
                        raise Cancelled(
                            f"Stopped; what is here of {style.model} stays, and the next time its "
                            "download goes on there."
                        )
                    if time.monotonic() >= due:  # Gradio ends it here, too, where nobody looks
                        due = time.monotonic() + _SHOWN
                        yield coming(style.model, download)

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
        fps, given = str(job.recipe.fps), str(self.named(data)["fps"]).strip()
        if fraction(given) != job.recipe.fps:
            remarks.append(f"{given} pictures a second are taken as {fps}, the standard rate")
        line = f'<div class="line">{escape(str(plan))}</div>'
        try:
            self.afford(job)
        except MusvidError as error:
            line += told(error)
        return line + "".join(map(hint, remarks)), job.recipe.motion

    def on_stop(self, request: gr.Request) -> None:
        """Stops the renders of a visitor, those that wait among them."""
        self.line.leave(request.session_hash or "", "render")
        self.visits.stop(self.visitors.of(request.session_hash))

"""The page: ``python app.py``. Layout and wiring; whatever is computed, musvid computes.

Every control is named like the setting it shows (``stride``, ``look.gamma``, ``style.prompt``), so
that a recipe fills the controls and the controls make a recipe by name.
"""

import argparse
import contextlib
import ipaddress
import os
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from functools import wraps
from html import escape
from importlib.util import find_spec
from pathlib import Path
from random import randrange
from typing import Any

# Nothing about a visit leaves the machine.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch: see musvid._device

try:
    import spaces  # a Space with ZeroGPU wants to see it before torch
except ImportError:
    spaces = None

import gradio as gr

import musvid
from musvid import Lock, MusvidError, Recipe, Song, load_settings
from musvid._validate import number as check_number
from musvid.comparison.chart import chart_html
from musvid.comparison.run import RULE
from musvid.estimate import spoken
from musvid.frame import save_frame
from musvid.interpolate import names as interpolators
from musvid.job import resolve
from musvid.music.lock import NOTES
from musvid.page.timeline import timeline
from musvid.paint import words
from musvid.studio.limits import Limits
from musvid.studio.studio import AXES, Studio, quick_look, strip_values
from musvid.studio.visits import Visits
from musvid.studio.watch import Report, Step, pack
from musvid.video.file import read_settings

HERE = Path(__file__).parent
EXAMPLES = {"Loop": HERE / "examples" / "loop.ogg", "Nocturne": HERE / "examples" / "nocturne.ogg"}
RECIPES = {
    "hybrid": "Hybrid: the light stays lively, the texture flows",
    "diffuse-then-interpolate": "Diffuse, then interpolate: calm, breathing with the keyframes",
    "interpolate-then-diffuse": "Interpolate, then diffuse: restless, every picture painted anew",
    "every-frame": "Every frame: frantic, each onset to the picture",
}
INTERPOLATORS = {
    "auto": "Auto: each where it is best",
    "blend": "Blend: fades",
    "flavr": "FLAVR: a network fills in",
    "motion": "Motion: blocks move",
}
SIZES = ["the model's own", "256x256", "384x384", "512x512", "256x144", "144x256", "768x432"]
QUICK = 3.0  # seconds
TILES = 12  # of a gallery that fills while a render runs
CLIP = 12.0  # seconds that are chosen of a new song

SOURCES = {
    "off": "off",
    "loudness": "loudness",
    "onsets": "note onsets",
    "low": "low pitches",
    "mid": "middle pitches",
    "high": "high pitches",
}
FOLLOWERS = {  # what follows the music: name, label, range of the amount
    "strength_by": ("Strength", -1, 1, 0.05),
    "guidance_by": ("Guidance", -10, 10, 0.5),
    "seed_by": ("Seeds per second", 0, 5, 0.1),
}
UNHEARD = "Its tempo is not known yet: have it found, type it, or tap it."

# What a model has of its own.
OWN = ("style.steps", "style.guidance", "style.symmetry", "style.strength", "upscale")
# What the picture over the moment shows, but for motion and prompt.
FOLLOWS = (
    *("lock.note", "lock.bpm", "lock.beat", "lock.bar", "lock.beats"),
    *(f"{name}.{part}" for name in FOLLOWERS for part in ("source", "amount", "smoothing")),
)
# Events that stay responsive while a render runs.
LIGHT = {"concurrency_limit": 8, "concurrency_id": "light"}

Values = dict[str, Any]
Updates = dict[Any, Any]


def gpu(seconds: Callable[..., float]) -> Callable[[Callable], Callable]:
    """On a Space with ZeroGPU: have the GPU for as long as a call is expected to take."""

    def decorate(work: Callable) -> Callable:
        return spaces.GPU(duration=seconds)(work) if spaces else work

    return decorate


def told(problem: object = "") -> str:
    """A problem, for the place of the page where it is noticed."""
    return f'<div class="problem" role="alert">{escape(str(problem))}</div>' if problem else ""


def hint(text: str) -> str:
    return f'<div class="hint">{escape(text)}</div>'


def recipe_of(values: Values) -> Recipe:
    """The recipe that the controls show. Raises SettingsError."""
    known = Recipe().flat()
    given = {name: value for name, value in values.items() if name in known}
    if values.get("level"):
        given["look.gain"] = "auto"
    if given.get("size") in (SIZES[0], None, ""):
        given["size"] = None
    if not given.get("lock.bpm"):  # not before it is known; an empty field gives 0
        given |= {"lock.note": "off", "lock.bpm": None}
    given["lock.beat"] = given.get("lock.beat") or 0.0
    for name, value in given.items():  # sliders give 8.0 for 8
        if isinstance(value, float) and value.is_integer():
            given[name] = int(value)
    return Recipe.from_flat(given)


def values_of(recipe: Recipe) -> Values:
    """What the controls show of a recipe."""
    values = recipe.resolve().flat()
    values["level"] = recipe.look.gain == "auto"
    values["look.gain"] = 0.0 if values["level"] else recipe.look.gain
    values["size"] = values["size"] if recipe.size else SIZES[0]
    values["style.tiny_autoencoder"] = bool(recipe.style.tiny_autoencoder)
    values["lock.bpm"] = None if recipe.lock.bpm is None else float(recipe.lock.bpm)
    return values


class Page:
    """One page over one studio: its components, by the names of settings, and what they do."""

    def __init__(self, studio: Studio, limits: Limits) -> None:
        self.studio, self.limits, self.visits = studio, limits, Visits()
        self.controls: dict[str, gr.components.Component] = {}
        self.first = values_of(Recipe())  # what the controls show at first
        with gr.Blocks(
            title="musvid",
            analytics_enabled=False,
            delete_cache=(min(600, round(30 * limits.keep)), round(60 * limits.keep)),
            fill_width=True,
        ) as self.blocks:
            gr.HTML(HEADER, padding=False)
            with gr.Row(elem_id="columns"):
                with gr.Column(scale=4, min_width=320, elem_id="settings"):
                    self._song_part()
                    self._motion_part()
                    self._beat_part()
                    self._style_part()
                    self._follow_part()
                    self._look_part()
                with gr.Column(scale=7, min_width=320), gr.Tabs(elem_id="tabs"):
                    with gr.Tab("Render", id="render"):
                        self._moment_part()
                        self._render_part()
                        self._result_part()
                    with gr.Tab("Compare", id="compare", elem_id="compare"):
                        self._compare_part()
            self._wire()
            self._wire_comparison()
            add_api(self)
        self.blocks.queue(max_size=limits.queue, default_concurrency_limit=1)

    # Layout

    def _control(self, name: str, component: gr.components.Component) -> Any:
        self.controls[name] = component
        return component

    def _slider(
        self, name: str, low: float, high: float, step: float, label: str, **more: Any
    ) -> None:
        value = self.first[name]
        self._control(name, gr.Slider(low, high, value, step=step, label=label, buttons=[], **more))

    def _song_part(self) -> None:
        with gr.Column(elem_classes="part"):
            gr.HTML("<h2>Song</h2>", padding=False)
            self.audio = gr.Audio(
                str(EXAMPLES["Loop"]),
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
            )
            self.song_problem = gr.HTML(elem_id="song-problem", padding=False)
            with gr.Row():
                self._control(
                    "start", gr.Slider(0, 1, 0, step=0.1, label="From (s)", min_width=120)
                )
                self._control(
                    "duration",
                    gr.Slider(0.5, CLIP, CLIP, step=0.1, label="Length (s)", min_width=120),
                )
        self.song = gr.State(None)

    def _motion_part(self) -> None:
        with gr.Column(elem_classes="part"):
            gr.HTML("<h2>Motion</h2>", padding=False)
            self.recipe = gr.Radio(
                [(text, name) for name, text in RECIPES.items()],
                value="hybrid",
                show_label=False,
                label="Recipe",
                container=False,
                elem_id="recipe",
            )
            with gr.Row(elem_id="factors"):
                self._slider("stride", 1, 64, 1, "Stride", min_width=100)
                self._slider("before", 1, 16, 1, "Before", min_width=100)
                self._slider("after", 1, 16, 1, "After", min_width=100)
            gr.HTML(
                hint("Every stride-th picture is kept. Gaps are filled before and after painting."),
                padding=False,
            )
            self._control(
                "interpolator",
                gr.Radio(
                    [(INTERPOLATORS.get(name, name), name) for name in ("auto", *interpolators())],
                    value=self.first["interpolator"],
                    label="How gaps are filled",
                ),
            )
            self.plan = gr.HTML(elem_id="plan", padding=False)

    def _beat_part(self) -> None:
        button = {"size": "sm", "min_width": 90}
        with gr.Accordion("Lock to the beat", open=False, elem_classes="part", elem_id="beat"):
            self._control(
                "lock.note",
                gr.Radio(
                    ["off", *NOTES],
                    value="off",
                    label="A keyframe on every",
                    info="T: triplets",
                    elem_id="note",
                ),
            )
            with gr.Row(equal_height=True):
                self._control(
                    "lock.bpm",
                    gr.Number(None, label="Tempo (bpm)", min_width=110, elem_id="bpm"),
                )
                self._control(
                    "lock.beat",
                    gr.Number(
                        None,
                        label="A bar begins at (s)",
                        step=0.01,
                        min_width=110,
                        elem_id="bar-at",
                    ),
                )
                self._control(
                    "lock.bar",
                    gr.Number(
                        4,
                        label="Beats a bar",
                        precision=0,
                        minimum=1,
                        maximum=16,
                        min_width=80,
                        elem_id="beats-a-bar",
                    ),
                )
            self._control("lock.beats", gr.State([]))
            with gr.Row(elem_id="tempo-buttons"):
                self.listen = gr.Button("Find the beat", elem_id="listen", **button)
                self.tap = gr.Button("Tap", elem_id="tap", **button)
                self.halve = gr.Button("½", elem_id="halve", **button)
                self.double = gr.Button("×2", elem_id="double", **button)  # noqa: RUF001
                self.back = gr.Button("◂ a beat", elem_id="earlier", **button)
                self.on = gr.Button("a beat ▸", elem_id="later", **button)
            self.beat_note = gr.HTML(elem_id="beat-note", padding=False)

    def _follow_part(self) -> None:
        with gr.Accordion("Follow the music", open=False, elem_classes="part", elem_id="follow"):
            gr.HTML(
                hint("What is added to a setting where the music does most of something."),
                padding=False,
            )
            for name, (label, low, high, step) in FOLLOWERS.items():
                with gr.Row(equal_height=True):
                    self._control(
                        f"{name}.source",
                        gr.Dropdown(
                            [(text, source) for source, text in SOURCES.items()],
                            value="off",
                            label=label,
                            min_width=130,
                            elem_id=f"{name}-source",
                        ),
                    )
                    self._slider(f"{name}.amount", low, high, step, "Amount", min_width=90)
                    self._slider(f"{name}.smoothing", 0, 5, 0.05, "Smooth (s)", min_width=90)

    def _style_part(self) -> None:
        first = self.first
        with gr.Column(elem_classes="part"):
            gr.HTML("<h2>Style</h2>", padding=False)
            self._control(
                "style.prompt",
                gr.Textbox(
                    first["style.prompt"],
                    label="Prompt",
                    info='or one after the other: "0:00 nebula | 0:08 crystal"',
                    lines=2,
                    elem_id="prompt",
                ),
            )
            self.chips = [
                gr.Dataset(
                    components=[gr.Textbox(visible=False)],
                    samples=[[word] for word in known],
                    samples_per_page=len(known),
                    label=label,
                    elem_classes="chips",
                    elem_id=f"chips-{label.lower()}",
                )
                for label, known in (
                    ("Styles", words.STYLES),
                    ("Colours", words.COLOURS),
                    ("Light", words.MODIFIERS),
                )
            ]
            self._slider(
                "style.strength",
                0,
                1,
                0.05,
                "Strength",
                info="0 is the spectrum itself, 1 hardly knows it any more",
                elem_id="strength",
            )
            with gr.Row(equal_height=True):
                self._control(
                    "style.seed",
                    gr.Number(
                        0,
                        label="Seed",
                        precision=0,
                        minimum=0,
                        maximum=2**32 - 1,
                        min_width=120,
                        scale=3,
                        elem_id="seed",
                    ),
                )
                self.dice = gr.Button("⚄ Another", min_width=90, scale=1, elem_id="dice")
            with gr.Accordion("Model", open=False):
                self._control(
                    "style.model",
                    gr.Dropdown(
                        list(musvid.MODELS),
                        value=first["style.model"],
                        allow_custom_value=self.limits.any_model,
                        label="Model",
                        info="or any hub id, folder or .safetensors file, typed in"
                        if self.limits.any_model
                        else None,
                    ),
                )
                self.model_facts = gr.HTML(hint(model_facts(first["style.model"])), padding=False)
                with gr.Row():
                    self._slider("style.steps", 1, 200, 1, "Steps", min_width=100)
                    self._slider("style.guidance", 1, 30, 0.5, "Guidance", min_width=100)
                self._control(
                    "style.negative_prompt",
                    gr.Textbox("", label="Negative prompt", info="needs a guidance above 1"),
                )
                self._control(
                    "style.symmetry",
                    gr.Radio(
                        [
                            ("Paint one half, mirror it", "half"),
                            ("Mirror the noise", "noise"),
                            ("None", "none"),
                        ],
                        value=first["style.symmetry"],
                        label="Symmetry",
                    ),
                )
                self._control(
                    "style.tiny_autoencoder",
                    gr.Checkbox(False, label="Tiny autoencoder, faster and rougher"),
                )
                with gr.Row():
                    self._control(
                        "size",
                        gr.Dropdown(
                            SIZES,
                            value=SIZES[0],
                            allow_custom_value=True,
                            label="Painted size",
                            min_width=140,
                        ),
                    )
                    self._slider("upscale", 1, 8, 1, "Video, times that", min_width=140)

    def _look_part(self) -> None:
        first = self.first
        with gr.Accordion("Spectrum look", open=False, elem_classes="part", elem_id="look"):
            self._control(
                "look.palette",
                gr.Dropdown(list(musvid.PALETTES), value=first["look.palette"], label="Palette"),
            )
            self._control(
                "level", gr.Checkbox(True, label="Level quiet and loud passages by itself")
            )
            self._slider("look.gain", -60, 60, 1, "Gain (dB)", visible=False)
            self._slider("look.gamma", 1, 7, 0.1, "Gamma", info="how much of the quiet shows")
            self._slider(
                "look.tlength",
                0.002,
                1,
                0.002,
                "Window (s)",
                info="long for clear pitches, short for clear moments",
            )
            self._slider("look.count", 1, 30, 1, "Transforms per picture", info="more is calmer")
            self._slider("look.afterglow", 0, 5, 0.05, "Afterglow (s)")
            self._control(
                "fps",
                gr.Dropdown(
                    ["24", "25", "30000/1001", "30", "48", "50", "60"],
                    value=first["fps"],
                    allow_custom_value=True,
                    label="Pictures drawn a second",
                    info="a number or a fraction",
                ),
            )

    def _moment_part(self) -> None:
        with gr.Column(elem_classes="part", elem_id="moment-part"):
            gr.HTML("<h2>Play with one moment</h2>", padding=False)
            self.moment = gr.Slider(
                0, CLIP, 3.0, step=0.02, label="Moment of the song (s)", elem_id="moment"
            )
            self.timeline = gr.HTML(elem_id="timeline", padding=False)
            with gr.Row(elem_classes="pictures"):
                picture = {
                    "format": "webp",
                    "interactive": False,
                    "buttons": ["download", "fullscreen"],
                    "min_width": 140,
                }
                self.drawn = gr.Image(label="Spectrum", elem_id="drawn", **picture)
                self.painted = gr.Image(label="Painted", elem_id="painted", **picture)
            self.moment_note = gr.HTML(elem_id="moment-note", padding=False)
            with gr.Row(equal_height=True, elem_id="strip-row"):
                self.axis = gr.Radio(
                    [("strength", "strength"), ("seeds", "seed"), ("prompts", "prompt")],
                    value="strength",
                    label="Strip",
                    show_label=False,
                    container=False,
                    scale=3,
                    elem_id="axis",
                )
                self.strip_button = gr.Button(
                    "Paint a strip", scale=1, min_width=130, elem_id="paint-strip"
                )
            self.strip = gr.Gallery(
                show_label=False,
                fit_columns=False,
                label="Strip",
                columns=5,
                rows=1,
                height="auto",
                object_fit="cover",
                allow_preview=False,
                visible=False,
                format="webp",
                elem_id="strip",
                buttons=[],
            )
            self.strip_values = gr.State([])

    def _render_part(self) -> None:
        with gr.Row(elem_id="actions"):
            self.quick = gr.Button("Quick look", min_width=110, elem_id="quick")
            self.render = gr.Button("Render", variant="primary", min_width=110, elem_id="render")
            self.stop = gr.Button(
                "Stop", variant="stop", min_width=110, interactive=False, elem_id="stop"
            )
        self.progress = gr.HTML(elem_id="progress", padding=False)
        with gr.Row(elem_classes="pictures"):
            tiles = {
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
            self.video = gr.Video(
                label="Video",
                height=330,
                min_width=180,
                interactive=False,
                elem_id="video",
                buttons=["download"],
                autoplay=True,
            )

    def _result_part(self) -> None:
        self.result = gr.State(None)  # what the video player shows: its folder, settings
        self.visit = gr.State([])  # the renders of this visit, the last one first
        with gr.Row(elem_id="results"):
            disabled = {"interactive": False, "size": "sm", "min_width": 130}
            self.save_video = gr.DownloadButton("Video", elem_id="save-video", **disabled)
            self.save_frames = gr.Button("All frames (zip)", elem_id="save-frames", **disabled)
            self.save_settings = gr.DownloadButton(
                "Settings (JSON)", elem_id="save-settings", **disabled
            )
            self.take = gr.Button("Load these settings", elem_id="take", **disabled)
        self.zip = gr.File(label="All frames", visible=False, elem_id="zip")
        with gr.Row():
            self.history = gr.Gallery(
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
            )
            self.restore = gr.File(
                label="Settings of a musvid video, or a settings JSON",
                file_types=[".mp4", ".json"],
                height=190,
                elem_id="restore",
                scale=2,
                min_width=200,
            )

    def _compare_part(self) -> None:
        with gr.Column(elem_classes="part"):
            gr.HTML("<h2>Which recipe is best here?</h2>", padding=False)
            gr.HTML(
                hint(
                    "All four recipes for the same clip and style, measured, and played in step. "
                    "What they share is painted once."
                ),
                padding=False,
            )
            with gr.Row(elem_id="compare-actions"):
                self.compare = gr.Button(
                    "Compare", variant="primary", min_width=110, elem_id="compare-start"
                )
                self.compare_stop = gr.Button(
                    "Stop", variant="stop", min_width=110, interactive=False, elem_id="compare-stop"
                )
        self.compare_progress = gr.HTML(elem_id="compare-progress", padding=False)
        self.compare_video = gr.Video(
            label="All four, in step",
            interactive=False,
            visible=False,
            elem_id="compare-video",
            buttons=["download"],
            autoplay=True,
        )
        with gr.Column(elem_classes="part", visible=False, elem_id="compare-result") as found:
            self.compare_chart = gr.HTML(elem_id="compare-chart", padding=False)
            gr.HTML("<h2>Take a recipe</h2>", padding=False)
            with gr.Row(elem_id="compare-take"):
                self.takes = {
                    name: gr.Button(called(name), size="sm", min_width=150, elem_id=f"take-{name}")
                    for name in musvid.RECIPES
                }
            with gr.Row():
                file = {"size": "sm", "min_width": 130}
                self.save_chart = gr.DownloadButton("Plot (PNG)", elem_id="save-chart", **file)
                self.save_figures = gr.DownloadButton(
                    "Figures (JSON)", elem_id="save-figures", **file
                )
        self.compare_found = found

    # What happens

    def _wire_comparison(self) -> None:
        """The tab of comparisons; it waits in the queue of renders."""
        quiet = {"api_visibility": "private", "show_progress": "hidden"}
        motion = [self.controls[part] for part in ("stride", "before", "after")]
        self.compare.click(
            self.on_compare,
            {self.song, *self.controls.values()},
            [
                self.compare_progress,
                self.compare_stop,
                self.compare_video,
                self.compare_found,
                self.compare_chart,
                self.save_chart,
                self.save_figures,
                *self.takes.values(),
            ],
            concurrency_limit=1,
            concurrency_id="render",
            api_visibility="private",
            show_progress="minimal",
            show_progress_on=self.compare_progress,
        )
        self.compare_stop.click(self.on_stop, None, None, queue=False, **quiet)
        for name, button in self.takes.items():
            button.click(
                self.on_variant(name),
                {self.song, *self.controls.values()},
                [self.recipe, *motion],
                **LIGHT,
                **quiet,
            )

    def _wire(self) -> None:
        controls, clip = self.controls, {self.song, *self.controls.values()}
        # Not all the time: Gradio refuses a moment that lies behind a clip that became shorter.
        everything = {self.moment, *clip}
        quiet = {"api_visibility": "private", "show_progress": "hidden"}
        # Gradio would drop what is typed or chosen while an earlier one is answered.
        latest = {"trigger_mode": "always_last", **quiet}

        def changed(names: list[str]) -> list[Any]:
            return [controls[name].change for name in names]

        # The song
        gr.on(
            [self.audio.change, self.blocks.load],
            self.on_song,
            self.audio,
            [self.song, self.song_problem, controls["start"], controls["duration"], self.moment],
            **LIGHT,
            **quiet,
        )
        self.examples.click(self.on_example, self.examples, self.audio, **LIGHT, **quiet)
        gr.on(
            changed(["start", "duration"]),
            self.on_clip,
            {self.song, controls["start"], controls["duration"], self.moment},
            self.moment,
            **LIGHT,
            **latest,
        )
        # The live line
        gr.on(
            [self.song.change, *changed(list(controls))],
            self.on_plan,
            clip,
            [self.plan, self.recipe],
            **LIGHT,
            **latest,
        )
        motion = [controls[part] for part in ("stride", "before", "after")]
        # Each choice is sent at once: while it waited, an answer of the live line could undo it.
        each = {"trigger_mode": "multiple", **LIGHT, **quiet}
        self.recipe.input(self.on_motion, {*clip, self.recipe}, motion, **each)
        # The beat
        beat = [controls[name] for name in controls if name.startswith("lock.")]
        noted = [self.beat_note, *beat, *motion]
        listening = {"concurrency_limit": 1, "concurrency_id": "listen", **latest}
        self.song.change(self.on_new_song, {*clip, self.recipe}, noted, **listening)
        self.listen.click(self.on_listen, {*clip, self.recipe}, noted, **listening)
        controls["lock.note"].input(self.on_note, {*clip, self.recipe}, noted, **listening)
        for button, change in (
            (self.halve, lambda lock: lock.scaled(Fraction(1, 2))),
            (self.double, lambda lock: lock.scaled(Fraction(2))),
            (self.back, lambda lock: lock.shifted(-1)),
            (self.on, lambda lock: lock.shifted(1)),
        ):
            button.click(self.on_lock(change), {*clip, self.recipe}, noted, **LIGHT, **quiet)
        # A tempo of one's own is a steady one.
        steady = self.on_lock(lambda lock: replace(lock, beats=()))
        controls["lock.bpm"].input(steady, {*clip, self.recipe}, noted, **LIGHT, **latest)
        tempo = [controls["lock.bpm"], controls["lock.beat"]]
        self.tap.click(None, tempo, tempo, js=TAP, **quiet).then(
            steady, {*clip, self.recipe}, noted, **LIGHT, **latest
        )
        gr.on(
            [
                self.song.change,
                *changed(["start", "duration", "stride"]),
                *changed(["style.prompt", "style.strength", "style.guidance", *FOLLOWS]),
            ],
            self.on_timeline,
            clip,
            self.timeline,
            concurrency_limit=2,
            concurrency_id="timeline",
            **latest,
        )
        # One moment
        looks = [name for name in controls if name.startswith(("look.", "lock."))]
        drawn = gr.on(
            [
                self.moment.change,
                self.song.change,
                *changed([*looks, "level", "fps", "size", "stride"]),
            ],
            self.on_draw,
            everything,
            [self.drawn, self.moment_note],
            **LIGHT,
            **latest,
        )
        styles = [name for name in controls if name.startswith(("style.", *FOLLOWERS))]
        painting = {
            "fn": self.on_paint,
            "inputs": everything,
            "outputs": [self.painted, self.moment_note],
            "concurrency_limit": 1,
            "concurrency_id": "paint",
            **latest,
        }
        for paint in (drawn.then(**painting), gr.on(changed(styles), **painting)):
            # How long a painting takes is known now.
            paint.then(self.on_plan, clip, [self.plan, self.recipe], **LIGHT, **latest)
        self.strip_button.click(
            self.on_strip,
            {*everything, self.axis},
            [self.strip, self.strip_values, self.moment_note],
            concurrency_limit=1,
            concurrency_id="paint",
            **quiet,
        )
        self.strip.select(
            self.on_pick,
            [self.axis, self.strip_values],
            [controls[f"style.{axis}"] for axis in AXES],
            **LIGHT,
            **quiet,
        )
        # Style
        for chips in self.chips:
            chips.click(
                lambda chosen, prompt: words.toggle(prompt, chosen[0]),
                [chips, controls["style.prompt"]],
                controls["style.prompt"],
                **LIGHT,
                **quiet,
            )
        self.dice.click(lambda: randrange(2**16), None, controls["style.seed"], **LIGHT, **quiet)
        controls["style.model"].input(
            self.on_model,
            controls["style.model"],
            [self.model_facts, *(controls[name] for name in OWN)],
            **LIGHT,
            **latest,
        )
        controls["level"].change(
            lambda level: gr.update(visible=not level),
            controls["level"],
            controls["look.gain"],
            **LIGHT,
            **quiet,
        )
        # Rendering
        shown = [
            self.progress,
            self.drawn_frames,
            self.painted_frames,
            self.video,
            self.result,
            self.visit,
            self.history,
            self.stop,
            self.save_video,
            self.save_frames,
            self.save_settings,
            self.take,
            self.zip,
        ]
        for button, work in ((self.quick, self.on_quick), (self.render, self.on_render)):
            # Whoever waits sees their place in the queue where the progress will be.
            button.click(
                work,
                {*everything, self.visit},
                shown,
                concurrency_limit=1,
                concurrency_id="render",
                api_visibility="private",
                show_progress="minimal",
                show_progress_on=self.progress,
            )
        self.stop.click(self.on_stop, None, None, queue=False, **quiet)
        # Results
        self.save_frames.click(
            self.on_pack, self.result, [self.zip, self.progress], **LIGHT, **quiet
        )
        self.take.click(
            self.on_take, [self.result, self.song], list(controls.values()), **LIGHT, **quiet
        )
        self.restore.upload(
            self.on_restore,
            [self.restore, self.song],
            [self.song_problem, *controls.values()],
            **LIGHT,
            **quiet,
        )
        self.history.select(
            self.on_again,
            self.visit,
            [self.video, self.result, self.save_video, self.save_settings],
            **LIGHT,
            **quiet,
        )
        self.blocks.unload(self.on_leave)

    def named(self, data: dict[Any, Any]) -> Values:
        """The controls' values, by name."""
        return {name: data[part] for name, part in self.controls.items() if part in data}

    def _chosen(self, data: dict[Any, Any], renders: int = 1) -> tuple[Song, Recipe]:
        """The clip and the recipe that the page shows. Raises MusvidError."""
        if not data[self.song]:
            raise musvid.SongError("Choose a song first: upload one, or take an example.")
        recipe = recipe_of(self.named(data))
        song = self.studio.song(data[self.song]).part(recipe.start, recipe.duration)
        self.limits.check(recipe, song, renders=renders)
        return song, recipe

    def _moment_of(self, data: dict[Any, Any], song: Song, recipe: Recipe) -> float:
        """The chosen moment, in seconds from the clip's beginning."""
        return max(0.0, min(float(song.duration), (data[self.moment] or 0) - recipe.start))

    def on_song(self, path: str | None) -> Updates:
        start, duration = self.controls["start"], self.controls["duration"]
        if not path:
            return {self.song: None, self.song_problem: told()}
        try:
            song = self.studio.song(path)
        except MusvidError as error:
            return {self.song: None, self.song_problem: told(error)}
        length = round(float(song.duration), 2)
        longest = min(length, self.limits.seconds or length)
        return {
            self.song: path,
            self.song_problem: told(),
            start: gr.update(maximum=max(0.1, round(length - 0.5, 1)), value=0),
            duration: gr.update(
                minimum=min(0.5, longest), maximum=longest, value=min(CLIP, longest)
            ),
            self.moment: gr.update(
                minimum=0, maximum=min(CLIP, longest), value=round(min(CLIP, longest) / 3, 2)
            ),
        }

    def on_example(self, chosen: list[str]) -> str:
        return str(EXAMPLES[chosen[0]])

    def on_clip(self, data: dict[Any, Any]) -> Any:
        first = data[self.controls["start"]] or 0
        last = first + (data[self.controls["duration"]] or 0.5)
        return gr.update(
            minimum=first, maximum=last, value=max(first, min(last, data[self.moment] or 0))
        )

    def on_motion(self, data: dict[Any, Any]) -> list[Any]:
        try:
            recipe = recipe_of(self.named(data)).in_time(data[self.recipe])
        except MusvidError:
            recipe = Recipe().in_time(data[self.recipe])
        return [recipe.stride, recipe.before, recipe.after]

    def _locked(self, data: dict[Any, Any], lock: Lock, note: str) -> Updates:
        """The controls of a lock, with the stride that suits it, where they differ from the page's.

        What a request leaves as it was may have been changed since: typed on, tapped, chosen anew.
        Beats are always told, as those of another song are cleared for the request alone.
        """
        shown, settings = self.named(data), values_of(Recipe(lock=lock))
        values = {name: value for name, value in settings.items() if name.startswith("lock.")}
        with contextlib.suppress(MusvidError):
            recipe = recipe_of(shown | values).in_time(data[self.recipe])
            values |= {part: getattr(recipe, part) for part in ("stride", "before", "after")}
        new = [name for name in values if name == "lock.beats" or values[name] != shown[name]]
        return {self.beat_note: note, **{self.controls[name]: values[name] for name in new}}

    def _lock_of(self, data: dict[Any, Any]) -> Lock:
        """The lock that the page shows, known or not. Raises SettingsError."""
        names = ("note", "bpm", "beat", "bar", "beats")
        given = {name: data[self.controls[f"lock.{name}"]] for name in names}
        if not given["bpm"]:  # an empty field gives 0
            given |= {"bpm": None, "beat": None}
        given["bar"] = int(given["bar"] or 4)
        given["beats"] = tuple(given["beats"] or ())
        return Lock(**given)

    def on_listen(self, data: dict[Any, Any]) -> Iterator[Updates]:
        try:
            song, _ = self._chosen(data)
            lock = self._lock_of(data)
            yield {self.beat_note: hint("Listening … (the first time takes up to a minute)")}
            found = self.studio.beats(song)
            note = lock.note if lock else "1/8"
            yield self._locked(data, found.lock(note, bar=lock.bar), hint(str(found)))
        except MusvidError as error:
            yield {self.beat_note: told(error)}

    def on_new_song(self, data: dict[Any, Any]) -> Iterator[Updates]:
        """Another song has another beat: it is found where the page is locked to one."""
        unknown = {"lock.bpm": None, "lock.beat": None, "lock.beats": []}
        cleared = {self.controls[name]: value for name, value in unknown.items()}
        if data[self.song] and data[self.controls["lock.note"]] != "off":
            yield from self.on_listen(data | cleared)
        else:
            yield {self.beat_note: "", **cleared}

    def on_note(self, data: dict[Any, Any]) -> Iterator[Updates]:
        try:
            lock = self._lock_of(data)
        except MusvidError as error:
            yield {self.beat_note: told(error)}
            return
        if lock and not lock.found:
            yield from self.on_listen(data)
        else:
            yield self._locked(data, lock, hint(str(lock) if lock else ""))

    def on_lock(self, change: Callable[[Lock], Lock]) -> Callable[[dict[Any, Any]], Updates]:
        def changed(data: dict[Any, Any]) -> Updates:
            try:
                lock = self._lock_of(data)
                if lock.bpm is None:
                    return {self.beat_note: hint(UNHEARD)}
                if lock.beat is None:
                    lock = replace(lock, beat=0.0)
                lock = change(lock)
                return self._locked(data, lock, hint(str(lock) if lock else ""))
            except MusvidError as error:
                return {self.beat_note: told(error)}

        return changed

    def on_timeline(self, data: dict[Any, Any]) -> Any:
        try:
            song, recipe = self._chosen(data)
            return timeline(resolve(recipe, song))
        except MusvidError:
            return ""  # the live line says it

    def on_plan(self, data: dict[Any, Any]) -> tuple[str, Any]:
        try:
            song, recipe = self._chosen(data)
            text = str(self.studio.plan(song, recipe))
            ignored = recipe.style.ignored()
        except MusvidError as error:
            return told(error), gr.skip()
        line = f'<div class="line">{escape(text)}</div>'
        if ignored:
            line += hint(f"{recipe.style.model} does not know, and ignores: {', '.join(ignored)}")
        return line, recipe.motion

    def on_draw(self, data: dict[Any, Any]) -> Updates:
        try:
            song, recipe = self._chosen(data)
            frame = self.studio.draw(song, recipe, self._moment_of(data, song, recipe))
        except MusvidError:
            return {self.drawn: gr.skip()}  # the live line says it
        return {self.drawn: frame}

    def on_paint(self, data: dict[Any, Any]) -> Iterator[Updates]:
        try:
            song, recipe = self._chosen(data)
        except MusvidError:
            return
        try:
            if recipe.paints and not self.studio.has(recipe.style):
                yield {self.moment_note: hint(f"Loading {recipe.style.model} …")}
            moment = self._moment_of(data, song, recipe)
            frame = paint_moment(self.studio, song, recipe, moment)
        except MusvidError as error:
            yield {self.moment_note: told(error)}
            return
        yield {self.painted: frame, self.moment_note: ""}

    def on_strip(self, data: dict[Any, Any]) -> Iterator[Updates]:
        axis = data[self.axis]
        try:
            song, recipe = self._chosen(data)
            values = strip_values(recipe, axis)
            moment = self._moment_of(data, song, recipe)
            made = []
            yield {self.strip: gr.update(value=[], visible=True), self.strip_values: values}
            for frame in paint_strip(self.studio, song, recipe, moment, axis, values):
                made.append((frame, str(values[len(made)])))
                yield {self.strip: gr.update(value=made, visible=True)}
        except MusvidError as error:
            yield {self.moment_note: told(error)}

    def on_pick(self, axis: str, values: list[Any], picked: gr.SelectData) -> list[Any]:
        return [
            values[picked.index] if name == axis and picked.index < len(values) else gr.skip()
            for name in AXES
        ]

    def on_model(self, name: str) -> Updates:
        try:
            style = replace(Recipe().style, model=name or "", strength=None).resolve()
            recipe = replace(Recipe(), style=style).resolve()
        except MusvidError as error:
            return {self.model_facts: told(error)}
        values = values_of(recipe)
        return {
            self.model_facts: hint(model_facts(name)),
            **{self.controls[each]: values[each] for each in OWN},
        }

    def on_quick(self, data: dict[Any, Any], request: gr.Request) -> Iterator[Updates]:
        yield from self._render(data, request, quick=True)

    def on_render(self, data: dict[Any, Any], request: gr.Request) -> Iterator[Updates]:
        yield from self._render(data, request, quick=False)

    def _render(
        self, data: dict[Any, Any], request: gr.Request, *, quick: bool
    ) -> Iterator[Updates]:
        try:
            song, recipe = self._chosen(data)
            if quick:
                moment = data[self.moment] or recipe.start
                song, recipe = quick_look(song, recipe, moment, QUICK)
            folder, stopped = self.visits.new(request.session_hash or "")
            if recipe.paints and not self.studio.has(recipe.style):
                yield {self.progress: hint(f"Loading {recipe.style.model} …")}
            yield {
                self.progress: bar("Beginning", 0),
                self.stop: gr.update(interactive=True),
                self.drawn_frames: [],
                self.painted_frames: [],
                self.zip: gr.update(visible=False, value=None),
            }
            shown: Path | None = None
            for report in render_clip(self.studio, song, recipe, folder, stopped):
                updates: Updates = {
                    self.progress: progress_of(report),
                    self.drawn_frames: report.frames("spectrum", TILES),
                    self.painted_frames: report.frames("painted", TILES),
                }
                if report.video and report.video != shown:
                    shown = report.video
                    updates[self.video] = str(shown)
                if report.finished:
                    updates |= self._finished(report, song, recipe, data[self.visit])
                yield updates
        except MusvidError as error:
            yield {self.progress: told(error), self.stop: gr.update(interactive=False)}

    def _finished(self, report: Report, song: Song, recipe: Recipe, visit: list[Values]) -> Updates:
        assert report.video
        settings = report.folder / f"{report.video.stem}.json"
        settings.write_text(read_settings(report.video), encoding="utf-8")
        frames = report.frames("painted", 3)
        poster = report.folder / "poster.png"
        poster.write_bytes(frames[len(frames) // 2].read_bytes())
        entry = {
            "video": str(report.video),
            "settings": str(settings),
            "poster": str(poster),
            "title": f"{recipe.style.prompt or ''} · {recipe.motion or 'own motion'} · "
            f"{float(song.duration):.0f} s",
        }
        visit = [entry, *visit]
        return {
            self.result: entry,
            self.visit: visit,
            self.history: [(each["poster"], each["title"]) for each in visit],
            self.stop: gr.update(interactive=False),
            self.save_video: gr.update(value=entry["video"], interactive=True),
            self.save_frames: gr.update(interactive=True),
            self.save_settings: gr.update(value=entry["settings"], interactive=True),
            self.take: gr.update(interactive=True),
        }

    def on_compare(self, data: dict[Any, Any], request: gr.Request) -> Iterator[Updates]:
        try:
            song, recipe = self._chosen(data, renders=len(musvid.RECIPES))
            folder, stopped = self.visits.new(request.session_hash or "", keep=True)
            if recipe.paints and not self.studio.has(recipe.style):
                yield {self.compare_progress: hint(f"Loading {recipe.style.model} …")}
            longest = self.studio.longest(song, recipe)
            takes = f" · at most about {spoken(longest)}" if longest else ""
            yield {
                self.compare_progress: bar(f"Beginning{takes}", 0),
                self.compare_stop: gr.update(interactive=True),
            }
            for step in compare_clip(self.studio, song, recipe, folder, stopped):
                if step.comparison is None:
                    yield {self.compare_progress: bar(said(step), step.part)}
                    continue
                yield self._compared(step.comparison)
        except MusvidError as error:
            yield {
                self.compare_progress: told(error),
                self.compare_stop: gr.update(interactive=False),
            }

    def on_variant(self, name: str) -> Callable[[dict[Any, Any]], list[Any]]:
        def taken(data: dict[Any, Any]) -> list[Any]:
            try:
                recipe = recipe_of(self.named(data)).variants()[name]
            except MusvidError:
                recipe = Recipe.named(name)
            return [name, recipe.stride, recipe.before, recipe.after]

        return taken

    def _compared(self, made: musvid.Comparison) -> Updates:
        best = made.best.name
        figures = {one.name: one.measures for one in made.results}
        return {
            self.compare_progress: bar(f"Finished · best by the rule: {called(best)}", 1),
            self.compare_stop: gr.update(interactive=False),
            self.compare_video: gr.update(value=str(made.video), visible=True),
            self.compare_found: gr.update(visible=True),
            self.compare_chart: chart_html(figures, best=best, note=RULE),
            self.save_chart: str(made.chart),
            self.save_figures: str(made.figures),
            **{
                button: gr.update(variant="primary" if name == best else "secondary")
                for name, button in self.takes.items()
            },
        }

    def on_stop(self, request: gr.Request) -> None:
        self.visits.stop(request.session_hash or "")

    def on_pack(self, result: Values | None) -> Updates:
        try:
            if not result:
                return {self.progress: gr.skip()}
            folder = Path(result["video"]).parent
            return {
                self.zip: gr.update(value=str(pack(folder, folder / "frames.zip")), visible=True)
            }
        except MusvidError as error:
            return {self.progress: told(error)}

    def _filled(self, recipe: Recipe, path: str | None) -> Updates:
        """The controls, filled with a recipe."""
        values = values_of(recipe)
        if path:  # the clip, as far as this song has it
            length = float(self.studio.song(path).duration)
            longest = min(length, self.limits.seconds or length)
            values["start"] = min(recipe.start, max(0.0, length - 0.5))
            values["duration"] = min(recipe.duration or longest, longest)
        else:
            values["start"] = values["duration"] = None
        return {
            part: values[name]
            for name, part in self.controls.items()
            if values[name] is not None or name.startswith("lock.")
        }

    def on_take(self, result: Values | None, path: str | None) -> Updates:
        if not result:
            return {self.controls["stride"]: gr.skip()}
        return self._filled(load_settings(result["settings"]), path)

    def on_restore(self, file: str | None, path: str | None) -> Updates:
        try:
            if not file:
                return {self.song_problem: gr.skip()}
            recipe = load_settings(file)
            self.limits.check(recipe)
            return {self.song_problem: told(), **self._filled(recipe, path)}
        except MusvidError as error:
            return {self.song_problem: told(error)}

    def on_again(self, visit: list[Values], picked: gr.SelectData) -> Updates:
        entry = visit[picked.index]
        return {
            self.video: entry["video"],
            self.result: entry,
            self.save_video: gr.update(value=entry["video"]),
            self.save_settings: gr.update(value=entry["settings"]),
        }

    def on_leave(self, request: gr.Request) -> None:
        self.visits.leave(request.session_hash or "")


# Work that wants the GPU


def _seconds(studio: Studio, song: Song, recipe: Recipe, *_: object) -> float:
    """GPU time for a render: what it is expected to take, and some."""
    plan = studio.plan(song, recipe)
    return min(300.0, 20 + 1.5 * (plan.seconds or 0.2 * plan.paintings))


@gpu(lambda *_: 30)
def paint_moment(studio: Studio, song: Song, recipe: Recipe, moment: float) -> Any:
    return studio.paint(song, recipe, moment)


@gpu(lambda *_: 60)
def paint_strip(
    studio: Studio, song: Song, recipe: Recipe, moment: float, axis: str, values: list[Any]
) -> Iterator[Any]:
    yield from studio.strip(song, recipe, moment, axis, values)


@gpu(_seconds)
def render_clip(
    studio: Studio, song: Song, recipe: Recipe, folder: Path, stop: Callable[[], bool]
) -> Iterator[Report]:
    yield from studio.render(song, recipe, folder, stop=stop)


def _all_seconds(studio: Studio, song: Song, recipe: Recipe, *_: object) -> float:
    """GPU time for a comparison."""
    return min(300.0, 40 + 1.5 * (studio.longest(song, recipe) or 60))


@gpu(_all_seconds)
def compare_clip(
    studio: Studio, song: Song, recipe: Recipe, folder: Path, stop: Callable[[], bool]
) -> Iterator[Step]:
    yield from studio.compare(song, recipe, folder, stop=stop)


# What is said


def called(name: str) -> str:
    """A recipe's name for a reader."""
    return RECIPES[name].partition(":")[0]


def said(step: Step) -> str:
    """What a comparison is at."""
    if step.stage in RECIPES:
        place = f"{list(musvid.RECIPES).index(step.stage) + 1} of {len(RECIPES)}"
        return f"{called(step.stage)} ({place}) · {step.done} of {step.total} frames"
    if step.stage == "measured":
        return f"Measuring · {step.done} of {step.total} videos"
    return f"Putting them side by side · {step.done} of {step.total} frames"


def model_facts(name: str) -> str:
    """What to know of a model before it is used."""
    model = musvid.MODELS.get(name)
    if model is None:
        return "Not one of the table: it is loaded as it stands, and downloaded if it is a hub id."
    if not model.download:
        return "Ships with musvid: nothing to download, quick without a graphics card."
    return (
        f"{model.download:g} GB to download at first use, better with a graphics card; "
        f"licence: {model.licence}."
    )


def bar(text: str, part: float) -> str:
    """A progress bar, part from 0 to 1."""
    return (
        f'<div class="bar" role="progressbar" aria-valuenow="{100 * part:.0f}">'
        f'<i style="width:{100 * part:.1f}%"></i><span>{escape(text)}</span></div>'
    )


STAGES = {
    "spectrum": "Drawing the spectrum",
    "guides": "Filling between keyframes",
    "painted": "Painting",
    "frames": "Filling between paintings",
}


def progress_of(report: Report) -> str:
    """Stage, frames done, time left."""
    done, total = report.done.get("frames", 0), report.totals.get("frames", 0)
    if report.finished:
        what = "Stopped: this is what was done" if report.stopped else "Finished"
        return bar(f"{what} · {done} of {total} frames", done / max(1, total))
    if report.stopped:
        return bar(f"Stopped · keeping {done} frames", done / max(1, total))
    parts = [STAGES.get(report.stage, "Beginning"), f"{done} of {total} frames"]
    if report.left is not None:
        parts.append(f"about {spoken(report.left)} left")
    return bar(" · ".join(parts), done / max(1, total))


# The API


def add_api(page: Page) -> None:
    """The endpoints that programs use; see their docstrings."""
    studio, limits = page.studio, page.limits

    def endpoint(name: str, work: Callable, **more: Any) -> None:
        @wraps(work)
        def guarded(*given: Any, **named: Any) -> Any:
            try:
                return work(*given, **named)
            except MusvidError as error:
                raise gr.Error(str(error), print_exception=False) from None

        gr.api(guarded, api_name=name, **more)

    def chosen(song: Any, settings: Any) -> tuple[Song, Recipe]:
        recipe = Recipe.from_flat(settings_in(settings))
        clip = studio.song(uploaded(song)).part(recipe.start, recipe.duration)
        limits.check(recipe, clip)
        return clip, recipe

    def moment(clip: Song, time: Any) -> float:
        check_number("time", time, 0, float(clip.duration), " (seconds)")
        return float(time)

    def picture(frame: Any, request: gr.Request | None) -> gr.FileData:
        path = page.visits.folder(visitor(request)) / f"{randrange(2**62):x}.png"
        return gr.FileData(path=str(save_frame(frame, path)))

    def visitor(request: gr.Request | None) -> str:
        return (request.session_hash if request else None) or "api"

    def plan(song: gr.FileData, settings: dict | None = None) -> dict:
        """What a render makes: picture rate, keyframes, paintings, frames, size, seconds.

        song: an uploaded sound file. settings: any of the settings of `/settings`, by name.
        """
        clip, recipe = chosen(song, settings)
        made = studio.plan(clip, recipe)
        return {
            "rate": str(made.rate),
            "keyframes": made.keyframes,
            "paintings": made.paintings,
            "frames": made.frames,
            "size": list(made.size),
            "seconds": made.seconds,
        }

    def beats(song: gr.FileData) -> dict:
        """Tempo and beats of a song: a proposal for the settings `lock.bpm` and `lock.beat`.

        song: an uploaded sound file. Gives bpm, beat (seconds to the first one), spread (of the
        intervals, as a part of their median), steady, and beats (seconds); where the tempo is not
        steady, keyframes follow the beats if they are given as `lock.beats`.
        """
        found = studio.beats(studio.song(uploaded(song)))
        return {
            "bpm": float(found.bpm),
            "beat": found.beat,
            "spread": found.spread,
            "steady": found.steady,
            "beats": list(found.times),
        }

    def settings() -> dict:
        """Every setting of a render, by name, with its default."""
        return Recipe().flat()

    def draw(
        song: gr.FileData,
        time: float = 0.0,
        settings: dict | None = None,
        request: gr.Request = None,  # type: ignore[assignment]
    ) -> gr.FileData:
        """The spectrum at one moment, a PNG.

        song: an uploaded sound file. time: seconds from the beginning of the clip. settings: any
        of those of `/settings`, by name.
        """
        clip, recipe = chosen(song, settings)
        return picture(studio.draw(clip, recipe, moment(clip, time)), request)

    def paint(
        song: gr.FileData,
        time: float = 0.0,
        settings: dict | None = None,
        request: gr.Request = None,  # type: ignore[assignment]
    ) -> gr.FileData:
        """The spectrum at one moment, painted: a PNG. Parameters as those of `/draw`."""
        clip, recipe = chosen(song, settings)
        return picture(paint_moment(studio, clip, recipe, moment(clip, time)), request)

    def render(
        song: gr.FileData,
        settings: dict | None = None,
        request: gr.Request = None,  # type: ignore[assignment]
    ) -> gr.FileData:
        """The clip as a video, an MP4 with its settings in it.

        song: an uploaded sound file. settings: any of those of `/settings`, by name; `start` and
        `duration`, in seconds, are the clip.
        """
        clip, recipe = chosen(song, settings)
        folder, stopped = page.visits.new(visitor(request))
        last = None
        for last in render_clip(studio, clip, recipe, folder, stopped):  # noqa: B007
            pass
        return gr.FileData(path=str(last.video))

    endpoint("plan", plan, **LIGHT)
    endpoint("settings", settings, **LIGHT)
    endpoint("beats", beats, concurrency_limit=1, concurrency_id="listen")
    endpoint("draw", draw, **LIGHT)
    endpoint("paint", paint, concurrency_limit=1, concurrency_id="paint")
    endpoint("render", render, concurrency_limit=1, concurrency_id="render")


def settings_in(given: Any) -> Values:
    """Settings that came over the network. Raises SettingsError when they are no dictionary."""
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise musvid.SettingsError('settings must be an object, such as {"stride": 8}.')
    return given


def uploaded(given: Any) -> str:
    """The path of a file that was uploaded. Raises SongError for anything else.

    Gradio has seen to it that a path marked as a file lies in its upload folder.
    """
    marked = isinstance(given, dict) and given.get("meta") == {"_type": "gradio.FileData"}
    path = given.get("path") if marked else None
    if not isinstance(path, str) or not path:
        raise musvid.SongError("song must be an uploaded file; send it with handle_file.")
    return path


def refuse_addresses() -> None:
    """Have Gradio refuse addresses where it would fetch what they name.

    It offers no setting for that. Pages and paths go through as before.
    """
    move = gr.blocks.Block.async_move_resource_to_block_cache

    async def refuse(self: Any, url_or_file_path: Any) -> Any:
        if str(url_or_file_path or "").lower().startswith(("http://", "https://")):
            raise gr.Error(
                "Addresses are not fetched; upload the file itself.", print_exception=False
            )
        return await move(self, url_or_file_path)

    gr.blocks.Block.async_move_resource_to_block_cache = refuse


# Tempo and a beat from taps, and from where the song is while it plays.
TAP = """(bpm, beat) => {
  const now = performance.now() / 1000, state = (window.musvidTaps ??= { taps: [] });
  if (state.taps.length && now - state.taps.at(-1) > 2.5) state.taps = [];
  state.taps.push(now);
  state.taps = state.taps.slice(-12);
  const count = state.taps.length - 1;
  if (count < 3) return [bpm, beat];
  const player = document.querySelector('#song audio');
  const playing = player && !player.paused;
  return [
    Math.round(600 * count / (now - state.taps[0])) / 10,
    playing ? Math.round(1000 * player.currentTime) / 1000 : beat,
  ];
}"""

# How it looks

HEADER = """
<header><div><h1>musvid</h1><p>A song goes in, a music video comes out.</p></div></header>
"""

THEME = gr.themes.Base(
    primary_hue=gr.themes.colors.violet,
    secondary_hue=gr.themes.colors.pink,
    neutral_hue=gr.themes.colors.slate,
    radius_size=gr.themes.sizes.radius_lg,
    font=["ui-sans-serif", "system-ui", "sans-serif"],
    font_mono=["ui-monospace", "Consolas", "monospace"],
).set(
    body_background_fill="*neutral_100",
    body_background_fill_dark="#0d0b16",
    block_background_fill="white",
    block_background_fill_dark="#171425",
    block_border_width="0px",
    block_border_width_dark="0px",
    block_shadow="none",
    panel_background_fill_dark="#171425",
    input_background_fill="*neutral_50",
    input_background_fill_dark="#221d36",
    border_color_primary_dark="#322b4d",
    button_primary_background_fill="linear-gradient(100deg, #7c3aed, #db2777)",
    button_primary_background_fill_dark="linear-gradient(100deg, #7c3aed, #db2777)",
    button_primary_background_fill_hover="linear-gradient(100deg, #8b5cf6, #ec4899)",
    button_primary_background_fill_hover_dark="linear-gradient(100deg, #8b5cf6, #ec4899)",
    button_primary_text_color="white",
    slider_color="#8b5cf6",
    slider_color_dark="#8b5cf6",
)


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        description="The page of musvid. Limits for visitors come from the environment: "
        "MUSVID_MAX_SECONDS (longest clip), MUSVID_MAX_SIDE (of a painting, pixels), "
        "MUSVID_MAX_UPLOAD_MB, MUSVID_MAX_QUEUE (who may wait), MUSVID_KEEP_MINUTES (until what "
        "was shown is deleted), MUSVID_ANY_MODEL=1 (visitors may type hub ids and paths).",
    )
    add = parser.add_argument
    on_space = bool(os.environ.get("SPACE_ID"))
    add("--host", default="0.0.0.0" if on_space else "127.0.0.1", help="(default: %(default)s)")
    add("--port", type=int, default=None, help="(default: the first free one from 7860 on)")
    add("--share", action="store_true", help="make a public link")
    add("--mcp", action="store_true", help="be an MCP server, too (needs gradio[mcp])")
    add("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    add("--any-model", action="store_true", help="let visitors of a public page type any model")
    return parser


def is_public(options: argparse.Namespace) -> bool:
    """Whether others than the one who starts it can reach the page."""
    loopback = options.host == "localhost"
    with contextlib.suppress(ValueError):
        loopback = ipaddress.ip_address(options.host).is_loopback
    return options.share or bool(os.environ.get("SPACE_ID")) or not loopback


def main(arguments: list[str] | None = None) -> None:
    """Start the page, and load the default model behind it."""
    options = build_parser().parse_args(arguments)
    try:
        limits = Limits.of(public=is_public(options))
    except MusvidError as error:
        raise SystemExit(f"musvid: {error}") from None
    if options.any_model:
        limits = replace(limits, any_model=True)
    studio = Studio(device=options.device, store=musvid.Store())
    refuse_addresses()
    page = Page(studio, limits)
    if options.mcp and find_spec("mcp") is None:
        raise SystemExit('musvid: --mcp needs another package; install "gradio[mcp]".')
    page.blocks.launch(
        server_name=options.host,
        server_port=options.port,
        share=options.share,
        mcp_server=options.mcp,
        max_file_size=limits.upload * 10**6,
        theme=THEME,
        css_paths=HERE / "musvid" / "page" / "theme.css",
        show_error=True,
        ssr_mode=False,
        footer_links=["api", "settings"],
        prevent_thread_lock=True,
    )
    # With ZeroGPU there is nothing to paint with outside of a call that asked for it.
    warm = threading.Thread(target=studio.warm, args=(spaces is None,), name="warm", daemon=True)
    warm.start()
    # `kill` should clean up as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    page.blocks.block_thread()


if __name__ == "__main__":
    main()

"""The panels of style: the prompt with its words; seed and model."""

from dataclasses import replace
from random import randrange
from typing import Any

import gradio as gr

from .. import MODELS, MusvidError, Recipe
from ..ranges import RANGES
from .board import LATEST, LIGHT, QUIET, Board, Updates
from .chips import KINDS, chips, lit, toggled
from .colours import Colours
from .html import hint, model_facts, told
from .prompt import note
from .values import SIZES, TINY, recipe_of, values_of

# What a model has of its own.
OWN = ("style.steps", "style.guidance", "style.symmetry", "style.strength", "upscale")


class StylePanel:
    """What is painted, in words."""

    def layout(self, board: Board) -> None:
        """Adds the components."""
        self.board = board
        with gr.Column(elem_classes="part"):
            board.control(
                "style.prompt",
                gr.Textbox(
                    board.first["style.prompt"],
                    label="Prompt",
                    info='or one after the other: "0:00 nebula | 0:08 crystal"',
                    lines=2,
                    elem_id="prompt",
                ),
            )
            self.note = gr.HTML(elem_id="prompt-note", padding=False)
            with gr.Accordion("Words to choose from", open=False, elem_id="words"):
                self.chips = [chips(label, board.first["style.prompt"]) for label in KINDS]
                self.colours = Colours()
                self.colours.layout(board)

    def wire(self, board: Board) -> None:
        """Says what happens when."""
        controls = board.controls
        prompt = controls["style.prompt"]
        for group in self.chips:
            group.choose(toggled, prompt, prompt, **LIGHT, **QUIET)
        self.colours.wire(board)
        told = [name for name in controls if name.startswith("style.")]
        gr.on(
            board.changed(told),
            self.on_prompt,
            {controls[name] for name in told},
            [self.note, *self.chips],
            **LIGHT,
            **LATEST,
        )

    def on_prompt(self, data: dict[Any, Any]) -> list[Any]:
        """Says what the model does not read of the prompt, and lights the chips that it holds."""
        named = self.board.named(data)
        try:
            said = note(recipe_of(named).style)
        except MusvidError:
            said = ""  # the live line says it
        return [said, *(lit(label, named["style.prompt"]) for label in KINDS)]


class BrushPanel:
    """With what it is painted: seed, echo, model."""

    def layout(self, board: Board) -> None:
        """Adds the components."""
        self.board = board
        with gr.Accordion("Seed and model", open=False, elem_classes="part", elem_id="brush"):
            board.slider(
                "echo",
                "Echo",
                info="how much of the painting before flows into the next; it paints in order, and "
                "twice as much",
            )
            with gr.Row(equal_height=True):
                board.control(
                    "style.seed",
                    gr.Number(
                        0,
                        label="Seed",
                        precision=0,
                        minimum=RANGES["style.seed"].low,
                        maximum=RANGES["style.seed"].high,
                        min_width=120,
                        scale=3,
                        elem_id="seed",
                    ),
                )
                self.dice = gr.Button("⚄ Another", min_width=90, scale=1, elem_id="dice")
            self._model(board)

    def _model(self, board: Board) -> None:
        """Adds the model and what it has of its own."""
        board.control(
            "style.model",
            gr.Dropdown(
                list(MODELS),
                value=board.first["style.model"],
                allow_custom_value=board.limits.any_model,
                label="Model",
                info="or any hub id, folder or .safetensors file, typed in"
                if board.limits.any_model
                else None,
            ),
        )
        self.model_facts = gr.HTML(hint(model_facts(board.first["style.model"])), padding=False)
        with gr.Row():
            board.slider("style.steps", "Steps", min_width=100)
            board.slider("style.guidance", "Guidance", min_width=100)
        board.control(
            "style.negative_prompt",
            gr.Textbox("", label="Negative prompt", info="needs a guidance above 1"),
        )
        board.control(
            "style.symmetry",
            gr.Radio(
                [
                    ("Paint one half, mirror it", "half"),
                    ("Mirror the noise", "noise"),
                    ("None", "none"),
                ],
                value=board.first["style.symmetry"],
                label="Symmetry",
            ),
        )
        self._tiny(board)
        with gr.Row():
            board.control(
                "size",
                gr.Dropdown(
                    SIZES,
                    value=SIZES[0],
                    allow_custom_value=True,
                    label="Painted size",
                    min_width=140,
                ),
            )
            board.slider("upscale", "Video, times that", min_width=140)

    def _tiny(self, board: Board) -> None:
        """Adds the tiny autoencoder."""
        board.control(
            "style.tiny_autoencoder",
            gr.Checkbox(False, label="Tiny autoencoder, faster and rougher"),
        )
        board.control(
            TINY,
            gr.Textbox(
                "",
                label="Another tiny autoencoder than the model's own",
                info="a hub id or folder",
                max_lines=1,
                visible=board.limits.any_model,
                elem_id="tiny",
            ),
        )

    def wire(self, board: Board) -> None:
        """Says what happens when."""
        controls = board.controls
        self.dice.click(lambda: randrange(2**16), None, controls["style.seed"], **LIGHT, **QUIET)
        controls["style.model"].input(
            self.on_model,
            controls["style.model"],
            [self.model_facts, *(controls[name] for name in OWN)],
            **LIGHT,
            **LATEST,
        )

    def on_model(self, name: str) -> Updates:
        """Sets what a model has of its own."""
        try:
            style = replace(Recipe().style, model=name or "", strength=None).resolve()
            recipe = replace(Recipe(), style=style).resolve()
        except MusvidError as error:
            return {self.model_facts: told(error)}
        values = values_of(recipe)
        return {
            self.model_facts: hint(model_facts(name)),
            **{self.board.controls[each]: values[each] for each in OWN},
        }

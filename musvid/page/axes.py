"""The fields that say what a grid compares: one setting or two, and the values of each."""

from collections.abc import Callable
from typing import Any

import gradio as gr

from .. import MusvidError, Recipe, SettingsError
from ..comparison.grid import LEAST, MOST, Axis, Grid, joined, options, suggested
from .board import LATEST, LIGHT, Board
from .values import recipe_of

_NOTHING = "nothing"
_FIRST = "style.strength"


class Axes:
    """Two settings, and their values as texts. Made where they are to stand."""

    def __init__(self, board: Board) -> None:
        self.board = board
        every = [(label.capitalize(), name) for label, name in options()]
        first = suggested(recipe_of(board.first).resolve(), _FIRST)
        self._fields: list[tuple[gr.Dropdown, gr.Textbox]] = []
        with gr.Row(elem_id="grid-axes"):
            for label, choices, value in (
                ("Across", every, _FIRST),
                ("Down", [("Nothing", _NOTHING), *every], _NOTHING),
            ):
                place = label.lower()
                with gr.Column(elem_classes="axis", min_width=240):
                    name = gr.Dropdown(choices, value=value, label=label, elem_id=f"grid-{place}")
                    values = gr.Textbox(
                        joined(value, first) if value == _FIRST else "",
                        label=f"Values {place}",
                        info=f"{LEAST} to {MOST}, parted by commas or lines; prompts by lines",
                        lines=2,
                        visible=value != _NOTHING,
                        elem_id=f"grid-values-{place}",
                    )
                self._fields.append((name, values))

    @property
    def parts(self) -> list[Any]:
        """All fields."""
        return [part for pair in self._fields for part in pair]

    def wire(self) -> None:
        """Has values filled in when a setting is chosen."""
        for name, values in self._fields:
            name.input(
                self.on_name(name), outputs=values, **self.board.everything(name), **LIGHT, **LATEST
            )

    def on_name(self, part: gr.Dropdown) -> Callable[[dict[Any, Any]], Any]:
        """Gives a handler that fills in values of a setting that are worth a look."""

        def filled(data: dict[Any, Any]) -> Any:
            name = data[part]
            if name == _NOTHING:
                return gr.update(visible=False)
            try:
                recipe = recipe_of(self.board.named(data)).resolve()
            except MusvidError:  # the live line says it
                recipe = Recipe().resolve()
            return gr.update(visible=True, value=joined(name, suggested(recipe, name)))

        return filled

    def grid(self, data: dict[Any, Any]) -> Grid:
        """The grid that the fields describe. Raises SettingsError."""
        axes = [
            Axis.of(data[name], data[values] or "")
            for name, values in self._fields
            if data[name] != _NOTHING
        ]
        if not axes:
            raise SettingsError("Choose a setting to compare.")
        return Grid(*axes)

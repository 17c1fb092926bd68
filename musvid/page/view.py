"""The panel of the view: how what is painted is shown."""

import json
from typing import Any

import gradio as gr

from ..view.settings import FEET, KINDS, Camera, Finish, View
from .board import CAMERA_FOLLOWERS, QUIET, Board
from .html import hint
from .values import PACES, SHOWN

# What a view has of its own, by the rows in which it stands.
_SLIDERS: tuple[dict[str, str], ...] = (
    {"view.copies": "Copies", "view.bend": "Bend"},
    {"camera.zoom": "Zoom", "camera.turn": "Turns a minute"},
    {"camera.sway": "Sway", "camera.shake": "Shake", "camera.pulse": "Pulse"},
    {"finish.exposure": "Exposure", "finish.glow": "Glow"},
    {"finish.contrast": "Contrast", "finish.vignette": "Vignette", "finish.grain": "Grain"},
)


class ViewPanel:
    """View, camera and finish; none of them repaints anything."""

    def layout(self, board: Board) -> None:
        """Adds the components."""
        first = board.first
        with gr.Accordion("View and camera", open=False, elem_classes="part", elem_id="view"):
            board.control(
                "view.kind",
                gr.Radio(
                    [(kind.capitalize(), kind) for kind in KINDS],
                    value=first["view.kind"],
                    label="View",
                    show_label=False,
                    container=False,
                    elem_id="kind",
                ),
            )
            with gr.Accordion("Camera and finish", open=False, elem_id="camera"):
                for row in _SLIDERS:
                    with gr.Row(equal_height=True):
                        for name, label in row.items():
                            board.slider(name, label, min_width=120)
                self._rest(board)
            with gr.Accordion("Camera follows the music", open=False, elem_id="camera-follows"):
                gr.HTML(
                    hint("What is added to a setting where the music does most of something."),
                    padding=False,
                )
                for name, label in CAMERA_FOLLOWERS.items():
                    board.follower(name, label)

    def _rest(self, board: Board) -> None:
        """Adds what is no slider."""
        with gr.Row(equal_height=True):
            board.control(
                "view.foot",
                gr.Dropdown(
                    list(FEET), value=board.first["view.foot"], label="Low pitches", min_width=120
                ),
            )
            for name, label, choices in (
                ("view.shown", "Video size", SHOWN),
                ("motion_fps", "Frames a second", PACES),
            ):
                board.control(
                    name,
                    gr.Dropdown(
                        choices,
                        value=board.first[name],
                        allow_custom_value=True,
                        label=label,
                        min_width=120,
                    ),
                )
        board.control(
            "loop",
            gr.Checkbox(
                board.first["loop"],
                label="Loop",
                info="the end flows into the beginning",
                elem_id="loop",
            ),
        )
        board.control(
            "view.cover",
            gr.File(
                label="Cover in the disc of a ring",
                height=110,
                elem_id="cover",
            ),
        )
        board.control(
            "finish.flash_limit",
            gr.Checkbox(
                board.first["finish.flash_limit"],
                label="Limit flashes",
                info="more than three in a second are damped",
            ),
        )

    def wire(self, board: Board) -> None:
        """Says what happens when."""
        controls = board.controls
        own = {name: controls[name] for row in _SLIDERS for name in row}
        # When somebody chooses it, rather than when a render's settings fill the page. By the
        # browser: an answer of the server could undo what is set meanwhile.
        suiting = json.dumps({kind: suiting_of(kind) for kind in KINDS})
        controls["view.kind"].input(
            None,
            controls["view.kind"],
            list(own.values()),
            js=f"(kind) => ({suiting})[kind]",
            trigger_mode="multiple",
            **QUIET,
        )


def suiting_of(kind: str) -> list[Any]:
    """What a view has of its own, as it suits its kind, in the order of the sliders."""
    parts: dict[str, Any] = {
        "view": View(kind=kind).resolve(),
        "camera": Camera().resolve(kind),
        "finish": Finish().resolve(kind),
    }
    names = [name.split(".") for row in _SLIDERS for name in row]
    return [getattr(parts[part], field) for part, field in names]

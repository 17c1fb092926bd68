"""The panel of what the video is for, which fills in what suits it."""

import json
from typing import Any

import gradio as gr

from ..video.targets import TARGETS
from .board import QUIET, Board

# What is filled in where something is chosen. A duration that suits it stays.
_FILL = """(name, shown, loop, duration, stride, after, relight) => {
    const target = (%s)[name];
    if (!target) return [shown, loop, duration, stride, after];
    const most = Math.min(duration ?? target.longest, target.longest);
    const wide = target.stride && relight;
    return [
        target.shown, target.loop, Math.max(most, target.shortest),
        wide ? target.stride : stride, wide ? target.stride : after,
    ];
}"""

_ENDLESS = 1e6  # seconds, where there is no limit


class ReleasePanel:
    """Where the video goes; its size, length, loop and kind of file follow."""

    def layout(self, board: Board) -> None:
        """Adds the components."""
        with gr.Accordion("What it is for", open=False, elem_classes="part", elem_id="release"):
            board.control(
                "target",
                gr.Dropdown(
                    [
                        ("nothing in particular", ""),
                        *((each.about, name) for name, each in TARGETS.items()),
                    ],
                    value=board.first["target"],
                    label="For",
                    info="fills in size, length, loop and kind of file",
                    elem_id="target",
                ),
            )

    def wire(self, board: Board) -> None:
        """Says what happens when."""
        names = ("view.shown", "loop", "duration", "stride", "after")
        filled = [board.controls[name] for name in names]
        # By the browser, as for a view: when somebody chooses it.
        board.controls["target"].input(
            None,
            [board.controls["target"], *filled, board.controls["relight"]],
            filled,
            js=_FILL % json.dumps({name: _suiting(name) for name in TARGETS}),
            trigger_mode="multiple",
            **QUIET,
        )


def _suiting(name: str) -> dict[str, Any]:
    """What is filled in for a target, as its controls have it."""
    target = TARGETS[name]
    width, height = target.size
    return {
        "shown": f"{width}x{height}",
        "loop": target.loop,
        "shortest": target.shortest,
        "longest": target.longest or _ENDLESS,
        "stride": target.stride,
    }

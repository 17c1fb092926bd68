"""The panel of values compared: what it paints, takes and refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from PIL import Image

from musvid import Recipe
from musvid.page.board import Board
from musvid.page.build import build
from musvid.page.values import UPLOADED
from musvid.studio.limits import Limits
from musvid.studio.studio import Studio

LOOP = Path(__file__).parents[2] / "examples" / "loop.ogg"
SMALL = {"size": "64x64", "view.shown": "64x64", "view.kind": "flat", "style.strength": 0}


@pytest.fixture(scope="module")
def board() -> Board:
    return build(Studio(device="cpu"), Limits(denoised=4, side=256))


class Panel:
    """The grid's events, as a visitor causes them. axes: (name, values) of one setting or two."""

    def __init__(self, board: Board, *axes: tuple[str, str], **settings: Any) -> None:
        self.board = board
        self.named = {block.elem_id: block for block in board.blocks.blocks.values()}
        updates, _ = board.filled(Recipe(), str(LOOP))
        values = {name: updates.get(part, part.value) for name, part in board.controls.items()}
        self.values = values | SMALL | settings
        self.axes = [*axes, ("nothing", "")][:2]
        self.shown: dict[str, Any] = {}

    def click(self, name: str, trigger: str = "click", place: int | None = None) -> dict[str, Any]:
        """What an event writes, by the names of components, the last of each."""
        target = (self.named[name]._id, trigger)
        works = [
            event
            for event in self.board.blocks.fns.values()
            if event.fn is not None and target in event.targets
        ]
        (event,) = works
        (state,) = (part for part in self.named_states() if part in self.outputs("grid-paint"))
        data: dict[Any, Any] = {
            self.board["song"]: str(LOOP),
            self.board["moment"]: 1.0,
            **{self.board.controls[name]: None for name in UPLOADED},
            self.board.held: json.dumps(self.values),
            self.named["grid-seconds"]: 1.0,
            state: self.shown.get("state"),
        }
        for direction, (setting, values) in zip(("across", "down"), self.axes, strict=True):
            data[self.named[f"grid-{direction}"]] = setting
            data[self.named[f"grid-values-{direction}"]] = values
        work: Callable[..., Any] = event.fn
        request = gr.Request(session_hash="somebody")
        given = request if place is None else SimpleNamespace(place=place)
        made = work(data, given)
        controls = {part: name for name, part in self.board.controls.items()}
        for updates in [made] if isinstance(made, dict) else made:
            for part, value in updates.items():
                name = "state" if part is state else controls.get(part, part.elem_id)
                self.shown[name] = value
        return self.shown

    def outputs(self, name: str) -> list[Any]:
        target = (self.named[name]._id, "click")
        return [
            part
            for event in self.board.blocks.fns.values()
            if event.fn is not None and target in event.targets
            for part in event.outputs
        ]

    def named_states(self) -> list[Any]:
        return [part for part in self.board.blocks.blocks.values() if isinstance(part, gr.State)]


def test_a_grid_is_painted_and_a_tile_gives_its_values(board: Board) -> None:
    panel = Panel(board, ("look.gamma", "2, 4, 5"), ("view.kind", "flat, tunnel"))
    shown = panel.click("grid-paint")
    assert "Painted · 6 tiles" in shown["grid-progress"]
    tiles = shown["grid"]["tiles"]
    assert [(tile["title"], tile["detail"]) for tile in tiles][4] == ("gamma 4", "view tunnel")
    assert len({tile["picture"] for tile in tiles}) == 6 and shown["grid"]["columns"] == 3
    saved = Path(shown["grid-save-picture"]["value"])
    assert saved.name == "Loop - gamma x view.png" and Image.open(saved).width > 900
    # What the page shows by now stays, but for what the tile has, and what a view brings along.
    panel.values["style.seed"] = 9
    taken = panel.click("grid", "take", place=4)
    assert taken["look.gamma"] == 4 and taken["view.kind"] == "tunnel"
    assert taken["camera.turn"] == 1.5
    assert not {"style.seed", "start", "duration", "style.prompt"} & taken.keys()
    # Clips of other values do not change what the tiles are.
    panel.axes = [("look.gamma", "6, 7"), ("nothing", "")]
    panel.click("grid-play")
    assert panel.click("grid", "take", place=5)["look.gamma"] == 5
    assert saved.is_file()
    panel.click("grid-paint")
    assert not saved.is_file() and Path(panel.shown["grid-save-video"]["value"]).is_file()
    panel.shown.pop("view.kind")
    assert "view.kind" not in panel.click("grid", "take", place=99)


def test_clips_are_shown_in_step(board: Board) -> None:
    shown = Panel(board, ("stride", "8, 16")).click("grid-play")
    assert "In step · 2 clips" in shown["grid-progress"], shown
    video = Path(shown["grid-video"]["value"])
    assert video.name == "Loop - stride.mp4" == Path(shown["grid-save-video"]["value"]).name
    assert shown["grid-stop"]["interactive"] is False


@pytest.mark.parametrize(
    ("axes", "settings", "says"),
    [
        ([("style.strength", "0.5")], {}, "strength has 1 value "),
        ([("style.strength", "")], {}, "strength has 0 values"),
        ([("size", "128, 512")], {}, "sides are at most 256 pixels"),
        (
            [("style.seed", "1, 2, 3, 4")],
            {"style.strength": 1, "style.steps": 200, "size": "256x256"},
            "fewer values",
        ),
        ([("style.seed", "1, 2"), ("style.seed", "3, 4")], {}, "Both directions vary seed"),
    ],
)
def test_what_is_refused_is_said_beside_the_button(
    board: Board, axes: list[tuple[str, str]], settings: dict[str, Any], says: str
) -> None:
    shown = Panel(board, *axes, **settings).click("grid-paint")
    assert says in shown["grid-progress"] and 'role="alert"' in shown["grid-progress"]
    assert shown["grid-stop"]["interactive"] is False and "grid" not in shown

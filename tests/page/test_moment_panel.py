"""The panel of one moment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from musvid import Recipe
from musvid.page.board import Board
from musvid.page.build import build
from musvid.studio.limits import Limits
from musvid.studio.studio import Studio

LOOP = Path(__file__).parents[2] / "examples" / "loop.ogg"


@pytest.fixture(scope="module")
def board() -> Board:
    return build(Studio(device="cpu"), Limits())


def answers(board: Board, name: str, states: dict[Any, Any], **settings: Any) -> dict[Any, Any]:
    """What an event's function sets, by component, with these settings."""
    event = next(one for one in board.blocks.fns.values() if one.name == name)
    settings = {"size": "64x64", "view.shown": "64x64", "style.strength": 0, **settings}
    updates, _ = board.filled(Recipe(), str(LOOP))
    values = {
        part_name: updates.get(part, part.value) for part_name, part in board.controls.items()
    }
    data = {part: states.get(part, getattr(part, "value", None)) for part in event.inputs}
    data |= {
        board["song"]: str(LOOP),
        board["moment"]: 3.0,
        board.controls["view.cover"]: None,
        board.held: json.dumps(values | settings),
    }
    made = event.fn(data)
    found: dict[Any, Any] = {}
    for each in made if not isinstance(made, dict) else [made]:
        found |= each
    return found


def test_a_drawing_that_was_refused_is_made_once_nothing_is_in_its_way(board: Board) -> None:
    states: dict[Any, Any] = {}

    def ask(name: str, **settings: Any) -> Any:
        made = answers(board, name, states, **settings)
        states.update(made)
        return made.get(board["drawn"])

    wider = {"look.tlength": 0.5}
    assert ask("on_draw") is not None
    assert ask("on_paint") is None  # it is drawn already
    assert ask("on_draw", **wider, **{"camera.turn": 99999}) is None
    assert ask("on_paint", **wider, **{"camera.turn": 99999}) is None
    # The number is mended, and that draws nothing anew by itself.
    mended = ask("on_paint", **wider)
    assert mended is not None
    assert ask("on_paint", **wider) is None

"""The panel of one moment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from musvid import Recipe, Song, Style
from musvid.estimate import Costs
from musvid.page.board import Board
from musvid.page.build import build
from musvid.page.moment import MomentPanel
from musvid.page.values import UPLOADED
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
        **{board.controls[name]: None for name in UPLOADED},
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


def test_what_is_waited_for_is_told(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model is loaded, the first painting says nothing yet, and others how long they take."""
    panel = MomentPanel()
    panel.board = board
    studio = board.studio
    job = studio.job(Recipe(size=(64, 64)), Song.open(LOOP))
    monkeypatch.setattr(studio, "costs", Costs())
    loads = iter([False, True, True, True])
    monkeypatch.setattr(studio, "has", lambda _: next(loads))
    loaded: list[Style] = []
    monkeypatch.setattr(studio, "load", loaded.append)
    first = list(panel._waits(job))
    assert [text.count("Loading sketch") for text in first] == [1, 0]
    assert "first picture" in first[1] and loaded == [job.recipe.style]
    assert ["first picture" in text for text in panel._waits(job)] == [True]
    pixels = 64 * 64
    for seconds, said in ((1.0, []), (12.0, ["about 12 s"])):
        studio.costs = Costs()
        studio.costs.learn_painting(job.recipe, pixels, seconds)
        assert studio.costs.moment(job) == pytest.approx(seconds)
        loads = iter([True])
        told = list(panel._waits(job))
        assert len(told) == len(said) and all(map(str.__contains__, told, said))

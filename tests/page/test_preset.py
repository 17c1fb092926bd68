"""Which look the controls show."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

import musvid
from musvid import presets
from musvid.page.board import Board
from musvid.page.build import build
from musvid.page.preset import PresetPanel, shown_by
from musvid.page.values import values_of
from musvid.studio.limits import Limits
from musvid.studio.studio import Studio


@pytest.fixture
def board(tmp_path: Path) -> Board:
    studio = Studio(device="cpu", store=musvid.Store(tmp_path))
    return build(studio, Limits.of(public=False))


def test_controls_that_a_preset_filled_show_it(board: Board) -> None:
    assert shown_by(board.first) == "living"  # without its story
    for each in presets.every():
        updates, _ = board.filled(each.recipe, None)
        names = {part: name for name, part in board.controls.items()}
        values = {**board.first, **{names[part]: value for part, value in updates.items()}}
        assert shown_by(values) == each.name
        assert shown_by({**values, "start": 3.0, "lock.note": "1/8", "lock.bpm": 100}) == each.name
        assert shown_by({**values, "style.seed": 5}) == ""
    assert shown_by({**values_of(musvid.Recipe()), "stride": -3}) == ""


def test_a_look_leaves_the_format_but_for_one_that_is_of_a_format(board: Board) -> None:
    panel = PresetPanel()
    panel.board = board
    data = {part: board.first[name] for name, part in board.controls.items()}
    data[board["song"]] = None
    size = board.controls["view.shown"]
    for name in ("kaleidoscope", "aurora", "living", "portrait"):
        chosen = SimpleNamespace(name=name)
        updates = panel.on_choose(data, chosen)  # type: ignore[arg-type]
        assert updates.get(size) == ("720x1280" if name == "portrait" else None)
        names = {part: name for name, part in board.controls.items()}
        values = {**board.first, **{names[part]: value for part, value in updates.items()}}
        assert shown_by({**values, "view.shown": "1080x1920"}) == name

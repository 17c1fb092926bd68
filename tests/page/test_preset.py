"""Which look the controls show."""

from __future__ import annotations

from pathlib import Path

import pytest

import musvid
from musvid import presets
from musvid.page.board import Board
from musvid.page.build import build
from musvid.page.preset import shown_by
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

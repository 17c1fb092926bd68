"""The panel of the song's parts: they are found when asked, and typed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import WriteSong, tone

import musvid
from musvid import Recipe
from musvid.music import sections
from musvid.page.board import Board
from musvid.page.build import build
from musvid.page.form import FormPanel
from musvid.studio.limits import Limits
from musvid.studio.studio import Studio

RATE = 22050


@pytest.fixture
def board(tmp_path: Path) -> Board:
    """A page that nobody looks at."""
    return build(Studio(device="cpu", store=musvid.Store(tmp_path)), Limits.of(public=False))


def shown(board: Board, path: Path | None, **settings: Any) -> dict[Any, Any]:
    """What the page sends."""
    updates, _ = board.filled(Recipe(), path and str(path))
    data = {part: updates.get(part, part.value) for part in board.controls.values()}
    data |= {board["song"]: path and str(path), board["moment"]: 0.0}
    return data | {board.controls[name]: value for name, value in settings.items()}


def test_the_button_fills_in_what_is_found(board: Board, write_song: WriteSong) -> None:
    loud = tone(440, 10, 0.6, RATE) + 0.2 * np.random.default_rng(0).standard_normal(10 * RATE)
    path = write_song(np.concatenate([tone(110, 10, 0.1, RATE), loud]), rate=RATE)
    panel = FormPanel()
    panel.board, panel.note = board, board["song_problem"]
    box = board.controls["form"]
    for typed in ("auto", "0:00 A |"):  # what is being typed does not matter
        *_, found = panel.on_find(shown(board, path, form=typed))
        form = musvid.Recipe(form=found[box]).form
        assert form == found[box] and form.startswith("0:00 A | 0:") and form.endswith(" B")
        assert "2 parts: A B" in found[panel.note]
    *_, told = panel.on_find(shown(board, None))
    assert box not in told and "Choose a song" in told[panel.note]
    assert panel.on_new_song()[box] == "auto"


def test_no_other_event_of_the_page_listens_for_parts(
    board: Board, write_song: WriteSong, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find(*_: object) -> None:
        raise AssertionError("listened to")

    monkeypatch.setattr(sections, "find", find)
    path = write_song(tone(440, 2, rate=RATE), rate=RATE)
    for form in ("auto", "0:00 A | 0:01 B", "0:00 A | nonsense"):
        line, _ = board.on_plan(shown(board, path, form=form))
        assert ("no part of a song" in line) == ("nonsense" in form)

"""The panel of the story."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from musvid import Recipe
from musvid.music.story import Story
from musvid.page.board import Board
from musvid.page.build import build
from musvid.page.values import recipe_of, values_of
from musvid.studio.limits import Limits
from musvid.studio.studio import Studio

LOOP = Path(__file__).parents[2] / "examples" / "loop.ogg"
FORM = "0:00 A | 0:04 B"


@pytest.fixture(scope="module")
def board() -> Board:
    return build(Studio(device="cpu"), Limits())


def handler(board: Board, name: str) -> Any:
    """The event whose function has a name."""
    return next(one for one in board.blocks.fns.values() if one.name == name)


def part(board: Board, name: str) -> Any:
    """The component of an id."""
    return next(one for one in board.blocks.blocks.values() if one.elem_id == name)


def test_a_story_that_is_to_be_written_is_that_of_the_song(board: Board) -> None:
    event = handler(board, "on_kind")
    text, kind = board.controls["story"], part(board, "story-kind")
    values = values_of(Recipe())
    shown = {control: values[name] for name, control in board.controls.items()}
    shown |= {board["song"]: str(LOOP), board.controls["form"]: FORM}
    shown |= {board.controls["start"]: 0.0, board.controls["duration"]: 4.0}

    def chosen(what: str, before: str) -> Any:
        return event.fn({**shown, kind: what, text: before}).get(text)

    assert chosen("auto", "off") == "auto"
    assert chosen("off", "A: nebula") == "off"
    assert chosen("written", "A: nebula") is None  # it stays
    written = chosen("written", "off")
    assert [letter for letter, _ in Story.parse(written).entries] == ["A", "B"]
    values |= {name: shown[control] for name, control in board.controls.items()}
    assert recipe_of({**values, "story": written}).story == written


def test_the_kind_is_that_of_the_text(board: Board) -> None:
    told = handler(board, "_kind").fn
    assert [told(text) for text in (None, "", "Off", " auto", "A: nebula")] == [
        *("off", "off", "off", "auto", "written"),
    ]


def test_a_story_without_a_song_says_what_is_missing(board: Board) -> None:
    event = handler(board, "on_kind")
    text, kind = board.controls["story"], part(board, "story-kind")
    values = values_of(Recipe())
    shown = {control: values[name] for name, control in board.controls.items()}
    said = event.fn({**shown, board["song"]: None, kind: "written", text: "off"})
    assert "Choose a song first" in said[part(board, "story-note")]

"""What Gradio keeps for a session is made once, and belongs to the session."""

from __future__ import annotations

import pytest
from gradio.blocks import BlocksConfig
from gradio.state_holder import SessionState

from musvid.page.board import Board
from musvid.page.build import build
from musvid.studio.limits import Limits
from musvid.studio.studio import Studio


@pytest.fixture(scope="module")
def board() -> Board:
    return build(Studio(device="cpu"), Limits())


def test_a_session_knows_what_gradio_would_tell_it(board: Board) -> None:
    known = SessionState(board.blocks).config_values
    assert set(known) == set(board.blocks.blocks)
    for number, block in board.blocks.blocks.items():
        assert known[number] == BlocksConfig.config_for_block(number, [], block)


def test_components_are_described_once(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    SessionState(board.blocks)
    monkeypatch.setattr(BlocksConfig, "config_for_block", None)
    for _ in range(3):
        SessionState(board.blocks)


def test_what_a_session_changes_is_its_own(board: Board) -> None:
    one, other = SessionState(board.blocks), SessionState(board.blocks)
    number = next(iter(board.controls.values()))._id
    before = other.config_values[number]["props"].get("value")
    one._update_value_in_config(number, "changed")
    assert one.config_values[number]["props"]["value"] == "changed"
    assert other.config_values[number]["props"].get("value") == before
    assert SessionState(board.blocks).config_values[number]["props"].get("value") == before
    block = type(board.blocks.blocks[number])(label="another")
    one[number] = block
    one._update_config(number)  # as Gradio does for a component that an event gives back
    assert one.config_values[number]["props"]["label"] == "another"
    assert other[number] is board.blocks.blocks[number]

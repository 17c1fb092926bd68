"""What Gradio keeps for a session is made once, and belongs to the session."""

from __future__ import annotations

import asyncio

import gradio as gr
import pytest
from gradio.blocks import BlockFunction, BlocksConfig
from gradio.state_holder import SessionState

from musvid.page.board import Board
from musvid.page.build import build
from musvid.page.sessions import skip_at_once
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


def test_what_an_event_leaves_alone_is_not_built_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    with gr.Blocks() as page:
        text, box, button = gr.Textbox(), gr.Checkbox(), gr.Button("a")
        for outputs in ([text, box, button], [text]):
            button.click(lambda: None, None, outputs)
    many, one = page.fns.values()

    def answers() -> list[tuple[BlockFunction, object]]:  # Gradio takes them apart
        return [
            (many, {text: "b"}),
            (many, {text: gr.update(label="c"), button: gr.skip()}),
            (many, [gr.skip(), True, gr.update(value="d")]),
            (many, gr.skip()),
            (one, "b"),
            (one, gr.skip()),
            (one, {"a": 1}),
        ]

    def answered() -> list[list[object]]:
        return [
            asyncio.run(page.postprocess_data(event, answer, SessionState(page)))
            for event, answer in answers()
        ]

    wanted = answered()
    skip_at_once(page)
    assert answered() == wanted
    state = SessionState(page)
    monkeypatch.setattr(BlocksConfig, "config_for_block", None)
    asyncio.run(page.postprocess_data(many, {text: "b"}, state))
    with pytest.raises(TypeError):
        asyncio.run(page.postprocess_data(many, {button: gr.update(value="d")}, state))

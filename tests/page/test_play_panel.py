"""The panel that plays."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from pathlib import Path
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


@pytest.fixture(scope="module")
def board() -> Board:
    return build(Studio(device="cpu"), Limits(denoised=0.2))


def ask(board: Board, question: object, **settings: Any) -> str:
    """What the page answers to a question of the browser."""
    named = {block.elem_id: block for block in board.blocks.blocks.values()}
    more, asked = named["player-more"], named["player-asked"]
    (event,) = [one for one in board.blocks.fns.values() if one.targets == [(more._id, "click")]]
    settings = {"size": "64x64", "view.shown": "64x64", "style.strength": 0, **settings}
    updates, _ = board.filled(Recipe(), str(LOOP))
    values = {name: updates.get(part, part.value) for name, part in board.controls.items()}
    data = {
        board["song"]: str(LOOP),
        board["moment"]: 0.0,
        **{board.controls[name]: None for name in UPLOADED},
        board.held: json.dumps(values | settings),
        asked: question,
    }
    # The browser is told which of the inputs is the question, and which the controls' values.
    order = sorted(part._id for part in data)
    assert f"asked(given, {order.index(asked._id)})" in str(event.js)
    assert f"held(given, {order.index(board.held._id)}," in str(event.js)
    assert [part._id for part in event.inputs] == order
    work: Callable[..., str] = event.fn
    return work(data, gr.Request(session_hash="somebody"))


def test_a_question_is_answered_with_pictures_and_their_times(board: Board) -> None:
    made = json.loads(ask(board, json.dumps({"number": 7, "at": 1.0, "late": 0})))
    assert made["number"] == 7 and made["fresh"] and not made["over"]
    assert made["size"] == [64, 64] and made["begin"] == pytest.approx(1.0, abs=0.04)
    times = [time for time, _ in made["pictures"]]
    assert times[0] == pytest.approx(made["begin"], abs=1e-3) and times == sorted(times)
    picture = Image.open(io.BytesIO(base64.b64decode(made["pictures"][0][1])))
    assert picture.size == (64, 64) and picture.format == "JPEG"
    more = json.loads(ask(board, json.dumps({"number": 8, "at": made["end"]})))
    assert not more["fresh"] and more["begin"] == made["end"]


def test_a_browser_that_draws_is_told_what_of_and_how_it_is_seen(board: Board) -> None:
    question = {"number": 1, "at": 1.0, "draws": 1}
    made = json.loads(ask(board, json.dumps(question)))
    assert made["pictures"] == [] and made["relit"]["frames"] and made["seen"]["kinds"]
    other = {"camera.zoom": 2.0}
    seen = json.loads(ask(board, json.dumps(question | {"number": 2, "view": 1}), **other))
    assert set(seen) == {"number", "seen"} and seen["number"] == 2
    (kind,) = seen["seen"]["kinds"].values()
    assert kind["poses"][0][0] == pytest.approx(2.0, rel=0.3)
    # Where more has changed, the answer is a piece.
    made = json.loads(ask(board, json.dumps(question | {"view": 1}), start=1.0))
    assert made["fresh"] and made["relit"]


@pytest.mark.parametrize("question", [None, "", "[]", "{}x", '{"at": -1}', '{"at": "x"}', "NaN"])
def test_what_is_no_question_is_answered_by_a_sentence(board: Board, question: object) -> None:
    assert "press play again" in ask(board, question)


def test_what_is_too_much_for_one_moment_is_not_played(board: Board) -> None:
    question = json.dumps({"number": 1, "at": 0.0})
    settings = {"style.strength": 1.0, "style.steps": 50, "stride": 1, "before": 1, "after": 1}
    refused = ask(board, question, **settings, relight=False, size="256x256")
    assert 'role="alert"' in refused and "million pixels" in refused

"""The guard of the page: whatever an event raises, a visitor reads one sentence, and goes on."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest

import musvid
from musvid import OutputError
from musvid.page import build as building
from musvid.page.board import Board
from musvid.page.guard import NOT_UPLOADED, UNFORESEEN, guard, place_of
from musvid.page.html import told
from musvid.studio.limits import Limits
from musvid.studio.studio import Studio

PYTHON = KeyError("of Python")


def breaking(work: Callable[..., Any], error: Exception) -> Callable[..., Any]:
    """An event's work that raises; a generator does so after its first answer."""

    @wraps(work)
    def whole(*_: Any, **__: Any) -> Any:
        raise error

    @wraps(work)
    def piecewise(*_: Any, **__: Any) -> Iterator[Any]:
        yield gr.skip()
        raise error

    return piecewise if inspect.isgeneratorfunction(work) else whole


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Exception], Board]:
    """A page of which every event and endpoint raises."""

    def made(error: Exception) -> Board:
        def breaks(blocks: gr.Blocks) -> None:
            for event in blocks.fns.values():
                if event.fn is not None:
                    event.fn = breaking(event.fn, error)
            guard(blocks)

        monkeypatch.setattr(building, "guard", breaks)
        store = musvid.Store(tmp_path / "store")
        return building.build(Studio(device="cpu", store=store), Limits.of(public=False))

    return made


def answer(board: Board, event: Any) -> dict[int, Any]:
    """What an event writes last, by the numbers of its outputs. Raises what Gradio shows above."""

    async def run() -> list[Any]:
        values = [getattr(part, "value", None) for part in event.inputs]
        iterator, data = None, []
        while True:
            made = await board.blocks.process_api(
                event, values, iterator=iterator, state=None, request=gr.Request()
            )
            data = made["data"] if not iterator or made["is_generating"] else data
            iterator = made["iterator"]
            if not made["is_generating"]:
                return data

    return dict(zip((part._id for part in event.outputs), asyncio.run(run()), strict=False))


def test_every_event_that_raises_ends_in_one_sentence(
    broken: Callable[[Exception], Board], caplog: pytest.LogCaptureFixture
) -> None:
    board = broken(PYTHON)
    events = [event for event in board.blocks.fns.values() if event.fn is not None]
    assert len(events) > 30
    in_place = 0
    for event in events:
        caplog.clear()
        place = place_of(event.outputs)
        if place is None:
            with pytest.raises(gr.Error) as raised:
                answer(board, event)
            assert raised.value.message == UNFORESEEN, event.fn
        else:
            in_place += 1
            assert answer(board, event)[place._id] == told(UNFORESEEN), event.fn
        assert "Traceback" in caplog.text
        assert "of Python" in caplog.text
    assert in_place > 15


@pytest.mark.parametrize("error", [PYTHON, OutputError("The disk is full.")], ids=["any", "musvid"])
def test_a_render_that_raises_on_its_way_gives_the_buttons_back(
    broken: Callable[[Exception], Board], error: Exception
) -> None:
    board = broken(error)
    works = [
        event
        for event in board.blocks.fns.values()
        if any(getattr(part, "variant", "") == "stop" for part in event.outputs) and event.fn
    ]
    # Quick look, render, compare, a grid's stills and its clips, and the render of who comes back.
    assert len(works) == 6
    for event in works:
        (stop,) = (part for part in event.outputs if getattr(part, "variant", "") == "stop")
        made = answer(board, event)
        assert made[stop._id]["interactive"] is False
        says = UNFORESEEN if error is PYTHON else str(error)
        assert told(says) in made.values()
        if "load" in {name for _, name in event.targets}:
            continue  # no button started it
        # The start button comes back, where no answer comes too, and then Stop is off.
        after = [one for one in board.blocks.fns.values() if one.trigger_after == event._id]
        assert [one.trigger_only_on_failure for one in after] == [False, True]
        assert all("interactive: true" in str(one.js) for one in after)
        assert after[1].outputs == [place_of(event.outputs), *after[0].outputs, stop]


def test_what_gradio_cannot_read_or_show_ends_in_one_sentence(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = musvid.Store(tmp_path / "store")
    board = building.build(Studio(device="cpu", store=store), Limits.of(public=False))
    (plan,) = (event for event in board.blocks.fns.values() if event.api_name == "plan")
    with pytest.raises(gr.Error) as raised:
        asyncio.run(board.blocks.process_api(plan, []))
    assert raised.value.message == UNFORESEEN
    assert "Traceback" in caplog.text
    caplog.clear()
    board.blocks.has_launched = True
    file = {"path": "/etc/hostname", "meta": {"_type": "gradio.FileData"}}
    with pytest.raises(gr.Error) as raised:
        asyncio.run(board.blocks.process_api(plan, [file, {}]))
    assert raised.value.message == NOT_UPLOADED
    assert not caplog.text
    # What Gradio says itself, it says in words for a visitor.
    (motion,) = (event for event in board.blocks.fns.values() if "on_motion" in str(event.fn))
    values = ["slowly" if isinstance(part, gr.Radio) else part.value for part in motion.inputs]
    with pytest.raises(gr.Error, match="choices"):
        asyncio.run(board.blocks.process_api(motion, values))


@pytest.mark.parametrize("work", [lambda: iter(()), dict, lambda: iter([{}, {}])])
def test_an_event_that_answers_nothing_changes_nothing(work: Callable[[], Any]) -> None:
    def piecewise() -> Iterator[Any]:
        yield from work()

    with gr.Blocks() as blocks:
        parts = [gr.Image(value=None), gr.HTML([], html_template="<i></i>")]
        blocks.load(work if isinstance(work(), dict) else piecewise, None, parts)
    guard(blocks)
    (event,) = blocks.fns.values()
    made = answer(SimpleNamespace(blocks=blocks), event)  # type: ignore[arg-type]
    assert [each["__type__"] for each in made.values()] == ["update", "update"]

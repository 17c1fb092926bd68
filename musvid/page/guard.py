"""One guard around every event and endpoint of the page.

What musvid refuses is a sentence already. Whatever else goes wrong is a mistake, in musvid or below
it: it is logged with its traceback, and a visitor reads one sentence where they look, and never
Python's own words. The buttons come back as when the work had ended.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import wraps
from typing import Any

import gradio as gr
from gradio.exceptions import InvalidPathError

from .. import MusvidError
from .html import told

UNFORESEEN = (
    "Something went wrong that musvid did not foresee, and its log says what; try again, or change "
    "a setting."
)
NOT_UPLOADED = "Only files that were uploaded to this page are read; upload it first."

_log = logging.getLogger(__name__)


def guard(blocks: gr.Blocks) -> None:
    """Guards every event and endpoint that was added to a page."""
    for event in blocks.fns.values():
        if event.fn is not None:
            event.fn = _guarded(event.fn, event.outputs)
    _guard_components(blocks)


def sentence(error: Exception) -> str:
    """What a visitor reads of an error. One that is not meant for them is logged."""
    if isinstance(error, MusvidError):
        return str(error)
    if isinstance(error, gr.Error):
        return str(error.message)
    if isinstance(error, InvalidPathError):
        return NOT_UPLOADED
    _log.error("The page caught what was not foreseen.", exc_info=error)
    return UNFORESEEN


def place_of(outputs: Sequence[Any]) -> gr.HTML | None:
    """Where an event says what went wrong: the first text among what it writes.

    What has a template of its own is no text, but a control.
    """
    texts = (part for part in outputs if isinstance(part, gr.HTML))
    return next((part for part in texts if part.html_template == "${value}"), None)


def stops_of(outputs: Sequence[Any]) -> list[gr.Button]:
    """The buttons that stop what an event does, which are off unless it works."""
    return [part for part in outputs if isinstance(part, gr.Button) and part.variant == "stop"]


def _guarded(work: Callable[..., Any], outputs: Sequence[Any]) -> Callable[..., Any]:
    """The work of an event, which answers for its errors."""
    place, stops = place_of(outputs), stops_of(outputs)
    unchanged = {outputs[0]: gr.skip()} if outputs else None

    def answer(error: Exception) -> dict[Any, Any]:
        text = sentence(error)
        if place is None:  # an endpoint, or an event that writes no text
            raise gr.Error(text, print_exception=False) from None
        return {place: told(text), **{stop: gr.update(interactive=False) for stop in stops}}

    def full(made: Any) -> Any:
        # An answer of nothing at all Gradio takes for one that lacks values.
        return unchanged if isinstance(made, dict) and not made and len(outputs) > 1 else made

    @wraps(work)
    def whole(*given: Any, **named: Any) -> Any:
        try:
            return full(work(*given, **named))
        except Exception as error:
            return answer(error)

    @wraps(work)
    def piecewise(*given: Any, **named: Any) -> Iterator[Any]:
        try:
            with closing(work(*given, **named)) as answers:
                # Of one that ends without an answer, Gradio would empty all outputs.
                yield full(next(answers, unchanged))
                for made in answers:
                    yield full(made)
        except Exception as error:
            yield answer(error)

    return piecewise if inspect.isgeneratorfunction(work) else whole


def _guard_components(blocks: gr.Blocks) -> None:
    """Guards what Gradio does before and after an event's work: values read, answers shown."""
    process = blocks.process_api

    @wraps(process)
    async def guarded(*given: Any, **named: Any) -> Any:
        try:
            return await process(*given, **named)
        except gr.Error:
            raise
        except Exception as error:
            raise gr.Error(sentence(error), print_exception=False) from None

    blocks.process_api = guarded  # type: ignore[method-assign]

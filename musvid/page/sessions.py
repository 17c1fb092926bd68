"""What Gradio keeps for a session, made once and copied for each.

Gradio describes every component anew for each session, some milliseconds in which nothing else is
answered; each call of a program is a session. And of an event's outputs that stay as they are, it
builds each one anew; most events change one or two of twenty.
"""

from __future__ import annotations

import copy
from functools import wraps
from typing import Any

import gradio as gr
from gradio.blocks import Block, BlocksConfig


class Described(BlocksConfig):
    """The components and events of a finished page, whose descriptions are remembered.

    Sessions copy it, and change what they were given; the original stays.
    """

    def __init__(self, page: gr.Blocks, known: dict[int, tuple[Block, dict[str, Any]]]) -> None:
        super().__init__(page)
        self.known = known

    def __copy__(self) -> Described:
        new = Described(self.root_block, self.known)
        new.blocks, new.fns = dict(self.blocks), dict(self.fns)
        new.fn_id, new.renderables = self.fn_id, list(self.renderables)
        return new

    def config_for_block(  # type: ignore[override]
        self, _id: int, rendered_ids: list[int], block: Block, renderable: Any = None
    ) -> dict[str, Any]:
        """What a component's browser is told, see Gradio's."""
        if renderable is not None or block is not self.root_block.blocks.get(_id):
            return super().config_for_block(_id, rendered_ids, block, renderable)
        known = self.known.get(_id)
        if known is None or known[0] is not block:
            made = super().config_for_block(_id, rendered_ids, block, renderable)
            known = self.known[_id] = (block, made)
        return {**known[1], "props": dict(known[1]["props"])}


def describe_once(page: gr.Blocks) -> None:
    """Have a page that is built remember what its components are."""
    made = page.default_config
    once = Described(page, {})
    once.blocks, once.fns, once.fn_id = made.blocks, made.fns, made.fn_id
    page.default_config = once


def _skipped(value: object) -> bool:
    return isinstance(value, dict) and value == gr.skip()


def skip_at_once(page: gr.Blocks) -> None:
    """Have a page leave alone what an event leaves alone."""
    postprocess = page.postprocess_data

    @wraps(postprocess)
    async def quick(block_fn: Any, predictions: Any, state: Any) -> list[Any]:
        outputs = list(block_fn.outputs)
        made = predictions
        if isinstance(made, dict) and made and set(made) <= set(outputs):
            made = [made.get(each, gr.skip()) for each in outputs]
        listed = isinstance(made, list | tuple) and len(made) == len(outputs) > 1
        if not listed or block_fn.batch or block_fn.is_validator_function:
            return await postprocess(block_fn, predictions, state)
        wanted = [place for place, value in enumerate(made) if not _skipped(value)]
        answers: list[Any] = [gr.skip() for _ in outputs]
        if wanted:
            few = copy.copy(block_fn)
            few.outputs = [outputs[place] for place in wanted]
            values = [made[place] for place in wanted]
            # Of one output, Gradio takes the value itself.
            found = await postprocess(few, values if len(values) > 1 else values[0], state)
            for place, answer in zip(wanted, found, strict=True):
                answers[place] = answer
        return answers

    page.postprocess_data = quick  # type: ignore[method-assign]

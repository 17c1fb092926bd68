"""The strip: one moment painted with several values of a setting, as tiles."""

from __future__ import annotations

from typing import Any

import gradio as gr

from ..frame import Frame, encoded, smaller
from .html import embedded

SIDE = 384  # pixels of a tile's longer side

STALE = "Painted for other settings; paint a strip again."


def strip(**more: Any) -> gr.HTML:
    """The tiles. It triggers "take" with the `place` of one.

    Its value: tiles, see `tile`. stale: a sentence where they are not of what the page shows now.
    """
    return gr.HTML(
        [],
        stale="",
        html_template='<div class="row" role="group" aria-label="Strip"></div>'
        '<p class="stale" role="status"></p>',
        js_on_load="musvid.strip.begin(element, props, watch, place => trigger('take', {place}))",
        apply_default_css=False,
        **more,
    )


def tile(frame: Frame, value: object) -> dict[str, str]:
    """A picture of the strip, and the value it is painted with."""
    return {"title": str(value), "picture": embedded(encoded(smaller(frame, SIDE)))}

"""The strip: one moment painted with several values of a setting, as tiles."""

from __future__ import annotations

from typing import Any

import gradio as gr

STALE = "Painted for other settings; paint a strip again."


def strip(**more: Any) -> gr.HTML:
    """The tiles. It triggers "take" with the `place` of one.

    Its value: tiles, see `tiles.tile`. stale: a sentence where they are not of what the page shows
    now.
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

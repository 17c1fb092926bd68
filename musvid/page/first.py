"""What is on the stage before anybody has done anything: a film of the example, or its picture."""

import gradio as gr

from .browser import FILM, FIRST
from .html import embedded

_SAID = "Made from the example song, without a graphics card."


def first_sight() -> gr.HTML:
    """A film that plays by itself, muted until it is tapped, until a visitor does something.

    ``static/first.js`` plays it for those who come for the first time, unless their system asks
    for less motion; its first picture lies under all else on the stage.
    """
    return gr.HTML(
        {"path": str(FILM), "meta": {"_type": "gradio.FileData"}},
        html_template=f'<img alt="" src="{embedded(FIRST.read_bytes())}">'
        f'<video muted loop playsinline hidden aria-label="{_SAID}"></video>'
        '<button type="button" hidden aria-pressed="false">Tap for sound</button>'
        f"<p hidden>{_SAID}</p>",
        js_on_load="musvid.first.begin(element, props)",
        apply_default_css=False,
        padding=False,
        elem_id="first",
    )

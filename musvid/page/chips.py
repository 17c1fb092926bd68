"""Chips: words for the prompt as buttons, of which those are lit that the prompt holds."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import gradio as gr

from ..paint import words
from .browser import style_picture
from .html import embedded

KINDS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "Styles": words.STYLES,
    "Colours": words.COLOURS,
    "Light": words.MODIFIERS,
}
"""The groups of chips, by their labels."""


def chips(label: str, prompt: str) -> gr.HTML:
    """A group of chips. Its value is what is lit; it triggers "choose" with a `word`."""
    buttons = "".join(
        f'<button type="button" data-word="{escape(word)}" aria-pressed="false">{_sign(word)}'
        f"{escape(word)}</button>"
        for word in KINDS[label]
    )
    return gr.HTML(
        lit(label, prompt),
        html_template=f'<div class="label" aria-hidden="true">{label}</div>'
        f'<div class="row" role="group" aria-label="{label}">{buttons}</div>',
        js_on_load="musvid.group.toggles(element, props, watch, 'word', "
        "word => trigger('choose', {word}))",
        apply_default_css=False,
        elem_classes="chips",
        elem_id=f"chips-{label.lower()}",
    )


def lit(label: str, prompt: str | None) -> list[str]:
    """The chips of a group whose words a prompt holds."""
    held = words.held(prompt or "")
    return [word for word in held if word in KINDS[label]]


def toggled(prompt: str | None, chosen: gr.EventData) -> str:
    """The prompt after a click on a chip."""
    known = str(chosen.word)
    if not any(known in table for table in KINDS.values()):
        return prompt or ""
    return words.toggle(prompt or "", known)


def _sign(word: str) -> str:
    """What a chip shows besides its word."""
    if word in words.STYLES:
        return f'<img alt="" src="{embedded(style_picture(word).read_bytes())}">'
    if word in words.RGB:
        red, green, blue = (round(255 * part) for part in words.RGB[word])
        return f'<i style="background:rgb({red},{green},{blue})"></i>'
    return ""

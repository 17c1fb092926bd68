"""The panel of the language: the browser's own, unless a visitor chooses another one."""

from html import escape

import gradio as gr

from .board import Board
from .browser import languages


class LanguagePanel:
    """A small field at the end of the page; ``static/language.js`` does what is chosen."""

    def layout(self, _board: Board) -> None:
        """Adds the component."""
        options = "".join(
            f'<option value="{code}" lang="{code}">{escape(name)}</option>'
            for code, name in languages().items()
        )
        gr.HTML(
            html_template=f'<select aria-label="Language">{options}</select>',
            js_on_load="musvid.language.begin(element)",
            apply_default_css=False,
            padding=False,
            elem_id="language",
        )

    def wire(self, _board: Board) -> None:
        """Nothing: the browser does it alone."""

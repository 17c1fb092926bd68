"""Sliders whose ends change while somebody moves them.

With another song the sliders of the clip have other ends. Gradio tells its server at once and the
browser a moment later, and refuses every event that still brings a value beyond them; what was to
be answered then is not answered at all. Here such a value is taken as the end that is nearer.
"""

from functools import wraps
from typing import Any

import gradio as gr


def take_ends() -> None:
    """Have sliders take values beyond their ends. Gradio offers no setting for that."""
    read = gr.Slider.preprocess
    if hasattr(read, "__wrapped__"):  # another page of this process was built before
        return

    @wraps(read)
    def clamped(self: Any, payload: Any) -> Any:
        if isinstance(payload, int | float):
            payload = max(self.minimum, min(self.maximum, payload))
        return read(self, payload)

    gr.Slider.preprocess = clamped  # type: ignore[method-assign]

"""Numbers beyond their ends: of sliders that have others meanwhile, and what is being typed.

With another song the sliders of the clip have other ends. Gradio tells its server at once and the
browser a moment later, and refuses every event that still brings a value beyond them; what was to
be answered then is not answered at all. Nor is it while a number is typed that is too large, and
each refusal is a message on the page. Here such a value is taken as the end that is nearer, as the
browser does as soon as it has been typed.
"""

from functools import wraps
from typing import Any

import gradio as gr


def take_ends() -> None:
    """Have sliders and numbers take values beyond their ends. Gradio offers no setting for that."""
    for kind in (gr.Slider, gr.Number):
        if not hasattr(kind.preprocess, "__wrapped__"):  # else another page was built before
            kind.preprocess = _clamped(kind.preprocess)  # type: ignore[method-assign]


def _clamped(read: Any) -> Any:
    @wraps(read)
    def clamped(self: Any, payload: Any) -> Any:
        if payload is None and isinstance(self, gr.Slider):  # its number is being typed anew
            payload = self.minimum
        if isinstance(payload, int | float):
            low, high = self.minimum, self.maximum
            payload = payload if low is None else max(low, payload)
            payload = payload if high is None else min(high, payload)
        return read(self, payload)

    return clamped

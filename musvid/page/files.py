"""The files of a finished render as they are offered, and the renders of a visit as tiles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from ..studio.titles import size_of
from ..view.formats import FORMATS, LINES, sides
from .board import Board, Updates
from .values import Values


def offered(board: Board, entry: Values) -> Updates:
    """Offers the files of a render."""
    size = size_of(Path(entry["video"]))
    return {
        board["save_video"]: gr.update(
            value=entry["video"],
            label=f"Download video ({size})",
            interactive=True,
        ),
        board["save_frames"]: gr.update(interactive=True),
        board["save_settings"]: gr.update(value=entry["settings"], interactive=True),
        board["take"]: gr.update(interactive=True),
        **{
            board[f"also_{name}"]: gr.update(interactive=list(also(name)) != entry.get("size"))
            for name in FORMATS
        },
    }


def played(entry: Values) -> Any:
    """What the player shows of a render; of a loop, round after round."""
    return gr.update(value=entry.get("seen") or entry["video"], loop=bool(entry.get("loop")))


def also(name: str) -> tuple[int, int]:
    """The size of a video in another format, when it is offered after a render."""
    return sides(name, LINES[-1])


def tiles(visit: list[Values], shown: int = 0) -> Values:
    """The value of `history`. shown: the place of the render that is shown."""
    return {
        "tiles": [
            {
                "title": each["title"],
                "poster": {"path": each["poster"], "meta": {"_type": "gradio.FileData"}},
            }
            for each in visit
        ],
        "shown": shown,
    }


def history(**more: Any) -> gr.HTML:
    """The renders of a visit. It triggers "again" and "use" with the `place` of one."""
    return gr.HTML(
        tiles([]),
        html_template='<div class="label">This visit</div>'
        '<div class="row" role="group" aria-label="Renders of this visit"></div>',
        js_on_load="musvid.visit.begin(element, props, watch, "
        "{again: place => trigger('again', {place}), use: place => trigger('use', {place})})",
        apply_default_css=False,
        elem_id="history",
        **more,
    )


def picked(visit: list[Values], chosen: gr.EventData) -> int | None:
    """The place of a render that was chosen, if there is such a one."""
    place = chosen.place
    return place if isinstance(place, int) and 0 <= place < len(visit) else None

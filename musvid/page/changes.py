"""The panel of changes, which nobody sees: it tells other panels that controls have changed.

Gradio's browser needs some milliseconds for every event that takes all controls, and a preset
changes forty of them at once. So the changes of a moment are one: ``static/changes.js`` collects
them, and clicks a hidden button for each kind of them.
"""

import json

import gradio as gr

from .board import CAMERA_FOLLOWERS, FOLLOWERS, QUIET, Board
from .own import is_of_song

# What a painting, or the way in which it is shown, depends on.
_PAINTED = ("style.", "drift.", "echo", "view.", "camera.", "finish.", *FOLLOWERS)
_PAINTED += tuple(CAMERA_FOLLOWERS)
# What the drawing of the spectrum depends on.
_DRAWN = ("look.", "lock.", "level", "cooling", "fps", "size", "stride", "form", "story")


class ChangesPanel:
    """Buttons that are clicked when something has changed; panels take their clicks as events.

    changed: anything. changed_drawing: what a drawing depends on, and so a painting;
    changed_painting: what a painting alone does. settled: everything stands still.
    """

    def layout(self, board: Board) -> None:
        """Adds the components."""
        for name in ("changed", "changed_drawing", "changed_painting", "settled"):
            put = gr.Button(name, visible="hidden", elem_id=name.replace("_", "-"))
            board.put(name, put)

    def wire(self, board: Board) -> None:
        """Says what happens when."""
        names = list(board.controls)
        kinds = {
            "changed": names,
            "changed-drawing": [name for name in names if name.startswith(_DRAWN)],
            "changed-painting": [name for name in names if name.startswith(_PAINTED)],
        }
        for kind, of in kinds.items():
            more = [board["audio"].change, board.blocks.load] if kind == "changed" else []
            gr.on(
                [*board.changed(of), *more],
                None,
                None,
                None,
                js=f"() => {{ window.musvid.changes.touched('{kind}'); }}",
                trigger_mode="multiple",
                **QUIET,
            )
        own = [name for name in names if is_of_song(name)]
        board["changed"].click(
            None,
            [board["audio"], *board.controls.values()],
            None,
            js=f"(...values) => {{ window.musvid.changes.read({json.dumps(names)}, "
            f"{json.dumps(own)}, values); }}",
            trigger_mode="multiple",
            **QUIET,
        )

"""The panel of changes, which nobody sees: it tells other panels that controls have changed.

Gradio's browser looks up every input of an event in the tree of the whole page, which takes a
tenth of a second for all controls, and a preset changes forty of them at once. So the changes of a
moment are one: ``static/changes.js`` collects them, reads the controls once, and then clicks a
hidden button for each kind of change. Events of these buttons take what was read, see
`Board.everything`.
"""

import json

import gradio as gr

from .board import ADDED_FOLLOWERS, CAMERA_FOLLOWERS, FOLLOWERS, QUIET, Board
from .own import is_of_song

# What a painting, or the way in which it is shown, depends on.
_SHOWN = ("style.", "echo", "before", "view.", "camera.", "finish.", "words.", "upscale")
_PAINTED = (*_SHOWN, *FOLLOWERS, *ADDED_FOLLOWERS, *CAMERA_FOLLOWERS)
# What the drawing of the spectrum depends on. Its embers travel with the texture; what that follows
# is heard in the part.
_PART = ("start", "duration", "loop", "lock.", "form", "story", "curves")
_DRAWN = (*_PART, "guide", "look.", "level", "cooling", "fps", "size", "stride", "drift")
# Clicked whatever it is that has changed.
_ALL = ("changed", "changed_timeline")


def kind_of(name: str) -> str:
    """The button that is clicked when a setting has changed: what is made again then."""
    if name.startswith(_DRAWN):
        return "changed-drawing"
    return "changed-painting" if name.startswith(_PAINTED) else "changed"


class ChangesPanel:
    """Buttons that are clicked when something has changed; panels take their clicks as events.

    changed, changed_timeline: anything. changed_drawing: what a drawing depends on, and so a
    painting; changed_painting: what a painting alone does. settled: everything stands still.

    A click is for one event alone where that event is answered only for the last of its clicks:
    Gradio's browser repeats such a click for all events that it has, so two of them would go on
    asking each other for ever.
    """

    def layout(self, board: Board) -> None:
        """Adds the components."""
        board.held.render()
        self.read = gr.Button("read", visible="hidden", elem_id="read")
        for name in (*_ALL, "changed_drawing", "changed_painting", "settled"):
            put = gr.Button(name, visible="hidden", elem_id=name.replace("_", "-"))
            board.put(name, put)

    def wire(self, board: Board) -> None:
        """Says what happens when."""
        names = list(board.controls)
        more = {
            "changed-drawing": [board["song"].change],
            "changed": [board["audio"].change, board.blocks.load],
        }
        kinds = {name: kind_of(name) for name in names}
        for kind in ("changed-drawing", "changed-painting", "changed"):
            triggers = board.changed([name for name in names if kinds[name] == kind])
            gr.on(
                [*triggers, *more.get(kind, [])],
                None,
                None,
                None,
                js=f"() => {{ window.musvid.changes.touched('{kind}'); }}",
                trigger_mode="multiple",
                **QUIET,
            )
        own = [name for name in names if is_of_song(name)]
        self.read.click(
            None,
            [board["audio"], *board.controls.values()],
            None,
            js=f"(...values) => {{ window.musvid.changes.read({json.dumps(names)}, "
            f"{json.dumps(own)}, values); }}",
            trigger_mode="multiple",
            **QUIET,
        )

"""The panel of presets: complete sets of settings, chosen by their pictures.

The pictures are of the song that is there, painted in the background; until then they are those
that ship with musvid.
"""

from collections.abc import Iterator
from functools import cache
from html import escape
from typing import Any

import gradio as gr

from .. import MusvidError, preset, presets
from ..job import Job
from ..music import story
from ..studio.looks import Looks, Newest
from .board import LATEST, LIGHT, QUIET, Board, Updates
from .gpu import ZERO
from .html import embedded
from .own import FORMAT, is_of_song
from .values import Values, recipe_of, values_of

# Painted first; the others follow in the order in which they stand.
_FORMATS = ("portrait",)  # looks that are for a format, and bring it
_PROMISING = ("living", "nebula", "kaleidoscope", "fire", "aurora", "reef")


class PresetPanel:
    """A picture for every preset; a click fills all controls."""

    def layout(self, board: Board) -> None:
        """Adds the components."""
        self.board = board
        self.recipes = {each.name: each.recipe for each in presets.every()}
        self._looks, self._newest = Looks(board.studio), Newest()
        with gr.Column(elem_classes="part"):
            board.put("presets", tiles())
            self.pictures = gr.HTML(
                shipped(),
                html_template="<i hidden></i>",
                js_on_load="musvid.looks.paint(props, watch)",
                visible="hidden",
                elem_id="presets-pictures",
            )

    def wire(self, board: Board) -> None:
        """Says what happens when."""
        board["presets"].choose(
            self.on_choose,
            outputs=list(board.controls.values()),
            **board.everything(),
            **LIGHT,
            **QUIET,
        )
        board["settled"].click(
            self.on_shown,
            outputs=board["presets"],
            **board.everything(waits=False),
            **LIGHT,
            **LATEST,
        )
        board["song"].change(
            self.on_song,
            outputs=self.pictures,
            **board.everything(),
            # They wait in the studio, for each other and for all who wait for a picture.
            trigger_mode="multiple",
            concurrency_limit=8,
            concurrency_id="looks",
            **QUIET,
        )

    def on_choose(self, data: dict[Any, Any], chosen: gr.EventData) -> Updates:
        """Fills the controls with a preset; the clip, the beat and mostly the format stay."""
        name = str(chosen.name)
        updates, _ = self.board.filled(preset(name).recipe, data[self.board["song"]])
        shown = self.board.named(data)
        if name not in _FORMATS:
            del updates[self.board.controls[FORMAT]]
        # Only what differs: whatever is written takes the browser some time.
        return {
            part: updates[part]
            for name, part in self.board.controls.items()
            if part in updates and not is_of_song(name) and updates[part] != shown[name]
        }

    def on_shown(self, data: dict[Any, Any]) -> str:
        """Says which look the controls show; "" for none."""
        return shown_by(self.board.named(data))

    def on_song(self, data: dict[Any, Any], request: gr.Request) -> Iterator[dict[str, Any]]:
        """Paints the song's moment in every look."""
        made = shipped()
        yield made
        visitor = request.session_hash or ""
        turn = self._newest.begin(visitor)
        if not data[self.board["song"]] or ZERO:  # there, nothing is painted without a card
            return
        try:
            song, recipe = self.board.asked(data)
        except MusvidError:
            return  # the live line says it
        moment = (data[self.board["moment"]] or 0) - recipe.start
        moment = max(0.0, min(float(song.duration), moment))
        order = dict.fromkeys([shown_by(self.board.named(data)), *_PROMISING, *self.recipes])
        known = [name for name in order if name in self.recipes]
        found = self._looks.pictures(
            song,
            {name: self.recipes[name] for name in known[: self.board.limits.looks]},
            moment,
            wanted=lambda: (
                self._newest.has(visitor, turn) and not self.board.presence.gone(visitor)
            ),
            allowed=self._allow,
        )
        for name, picture in found:
            made = {**made, name: embedded(picture)}
            yield made

    def _allow(self, job: Job) -> None:
        self.board.limits.check(job.recipe)
        self.board.limits.afford_moment(job)


def tiles() -> gr.HTML:
    """A button for every preset, of which the value names the one that is shown."""
    buttons = "".join(
        f'<button type="button" data-name="{escape(each.name)}" aria-pressed="false" '
        f'title="{escape(each.about)}"><img alt=""><span>{escape(each.title)}</span></button>'
        for each in presets.every()
    )
    return gr.HTML(
        "",
        html_template=f'<div class="looks" role="group" aria-label="Looks">{buttons}</div>',
        js_on_load="musvid.looks.begin(element, props, watch, name => trigger('choose', {name}))",
        apply_default_css=False,
        elem_id="presets",
    )


def shipped() -> dict[str, Any]:
    """The pictures that ship with musvid, by the names of their presets."""
    return {
        each.name: {"path": str(each.picture), "meta": {"_type": "gradio.FileData"}}
        for each in presets.every()
    }


def shown_by(values: Values) -> str:
    """The preset that controls show, or "".

    A story listens to the whole song; without it, the moment looks the same.
    """
    try:
        shown = values_of(recipe_of(values))
    except MusvidError:
        return ""
    given = {} if shown["story"] != story.OFF else {"story": story.OFF}
    for name, wanted in _values().items():
        if all(
            shown[each] == value
            for each, value in (wanted | given).items()
            if each != FORMAT and not is_of_song(each)
        ):
            return name
    return ""


@cache
def _values() -> dict[str, Values]:
    """What the controls show of each preset."""
    return {each.name: values_of(each.recipe) for each in presets.every()}

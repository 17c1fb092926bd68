"""The panel of one moment: drawn, painted, and painted as a strip."""

from collections.abc import Iterator
from typing import Any

import gradio as gr

from .. import Cancelled, MusvidError
from ..estimate import spoken
from ..job import Job
from ..studio.looks import Newest
from ..studio.studio import AXES, strip_key, strip_values
from .board import FETCHING, LATEST, LIGHT, PAINTING, QUIET, Board, Updates
from .gpu import ZERO, paint_moment, paint_strip
from .html import coming, hint, told
from .picture import quick
from .strip import STALE, strip
from .tiles import tile

_LONG = 2.0  # seconds of which is told


class MomentPanel:
    """One moment of the song, at once."""

    def layout(self, board: Board) -> None:
        """Adds the components."""
        self.board = board
        with gr.Accordion("Strips", open=False, elem_classes="part", elem_id="strips"):
            gr.HTML(hint("The moment with five values of a setting, side by side."), padding=False)
            self._strip()

    def _strip(self) -> None:
        """Adds the strip and its button."""
        with gr.Row(equal_height=True, elem_id="strip-row"):
            self.axis = gr.Radio(
                [("strength", "strength"), ("seeds", "seed"), ("prompts", "prompt")],
                value="strength",
                label="Strip",
                show_label=False,
                container=False,
                scale=3,
                elem_id="axis",
            )
            self.strip_button = gr.Button(
                "Paint a strip", scale=1, min_width=130, elem_id="paint-strip"
            )
        self.strip = strip(elem_id="strip")
        # What it was painted with: the axis, its values, and everything else.
        self.strip_of = gr.State(None)
        self.undrawn = gr.State(False)  # whether a drawing was refused
        # The number of a painting that lacks its model, and of one whose model has come.
        self.lacking = gr.Textbox(visible="hidden", label="Lacking", elem_id="lacking")
        self.come = gr.Textbox(visible="hidden", label="Come", elem_id="come")
        self._newest = Newest()

    def wire(self, board: Board) -> None:
        """Says what happens when."""
        controls = board.controls
        drawn = gr.on(
            [board["moment"].change, board["changed_drawing"].click],
            self.on_draw,
            outputs=[board["drawn"], self.undrawn],
            **board.everything(waits=False),
            **LIGHT,
            **LATEST,
        )
        # Of the last paintings, another view is shown without painting.
        painting: dict[str, Any] = {
            "fn": self.on_paint,
            **board.everything(self.strip_of, self.undrawn, waits=False),
            "outputs": [
                *(board["painted"], board["diffused"], board["moment_note"], self.strip),
                *(board["drawn"], self.undrawn, self.lacking),
            ],
            **PAINTING,
            **LATEST,
        }
        drawn.then(**painting)
        board["changed_painting"].click(**painting)
        # Apart from painting, so that a visitor can choose something else meanwhile.
        self.lacking.change(
            self.on_fetch,
            outputs=[board["moment_note"], self.come],
            **board.everything(self.lacking, waits=False),
            **FETCHING,
            **QUIET,
            trigger_mode="multiple",
        )
        self.come.change(**painting)
        self.strip_button.click(
            self.on_strip,
            outputs=[self.strip, self.strip_of, board["moment_note"]],
            **board.everything(self.axis),
            **PAINTING,
            **QUIET,
        )
        self.strip.take(
            self.on_take,
            self.strip_of,
            [controls[f"style.{axis}"] for axis in AXES],
            **LIGHT,
            **QUIET,
        )

    def on_draw(self, data: dict[Any, Any]) -> Updates:
        """Draws the spectrum at the moment."""
        try:
            return self._drawn(self.board.chosen(data), data)
        except MusvidError:
            return {self.undrawn: True}  # the live line says it

    def _drawn(self, job: Job, data: dict[Any, Any]) -> Updates:
        frame = self.board.studio.draw(job, self.board.moment_of(data, job))
        return {self.board["drawn"]: quick(frame, self.board["drawn"]), self.undrawn: False}

    def on_paint(
        self,
        data: dict[Any, Any],
        request: gr.Request = None,  # type: ignore[assignment]
    ) -> Iterator[Updates]:
        """Paints the moment, where its model is on this machine."""
        turn = self._newest.begin(session_of(request))  # what was waited for before is not wanted
        try:
            song, recipe = self.board.asked(data)
        except MusvidError:
            return  # the live line says it
        try:
            job = self.board.studio.job(recipe, song)
            moment = self.board.moment_of(data, job)
            if data[self.undrawn]:  # what stood in its way is mended, and draws nothing anew
                yield self._drawn(job, data)
            if made := data[self.strip_of]:
                stale = "" if made["of"] == strip_key(job, moment, made["axis"]) else STALE
                yield {self.strip: gr.update(stale=stale)}
            self.board.limits.afford_moment(job)
            if recipe.paints and self.board.studio.lacks(recipe.style):
                note = coming(recipe.style.model, None)
                yield {self.board["moment_note"]: note, self.lacking: str(turn)}
                return
            for text in self._waits(job) if recipe.paints else ():
                yield {self.board["moment_note"]: text}
            flat, shown = paint_moment(self.board.studio, job, moment)
        except MusvidError as error:
            yield {self.board["moment_note"]: told(error)}
            return
        yield {
            self.board["painted"]: quick(shown, self.board["painted"]),
            self.board["diffused"]: quick(flat, self.board["diffused"]),
            self.board["moment_note"]: "",
        }

    def _waits(self, job: Job) -> Iterator[str]:
        """Loads the model of a job; what is said until then, and while it paints a moment."""
        studio, style = self.board.studio, job.recipe.style
        if not studio.has(style):
            yield hint(f"Loading {style.model} …")
            if not ZERO:  # there, the worker does
                studio.load(style)
        seconds = studio.costs.moment(job)
        if seconds is None:
            yield hint("Painting the first picture, which tells how long others take …")
        elif seconds > _LONG:
            yield hint(f"Painting, about {spoken(seconds)} …")

    def on_fetch(self, data: dict[Any, Any], request: gr.Request) -> Iterator[Updates]:
        """Waits for the download of a model; the moment is painted afterwards."""
        session, turn = session_of(request), data[self.lacking]

        def left() -> bool:
            gone = self.board.presence.gone(session)
            return gone or not self._newest.has(session, int(turn))

        try:
            _, recipe = self.board.asked(data)
            for text in self.board.fetched([recipe], FETCHING["concurrency_id"], left):
                yield {self.board["moment_note"]: text}
            yield {self.come: turn}
        except Cancelled:
            return  # something else is shown by now
        except MusvidError as error:
            yield {self.board["moment_note"]: told(error)}

    def on_strip(self, data: dict[Any, Any]) -> Iterator[Updates]:
        """Paints the moment several times, with one setting changed."""
        axis = data[self.axis]
        try:
            job = self.board.chosen(data)
            values = strip_values(job.recipe, axis)
            self.board.limits.afford_moment(job, len(values))
            moment = self.board.moment_of(data, job)
            made: list[dict[str, str]] = []
            of = {"axis": axis, "values": values, "of": strip_key(job, moment, axis)}
            for text in self.board.fetched([job], "paint"):
                yield {self.board["moment_note"]: text}
            note = {self.board["moment_note"]: ""}
            yield {self.strip: gr.update(value=[], stale=""), self.strip_of: of, **note}
            for frame in paint_strip(self.board.studio, job, moment, axis, values):
                made = [*made, tile(frame, values[len(made)])]
                yield {self.strip: made}
        except MusvidError as error:
            yield {self.board["moment_note"]: told(error)}

    def on_take(self, made: dict[str, Any] | None, chosen: gr.EventData) -> list[Any]:
        """Takes the value of one picture, for the setting that the strip was painted with."""
        values, place = (made or {}).get("values", []), chosen.place
        known = isinstance(place, int) and 0 <= place < len(values)
        return [
            values[place] if known and made and name == made["axis"] else gr.skip() for name in AXES
        ]


def session_of(request: gr.Request | None) -> str:
    """The session that asks; "" where nobody does, as in a program."""
    return str((request and request.session_hash) or "")

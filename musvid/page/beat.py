"""The panel of the beat: tempo, bars, and keyframes that fall on notes."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import gradio as gr

from .. import Lock, MusvidError, Recipe
from ..music.lock import NOTES
from ..ranges import RANGES
from ..recipe import MOTION
from .board import LATEST, LIGHT, QUIET, Board, Updates
from .html import hint, told
from .values import recipe_of, values_of

UNHEARD = "Its tempo is not known yet: have it found, type it, or tap it."
# Tempo and a beat from taps, and from where the song is while it plays.
TAP = """(bpm, beat) => {
  const now = performance.now() / 1000, state = (window.musvidTaps ??= { taps: [] });
  if (state.taps.length && now - state.taps.at(-1) > 2.5) state.taps = [];
  state.taps.push(now);
  state.taps = state.taps.slice(-12);
  const count = state.taps.length - 1;
  if (count < 3) return [bpm, beat];
  const player = document.querySelector('#song audio');
  const playing = player && !player.paused;
  return [
    Math.round(600 * count / (now - state.taps[0])) / 10,
    playing ? Math.round(1000 * player.currentTime) / 1000 : beat,
  ];
}"""


class BeatPanel:
    """The lock to the beat: it is found, typed, or tapped."""

    def layout(self, board: Board) -> None:
        """Adds the components."""
        self.board = board
        button: dict[str, Any] = {"size": "sm", "min_width": 90}
        # No state, as the browser undoes it, too; in no accordion: closed ones tell of no change.
        board.control("lock.beats", gr.JSON([], visible="hidden", open=False))
        with gr.Accordion("Lock to the beat", open=False, elem_classes="part", elem_id="beat"):
            board.control(
                "lock.note",
                gr.Radio(
                    ["off", *NOTES],
                    value="off",
                    label="A keyframe on every",
                    info="T: triplets",
                    elem_id="note",
                ),
            )
            with gr.Row(equal_height=True):
                board.control(
                    "lock.bpm",
                    gr.Number(None, label="Tempo (bpm)", min_width=110, elem_id="bpm"),
                )
                board.control(
                    "lock.beat",
                    gr.Number(
                        None,
                        label="A bar begins at (s)",
                        step=0.01,
                        min_width=110,
                        elem_id="bar-at",
                    ),
                )
                board.control(
                    "lock.bar",
                    gr.Number(
                        None,
                        label="Beats a bar",
                        placeholder="found, or 4",
                        precision=0,
                        maximum=RANGES["lock.bar"].high,
                        min_width=80,
                        elem_id="beats-a-bar",
                    ),
                )
            with gr.Row(elem_id="tempo-buttons"):
                self.listen = gr.Button("Find the beat", elem_id="listen", **button)
                self.tap = gr.Button("Tap", elem_id="tap", **button)
                self.halve = gr.Button("½", elem_id="halve", **button)
                self.double = gr.Button("×2", elem_id="double", **button)  # noqa: RUF001
                self.back = gr.Button("◂ a beat", elem_id="earlier", **button)
                self.on = gr.Button("a beat ▸", elem_id="later", **button)
            self.beat_note = gr.HTML(elem_id="beat-note", padding=False)

    def wire(self, board: Board) -> None:
        """Says what happens when."""
        controls = board.controls
        given = board.everything(board["recipe"])
        motion = [board.controls[name] for name in MOTION]
        beat = [controls[name] for name in controls if name.startswith("lock.")]
        noted = [self.beat_note, *beat, *motion]
        listening: dict[str, Any] = {"concurrency_limit": 1, "concurrency_id": "listen", **LATEST}
        board["song"].change(
            self.on_new_song,
            outputs=noted,
            **board.everything(board["recipe"], board["own"]),
            **listening,
        )
        self.listen.click(self.on_listen, outputs=noted, **given, **listening)
        controls["lock.note"].input(self.on_note, outputs=noted, **given, **listening)
        for button, change in (
            (self.halve, lambda lock: lock.scaled(Fraction(1, 2))),
            (self.double, lambda lock: lock.scaled(Fraction(2))),
            (self.back, lambda lock: lock.shifted(-1)),
            (self.on, lambda lock: lock.shifted(1)),
        ):
            button.click(self.on_lock(change), outputs=noted, **given, **LIGHT, **QUIET)
        # A tempo that is typed or tapped is a steady one.
        steady = self.on_lock(lambda lock: replace(lock, beats=()))
        controls["lock.bpm"].input(steady, outputs=noted, **given, **LIGHT, **LATEST)
        tempo = [controls["lock.bpm"], controls["lock.beat"]]
        self.tap.click(None, tempo, tempo, js=TAP, **QUIET).then(
            steady, outputs=noted, **given, **LIGHT, **LATEST
        )

    def on_new_song(self, data: dict[Any, Any]) -> Iterator[Updates]:
        """Another song has another beat: it is found where the page is locked to one."""
        if any(name.startswith("lock.") for name in data[self.board["own"]]):
            yield {self.beat_note: ""}  # it came with the song
            return
        unknown: dict[str, Any] = dict.fromkeys(("lock.bpm", "lock.beat", "lock.bar"))
        unknown["lock.beats"] = []
        cleared = {self.board.controls[name]: value for name, value in unknown.items()}
        if data[self.board["song"]] and self.board.named(data)["lock.note"] != "off":
            yield from self.on_listen(data | cleared)
        else:
            yield {self.beat_note: "", **cleared}

    def on_listen(self, data: dict[Any, Any]) -> Iterator[Updates]:
        """Finds the beat of the clip."""
        try:
            song, _ = self.board.asked(data)
            lock = self._lock_of(data)
            yield {self.beat_note: hint("Listening …")}
            found = self.board.studio.beats(song)
            note = lock.note if lock else "1/8"
            yield self._locked(data, found.lock(note), hint(str(found)))
        except MusvidError as error:
            yield {self.beat_note: told(error)}

    def on_note(self, data: dict[Any, Any]) -> Iterator[Updates]:
        """Locks to another note, and finds the beat where it is not known."""
        try:
            lock = self._lock_of(data)
        except MusvidError as error:
            yield {self.beat_note: told(error)}
            return
        if lock and not lock.found:
            yield from self.on_listen(data)
        else:
            yield self._locked(data, lock, hint(str(lock) if lock else ""))

    def on_lock(self, change: Callable[[Lock], Lock]) -> Callable[[dict[Any, Any]], Updates]:
        """Gives a handler that changes the lock."""

        def changed(data: dict[Any, Any]) -> Updates:
            try:
                lock = self._lock_of(data)
                if lock.bpm is None:
                    return {self.beat_note: hint(UNHEARD)}
                if lock.beat is None:
                    lock = replace(lock, beat=0.0)
                lock = change(lock)
                return self._locked(data, lock, hint(str(lock) if lock else ""))
            except MusvidError as error:
                return {self.beat_note: told(error)}

        return changed

    def _lock_of(self, data: dict[Any, Any]) -> Lock:
        """The lock that the page shows, known or not. Raises SettingsError."""
        names = ("note", "bpm", "beat", "bar", "beats")
        shown = self.board.named(data)
        given = {name: shown[f"lock.{name}"] for name in names}
        if not given["bpm"]:  # an empty field gives 0
            given |= {"bpm": None, "beat": None}
        given["bar"] = int(given["bar"] or 0) or None
        given["beats"] = tuple(given["beats"] or ())
        return Lock(**given)

    def _locked(self, data: dict[Any, Any], lock: Lock, note: str) -> Updates:
        """The controls of a lock, with the stride that suits it, where they differ from the page's.

        Controls that a request does not change are left out, since a visitor may have changed them
        in the meantime. Beats are always set, as those of another song are cleared for the request
        only.
        """
        shown, settings = self.board.named(data), values_of(Recipe(lock=lock))
        values = {name: value for name, value in settings.items() if name.startswith("lock.")}
        with contextlib.suppress(MusvidError):
            recipe = recipe_of(shown | values).in_time(data[self.board["recipe"]])
            values |= {part: getattr(recipe, part) for part in MOTION}
        new = [name for name in values if name == "lock.beats" or values[name] != shown[name]]
        return {self.beat_note: note, **{self.board.controls[name]: values[name] for name in new}}

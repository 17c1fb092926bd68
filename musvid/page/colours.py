"""The buttons that take colours from a picture, or from the song's cover."""

from pathlib import Path
from typing import Any

import gradio as gr

from .. import MusvidError, SettingsError, _pictures
from ..music.story import OFF
from ..paint.colouring import coloured, colours_of
from ..video.labels import cover_of
from .board import LATEST, LIGHT, Board, Updates
from .html import done, told
from .values import recipe_of

_WHAT = "colours"  # that a picture is for


class Colours:
    """A part of the panel of style: it changes the prompt, and the story's prompts."""

    def layout(self, board: Board) -> None:
        """Adds the components."""
        self.board = board
        with gr.Row(equal_height=True):
            self.file = gr.UploadButton(
                "Colours of a picture …",
                file_types=["image"],
                size="sm",
                min_width=150,
                elem_id="colours-of-picture",
            )
            self.cover = gr.Button(
                "Colours of the song's cover", size="sm", min_width=150, elem_id="colours-of-cover"
            )
        self.note = gr.HTML(elem_id="colours-note", padding=False)

    def wire(self, board: Board) -> None:
        """Says what happens when."""
        shown = [self.note, board.controls["style.prompt"], board.controls["story"]]
        self.file.upload(
            self.on_picture, outputs=shown, **board.everything(self.file), **LIGHT, **LATEST
        )
        self.cover.click(self.on_cover, outputs=shown, **board.everything(), **LIGHT, **LATEST)

    def on_picture(self, data: dict[Any, Any]) -> Updates:
        """Takes the colours of an uploaded picture."""
        try:
            path, *_ = _pictures.check(Path(data[self.file] or ""), _WHAT)
            return self._taken(data, _pictures.opened(path, _WHAT))
        except MusvidError as error:
            return {self.note: told(error)}

    def on_cover(self, data: dict[Any, Any]) -> Updates:
        """Takes the colours of the cover that the song's file holds."""
        try:
            song, _ = self.board.asked(data)
            if (picture := _pictures.decoded(cover_of(song.path))) is None:
                raise SettingsError("This song's file holds no cover; take a picture instead.")
            return self._taken(data, picture)
        except MusvidError as error:
            return {self.note: told(error)}

    def _taken(self, data: dict[Any, Any], picture: Any) -> Updates:
        """The prompt, and a story's prompts, in the colours of one of pillow's pictures."""
        recipe = recipe_of(self.board.named(data))
        if recipe.story != OFF:  # one that the song writes is written first
            recipe = self.board.chosen(data).recipe
        colours = colours_of(picture)
        found = coloured(recipe, colours)
        controls = self.board.controls
        updates = {
            self.note: done(f"Its colours: {', '.join(colours)}."),
            controls["style.prompt"]: found.style.prompt,
        }
        if found.story != OFF:
            updates[controls["story"]] = found.story
        return updates

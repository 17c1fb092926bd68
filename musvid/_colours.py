"""The option of the command line for colours of a picture."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from . import _pictures
from .errors import SettingsError, quoted
from .paint.colouring import colours_of
from .video.labels import cover_of

COVER = "cover"


def add_colours(parser: argparse._ArgumentGroup) -> None:
    """Add the option."""
    parser.add_argument(
        "--colours",
        metavar="FILE",
        default=None,
        help="paint in the colours of a picture, or of the song's own cover (cover): the words "
        "nearest to them replace the prompt's colours, and the story's",
    )


def chosen_colours(
    song: str | os.PathLike[str], options: argparse.Namespace
) -> tuple[str, ...] | None:
    """The colours of the picture that the options name, if they do.

    Raises SettingsError where it is no picture, or the song has no cover.
    """
    if not options.colours or not Path(song).is_file():  # which whoever opens the song tells
        return None
    if options.colours == COVER:
        picture = _pictures.decoded(cover_of(song))
        if picture is None:
            raise SettingsError(
                f"{quoted(Path(song).name)} has no cover to take colours from; give a picture with "
                "--colours FILE."
            )
    else:
        path, *_ = _pictures.check(options.colours, "colours")
        picture = _pictures.opened(path, "colours")
    return colours_of(picture)

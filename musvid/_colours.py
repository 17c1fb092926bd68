"""The option of the command line for colours of a picture."""

from __future__ import annotations

import argparse
from pathlib import Path

from . import _pictures
from .errors import SettingsError, quoted
from .job import Job
from .paint import colouring
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


def in_colours(job: Job, options: argparse.Namespace) -> Job:
    """The job in the colours of the picture that the options name.

    Raises SettingsError where it is no picture, or the song has no cover.
    """
    if not options.colours:
        return job
    if options.colours == COVER:
        picture = _pictures.decoded(cover_of(job.song.path))
        if picture is None:
            raise SettingsError(
                f"{quoted(job.song.path.name)} has no cover to take colours from; give a picture "
                "with --colours FILE."
            )
    else:
        path, *_ = _pictures.check(Path(options.colours), "colours")
        picture = _pictures.opened(path, "colours")
    return job.having(colouring.coloured(job.recipe, colouring.colours_of(picture)))

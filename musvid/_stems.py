"""The option --separate: stems that a network makes of the song."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from ._progress import Bars
from .errors import SettingsError
from .music import separation
from .recipe import Recipe
from .song import Song
from .store import Store

if TYPE_CHECKING:
    import argparse


def with_stems(recipe: Recipe, options: argparse.Namespace, store: Store | None) -> Recipe:
    """The recipe with the stems that its song is taken apart into; those that are given stay.

    Raises SettingsError without a store, in which they are kept, and what `separation.separate`
    raises.
    """
    if store is None:
        raise SettingsError("--separate keeps stems in the cache; leave out --no-cache.")
    song = Song.open(options.song, track=recipe.track)
    with closing(Bars(("stems",))) as bars:
        progress = None if options.quiet else bars
        made = separation.separate(song, store, device=options.device, progress=progress)
    return replace(recipe, stems=tuple(dict((*made, *recipe.stems)).items()))

"""``musvid album``: every song of some folders becomes a video, and a page shows all of them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from ._options import album_parser, begin, clustered, common, job_of, listed, recipe_from
from ._progress import AlbumBars, fetch_styles
from .album import songs
from .album.notes import NAME
from .album.run import Album
from .album.songs import Entry
from .cluster.begun import Begun
from .errors import SettingsError
from .music import form, story
from .paint.brush import Brush
from .paint.style import Style
from .recipe import Recipe
from .rendering import check_apart
from .store import Store
from .words.settings import AUTO

_ABREAST = 2  # songs at a time on a cluster

STOPPED = "Stopped; what is finished stays, and the same command goes on there."


def main(given: Sequence[str]) -> int:
    """Render an album as the options say; returns the exit code. Raises MusvidError."""
    parser = album_parser()
    options = parser.parse_args(given)
    if told_all := listed(options):
        print(told_all)
        return 0
    if not options.songs and not options.clear_cache:
        parser.error("the following arguments are required: FOLDER|SONG")
    begin(options)
    if not options.songs:
        return 0
    check(options)
    name = songs.title(options.songs)
    folder = Path(options.output or f"{name}.album")
    machine = common(options)
    album = album_of(options, songs.find(options.songs), folder, name, machine["store"])
    return _render(album, machine, options)


def check(options: argparse.Namespace) -> None:
    """Raises SettingsError where an option does not go with several songs."""
    for name in ("compare", "vary", "at", "frames"):
        if getattr(options, name) is not None:
            raise SettingsError(f"Every song is rendered once, as a video; leave out --{name}.")
    if getattr(options, "lyrics", AUTO) != AUTO:
        raise SettingsError("A file of lyrics is one song's; --lyrics auto takes each song's own.")


def album_of(
    options: argparse.Namespace,
    entries: Sequence[Entry],
    folder: Path,
    name: str,
    store: Store | None,
    memory: str = NAME,
) -> Album:
    """The album of the options. Raises MusvidError; nothing is written yet.

    entries, folder, name, memory: as for `Album`. store: where what is heard of songs is kept.
    """
    if options.curves_to:
        raise SettingsError("--curves-to writes the curves of one song; leave it out.")
    wish = recipe_from(options)
    if options.settings:
        wish = _of_no_song(wish, vars(options))
    if options.cluster:
        check_apart(wish)
    wish.resolve()  # a wrong setting is told before files are read
    given: dict[str, Any] = vars(options)
    return Album(
        entries,
        wish,
        folder,
        name=songs.shown(name),
        memory=memory,
        settle=lambda path: job_of(path, wish, store, options),
        # What `job_of` goes by, beside the recipe.
        more=[
            given.get(name) for name in ("recipe", "stride", "before", "after", "note", "colours")
        ],
        overwrite=options.overwrite,
        flavr_weights=options.flavr_weights,
    )


def _of_no_song(recipe: Recipe, given: Mapping[str, Any]) -> Recipe:
    """Loaded settings without what they say of one song, unless it is given for all: its part and
    track, its title, its beat, its form, and the story that was made of it."""
    told = story.OFF if recipe.story == story.OFF else story.AUTO
    open_ = {"start": 0.0, "duration": None, "track": None, "form": form.AUTO, "story": told}
    open_ |= {"title": None, "artist": None}
    beat: dict[str, Any] = {"bpm": None, "beat": None, "beats": ()}
    lock = replace(recipe.lock, **{name: beat[name] for name in beat.keys() - given.keys()})
    more: dict[str, Any] = {name: open_[name] for name in open_.keys() - given.keys()}
    return replace(recipe, lock=lock, **more)


def _render(album: Album, machine: dict[str, Any], options: argparse.Namespace) -> int:
    """Render what an album lacks, and tell what came of it."""
    missing, count = album.missing, len(album.entries)
    if not options.quiet:
        there = f"; {count - len(missing)} of them are there" if len(missing) < count else ""
        print(f"{album.name}: {counted(count)}{there}", file=sys.stderr)
        for remark in album.settled.remarks():
            print(remark, file=sys.stderr)
    page: Path | None = None
    try:
        if missing:
            render_missing(album, machine, options)
    finally:
        page = album.present()
    tell_errors(album)
    if not options.quiet:
        failed = f", {len(album.errors)} could not be rendered" if album.errors else ""
        print(f"{counted(len(album.done))} in {album.folder}{failed}", file=sys.stderr)
        print(page)
    return 1 if album.errors else 0


def tell_errors(album: Album) -> None:
    """A sentence for each song that could not be rendered."""
    for entry in album.entries:
        if error := album.errors.get(entry.name):
            name = songs.shown(entry.path.name)
            told = error if name in error else f"{name}: {error}"
            print(f"musvid: {told}", file=sys.stderr)


def render_missing(album: Album, machine: dict[str, Any], options: argparse.Namespace) -> None:
    """Render what an album lacks, here or on a cluster."""
    machine = {name: value for name, value in machine.items() if name != "flavr_weights"}
    done, count, style = len(album.done), len(album.entries), album.settled.style
    with clustered(options, machine["store"]) as cluster, ExitStack() as stack:
        if cluster:
            # While one song is encoded, the next one is painted.
            painters = partial(_elsewhere, cluster)
            machine |= {"painters": painters, "abreast": _ABREAST}
        elif album.settled.paints:
            fetch_styles([style], quiet=options.quiet)
        bars = None
        if not options.quiet:
            states = (lambda: cluster.states) if cluster else None
            bars = stack.enter_context(closing(AlbumBars(count, done, states)))
        album.render(progress=bars, **machine)


def _elsewhere(cluster: Begun, style: Style) -> AbstractContextManager[Brush]:
    return nullcontext(cluster.painter(style))


def counted(count: int) -> str:
    """So many songs, in words."""
    return f"{count} song{'' if count == 1 else 's'}"

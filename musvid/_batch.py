"""``musvid render`` with several songs, and ``musvid watch``: videos beside their songs."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ._album import album_of, check, counted, render_missing, tell_errors
from ._options import batch_parser, begin, common, listed
from .album import songs
from .album.run import Album
from .album.watching import Tried, Watched
from .errors import SettingsError

MEMORY = ".musvid-videos.json"
"""The file that remembers, in a folder of videos, what was rendered."""

STOPPED = "Stopped; what is finished stays, and the same command goes on there."


def several(given: Sequence[str]) -> bool:
    """Whether arguments of ``musvid render`` name more than one song."""
    named = batch_parser("render").parse_args(given).songs
    return len(named) > 1 or (len(named) == 1 and Path(named[0]).is_dir())


def render(given: Sequence[str]) -> int:
    """Render several songs as the options say; returns the exit code. Raises MusvidError."""
    options = batch_parser("render").parse_args(given)
    begin(options)
    check(options)
    machine = common(options)
    by_folder: dict[Path, list[songs.Entry]] = {}
    for entry in songs.find(options.songs):
        by_folder.setdefault(_beside(entry.path, options), []).append(entry)
    failed = 0
    for folder, entries in by_folder.items():
        failed += len(_render(entries, folder, machine, options).errors)
    return 1 if failed else 0


def watch(given: Sequence[str]) -> int:
    """Render each song that arrives in a folder, until it is stopped. Raises MusvidError."""
    parser = batch_parser("watch")
    options = parser.parse_args(given)
    if told := listed(options):
        print(told)
        return 0
    if len(options.songs) != 1:
        parser.error("one FOLDER is watched")
    begin(options)
    check(options)
    if not options.every >= 0.1:
        raise SettingsError("--every must be 0.1 seconds or more; choose a larger number.")
    watched, tried = Watched(options.songs[0]), Tried()
    folder = Path(options.output or watched.folder)
    machine = common(options)
    album_of(options, [], folder, "", machine["store"])  # what is wrong is told before songs arrive
    if not options.quiet:
        print(f"Watching {watched.folder}; Ctrl-C ends it.", file=sys.stderr)
    done: set[Path] = set()
    while True:
        there = watched.songs()
        if set(there) - done:
            done = set(there)
            entries = [each for each in songs.find(there) if tried.worth(each.path)]
            album = _render(entries, folder, machine, options)
            for entry in entries:
                if entry.name in album.errors:
                    tried.note(entry.path)
        time.sleep(options.every)


def _beside(song: Path, options: argparse.Namespace) -> Path:
    """The folder of a song's video."""
    return Path(options.output) if options.output else song.parent


def _render(
    entries: Sequence[songs.Entry],
    folder: Path,
    machine: dict[str, Any],
    options: argparse.Namespace,
) -> Album:
    """Render the songs of one folder whose videos are not there, and tell what came of it."""
    album = album_of(options, entries, folder, str(folder), machine["store"], MEMORY)
    missing = album.missing
    if missing:
        if not options.quiet:
            kept = len(entries) - len(missing)
            there = f"; {kept} of them are there" if kept else ""
            print(f"{counted(len(entries))}{there}", file=sys.stderr)
        render_missing(album, machine, options)
        tell_errors(album)
    if not options.quiet:
        new = {entry.name for entry in missing}
        for name, note in album.done.items():
            if name in new or options.command == "render":
                print(album.folder / note.video)
    return album

"""The options of the command line for what is written on the picture."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import fields
from typing import Any

from .ranges import RANGES
from .words.settings import LOGO_PLACES, LYRICS_PLACES, TITLE_PLACES, Words, parse_shown


def add_words(
    parser: argparse.ArgumentParser,
    number: Callable[[str], float],
    settled: Callable[[Callable[[str], str]], Callable[[str], str]],
) -> None:
    """Add the group of options. number: the type of those that take one. settled: makes a type of
    a function that raises SettingsError."""
    group = parser.add_argument_group(
        "words and a logo",
        "What stands on the picture, drawn at last. Title and artist are the song's tags, or "
        "--title and --artist.",
    )
    add, plain = group.add_argument, Words()
    add(
        "--show-title",
        type=settled(parse_shown),
        metavar="WHEN",
        help='title and artist: for so many seconds, such as 5; "bar", in the first bar; "all", '
        "all the time (default: off)",
    )
    add(
        "--title-place",
        choices=TITLE_PLACES,
        help=f"where they stand (default: {plain.title_place})",
    )
    add(
        "--text-size",
        type=number,
        metavar="N",
        help=f"{RANGES['words.text_size']} times the usual size of letters (default: 1)",
    )
    add(
        "--lyrics",
        metavar="FILE",
        help="an LRC or SRT file, in times of the song's file; \"auto\" takes one of the song's "
        "name beside it, or what its tags hold; settings that are loaded never bring one",
    )
    add(
        "--lyrics-place",
        choices=LYRICS_PLACES,
        help=f"where they stand (default: {plain.lyrics_place})",
    )
    add(
        "--lyrics-shift",
        type=number,
        metavar="SECONDS",
        help=f"by which they come later, {RANGES['words.lyrics_shift']} (default: 0)",
    )
    add("--logo", metavar="FILE", help="a picture (PNG, JPEG, WebP), as for --cover")
    add(
        "--logo-place",
        choices=LOGO_PLACES,
        help=f"where it stands (default: {plain.logo_place})",
    )
    for name, what in (
        ("size", "its longer side, in shorter sides of the picture"),
        ("pulse", "how much it grows where notes begin"),
    ):
        allowed, usual = RANGES[f"words.logo_{name}"], getattr(plain, f"logo_{name}")
        add(
            f"--logo-{name}",
            type=number,
            metavar="N",
            help=f"{allowed}: {what} (default: {usual:g})",
        )


def chosen_words(given: dict[str, Any]) -> dict[str, Any]:
    """The settings of words among options that were given."""
    return {entry.name: given[entry.name] for entry in fields(Words) if entry.name in given}

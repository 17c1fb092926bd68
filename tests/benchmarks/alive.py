"""How alive films are: still, drifting, through a tunnel, with a story, and by default.

    python -m tests.benchmarks.alive [--seconds 14] [--only living still] [--keep FOLDER]

One line for each film of every song; see `tests.benchmarks.film` for what the figures say.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

from musvid import Look, Painter, Recipe, Style, View, preset, presets, render
from musvid.paint.drift import Drift

from .film import HEADS, facts
from .sounds import clip, songs

FORM = "0:00 A | 0:05 B | 0:10 A"


def films() -> dict[str, Recipe]:
    """The recipes by what they are called."""
    living = preset().recipe
    drifting = Recipe(drift=Drift(direction="up"), look=Look(embers=0.6))
    return {
        "still": Recipe(),
        "drift": drifting,
        "drift, tunnel": replace(drifting, view=View("tunnel")),
        "story": replace(living, story="auto", form=FORM),
        **{each.name: each.recipe for each in presets.every()},
    }


def main() -> None:
    """Print the table."""
    known = films()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=14.0)
    parser.add_argument("--only", nargs="+", choices=known, metavar="FILM", default=[*known][:5])
    parser.add_argument("--keep", type=Path, help="a folder for the films")
    options = parser.parse_args()
    painter = Painter(Style())
    print(f"{'':34}" + "".join(f"{head:>8}" for head in HEADS[:-1]) + f"{HEADS[-1]:>9}")
    for path in songs():
        song = clip(path, 0, options.seconds)
        for name in options.only:
            with tempfile.TemporaryDirectory() as folder:
                kept = options.keep or Path(folder)
                kept.mkdir(parents=True, exist_ok=True)
                film = kept / f"{path.stem}-{name.replace(', ', '-')}.mp4"
                render(song, known[name], film, painter=painter)
                print(f"{path.stem + ', ' + name:34}{facts(film)}", flush=True)


if __name__ == "__main__":
    main()

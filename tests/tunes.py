"""Pieces for the band of `band.py`: 27 whose beats are looked for, and 27 others to judge by.

Both are three metres by three tempi by three textures, and among them swing, broken beats, notes
off the beat, tempi that wander, breaks without drums, and pieces without any. The others differ in
patterns, tempi, keys and levels; nothing was tuned on them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from musvid.training.band import Bar, Piece, hits


def even(beats: int, apart: float, low: float = 0.5) -> Bar:
    """Notes at equal distances; those between beats are softer."""
    count = round(beats / apart)
    places = [step * apart for step in range(count)]
    return tuple((place, 1.0 if abs(place % 1) < 1e-6 else low) for place in places)


def drums(**parts: str | Bar) -> dict[str, Bar]:
    """Bars by drum."""
    return {name: hits(bar) if isinstance(bar, str) else bar for name, bar in parts.items()}


FOUR: dict[str, dict[str, Any]] = {
    "rock": {
        "drums": drums(kick="0 2 2.5:0.7", snare="1 3", hat=even(4, 0.5)),
        "bass": even(4, 0.5, 0.8),
        "chords": hits("0 2:0.7"),
        "melody": 0.4,
    },
    "house": {
        "drums": drums(kick="0 1 2 3", snare="1:0.6 3:0.6", open="0.5 1.5 2.5 3.5"),
        "bass": hits("0.5 1.5 2.5 3.5"),
        "chords": hits("0"),
        "pad": True,
    },
    "breakbeat": {
        "drums": drums(
            kick="0 0.5:0.8 2.5 2.75:0.7",
            snare="1 1.75:0.35 2.25:0.35 3 3.75:0.3",
            hat=even(4, 0.5, 0.8),
        ),
        "bass": hits("0 0.75:0.8 2.5"),
        "chords": hits("0"),
        "pad": True,
    },
    "two-step": {
        "drums": drums(kick="0 2.5", snare="1 3", hat=even(4, 0.5, 0.7), shaker=even(4, 0.25, 0.8)),
        "bass": hits("0 2.5 3.5:0.7"),
        "chords": hits("0"),
        "pad": True,
    },
    "swing": {
        "drums": drums(ride="0 1 1.5:0.7 2 3 3.5:0.7", hat="1:0.9 3:0.9"),
        "bass": even(4, 1),
        "chords": hits("0 1.5:0.8"),
        "melody": 0.5,
        "swing": 1 / 6,
    },
    "ballad": {"bass": hits("0 2:0.7"), "chords": even(4, 0.5, 0.8), "broken": True, "melody": 0.2},
    "push": {
        "drums": drums(kick="0 1.5:0.9 2.5", snare="1 3", hat=even(4, 0.25, 0.6)),
        "bass": hits("0 1.5 2.5 3.5"),
        "chords": hits("0 1.5 3.5:0.8"),
        "melody": 0.4,
        "sixteenths": 1 / 6,
        "grid": 4,
    },
    "strings": {"bass": hits("0"), "chords": hits("0 2:0.6"), "pad": True, "melody": 0.7},
    "soft": {
        "drums": drums(kick="0 2", snare="1:0.5 3:0.5", hat=even(4, 0.5)),
        "bass": hits("0 2"),
        "chords": even(4, 1),
    },
}

THREE: dict[str, dict[str, Any]] = {
    "waltz": {
        "drums": drums(kick="0", snare="1:0.5 2:0.5", hat="1 2"),
        "bass": hits("0"),
        "chords": hits("1:0.9 2:0.9"),
        "melody": 0.4,
    },
    "folk": {"bass": hits("0 2:0.5"), "chords": even(3, 0.5, 0.8), "broken": True, "melody": 0.3},
    "jazz": {
        "drums": drums(ride="0 1 1.5:0.7 2", hat="1:0.8 2:0.5", kick="0:0.5"),
        "bass": even(3, 1),
        "chords": hits("0 1.5:0.8"),
        "melody": 0.5,
        "swing": 1 / 6,
    },
    "pop": {
        "drums": drums(kick="0 1.5:0.7", snare="2", hat=even(3, 0.5)),
        "bass": hits("0 1.5:0.7"),
        "chords": hits("0"),
        "pad": True,
        "melody": 0.5,
    },
    "chamber": {"bass": hits("0"), "chords": hits("1:0.8 2:0.8"), "melody": 0.6, "pad": False},
    "drone": {
        "drums": drums(kick="0", shaker=even(3, 0.5), snare="1:0.6"),
        "bass": hits("0 2:0.8"),
        "chords": hits("0"),
        "pad": True,
    },
}

_THIRDS = "0 1/3:0.5 2/3:0.5 1 1+1/3:0.5 1+2/3:0.5"
SIX: dict[str, dict[str, Any]] = {
    "slow": {
        "drums": drums(kick="0", snare="1", hat=_THIRDS),
        "bass": hits("0 1:0.7"),
        "chords": hits(_THIRDS),
        "broken": True,
        "grid": 3,
    },
    "jig": {
        "bass": hits("0 1:0.8"),
        "chords": hits("0 2/3:0.6 1 1+2/3:0.6"),
        "melody": 0.9,
        "grid": 3,
    },
    "lilt": {
        "drums": drums(kick="0 1+2/3:0.7", snare="1", hat=_THIRDS),
        "bass": hits("0 2/3:0.6 1+2/3:0.8"),
        "chords": hits("0"),
        "pad": True,
        "melody": 0.5,
        "grid": 3,
    },
    "arpeggio": {"bass": hits("0"), "chords": hits(_THIRDS), "broken": True, "grid": 3},
    "march": {
        "drums": drums(kick="0 1", snare="2/3:0.5 1 1+2/3:0.5", hat="0 1"),
        "bass": hits("0 1"),
        "chords": hits("2/3:0.8 1+2/3:0.8"),
        "melody": 0.7,
        "grid": 3,
    },
}


def _named(metre: str, textures: dict[str, dict[str, Any]], rows: list[Any]) -> list[Piece]:
    pieces = []
    for number, (name, bpm, changes) in enumerate(rows):
        words = [word for word in ("drift", "silent", "pickup", "harmony") if word in changes]
        title = f"{name} {metre} {bpm:g}" + "".join(f" {word}" for word in words)
        piece = Piece(title, metre, bpm, **textures[name], seed=100 * BARS[metre] + number)
        pieces.append(replace(piece, **changes))
    return pieces


BARS = {"4/4": 4, "3/4": 3, "6/8": 6}
BREAK = (4, 8)

SONGS: list[Piece] = [
    *_named(
        "4/4",
        FOUR,
        [
            ("rock", 72, {}),
            ("ballad", 72, {}),
            ("push", 76.5, {}),
            ("house", 120, {"silent": BREAK}),
            ("swing", 126, {}),
            ("breakbeat", 118, {"drift": 0.02}),
            ("two-step", 174, {}),
            ("breakbeat", 170, {"silent": BREAK}),
            ("soft", 168, {"drift": 0.03}),
        ],
    ),
    *_named(
        "3/4",
        THREE,
        [
            ("pop", 72, {}),
            ("folk", 78, {"drift": 0.03}),
            ("drone", 66, {}),
            ("waltz", 120, {}),
            ("folk", 112, {}),
            ("jazz", 132, {}),
            ("waltz", 174, {}),
            ("chamber", 180, {}),
            ("jazz", 168, {"drift": 0.02}),
        ],
    ),
    *_named(
        "6/8",
        SIX,
        [
            ("slow", 54, {}),
            ("arpeggio", 60, {"drift": 0.02}),
            ("lilt", 50, {}),
            ("slow", 80, {"silent": BREAK}),
            ("jig", 84, {}),
            ("lilt", 76, {}),
            ("jig", 120, {}),
            ("march", 116, {}),
            ("lilt", 126, {}),
        ],
    ),
]

FOUR_OTHER: dict[str, dict[str, Any]] = {
    "one-drop": {
        "drums": drums(kick="2", snare="2:0.6", hat=even(4, 0.5, 0.9)),
        "bass": hits("0 0.5:0.7 1.5 3:0.8"),
        "chords": hits("0.5 1.5 2.5 3.5"),
    },
    "funk": {
        "drums": drums(
            kick="0 0.75:0.7 2.5 3.25:0.6", snare="1 1.75:0.3 3", hat=even(4, 0.25, 0.7)
        ),
        "bass": hits("0 0.75 1.5:0.8 2.5 3.75:0.7"),
        "chords": hits("0.5 1.75:0.8 3.5"),
        "melody": 0.3,
        "grid": 4,
    },
    "disco": {
        "drums": drums(kick="0 1 2 3", snare="1 3", hat=even(4, 0.25, 0.5), open="0.5 1.5 2.5 3.5"),
        "bass": even(4, 0.5, 0.9),
        "chords": hits("0.5 1.5 2.5 3.5"),
    },
    "shuffle": {
        "drums": drums(kick="0 2", snare="1 3", hat=even(4, 0.5, 0.7)),
        "bass": even(4, 0.5, 0.8),
        "chords": hits("0 2"),
        "melody": 0.4,
        "swing": 1 / 6,
    },
    "jungle": {
        "drums": drums(
            kick="0 0.5 2.5",
            snare="1 1.75:0.5 2.25:0.4 3.5",
            hat=even(4, 0.5),
            ride="0:0.5",
        ),
        "bass": hits("0 2.5"),
        "chords": hits("0"),
        "pad": True,
    },
    "piano": {"bass": hits("0 1.5:0.6 2:0.8"), "chords": even(4, 1, 1), "melody": 0.4},
    "picked": {"bass": even(4, 1), "chords": even(4, 0.5, 1), "broken": True},
    "march": {
        "drums": drums(kick="0 2", snare="1 1.5:0.4 3 3.5:0.4 3.75:0.4"),
        "bass": hits("0 2"),
        "chords": hits("1 3"),
        "melody": 0.5,
    },
    "trap": {
        "drums": drums(kick="0 1.5:0.8", snare="2", hat=even(4, 0.25, 0.8)),
        "bass": hits("0 1.5"),
        "chords": hits("0"),
        "pad": True,
        "melody": 0.3,
    },
}

THREE_OTHER: dict[str, dict[str, Any]] = {
    "country": {
        "drums": drums(kick="0", snare="1:0.7 2:0.7", hat=even(3, 0.5)),
        "bass": hits("0 2:0.6"),
        "chords": hits("1 2"),
        "melody": 0.5,
    },
    "minuet": {"bass": even(3, 1), "chords": hits("0"), "melody": 0.8},
    "guitar": {"bass": hits("0"), "chords": hits("0 1:0.6 1.5:0.5 2:0.6 2.5:0.5")},
    "soul": {
        "drums": drums(kick="0 0.75:0.5", snare="1", hat=even(3, 0.25, 0.5)),
        "bass": hits("0 2.5:0.8"),
        "chords": hits("0"),
        "pad": True,
        "melody": 0.3,
    },
    "brushes": {
        "drums": drums(hat="1 2", ride=even(3, 0.5), kick="0:0.6"),
        "bass": hits("0 1.5:0.6"),
        "chords": hits("0 1:0.5 2:0.5"),
        "swing": 1 / 6,
        "melody": 0.4,
    },
}

SIX_OTHER: dict[str, dict[str, Any]] = {
    "doo-wop": {
        "drums": drums(kick="0 2/3:0.6", snare="1", ride=_THIRDS),
        "bass": hits("0 2/3:0.6 1:0.8"),
        "chords": hits(_THIRDS),
    },
    "barcarole": {"bass": hits("0"), "chords": hits("1/3 2/3 1+1/3 1+2/3"), "melody": 0.3},
    "reel": {
        "drums": drums(kick="0 1:0.8", shaker=_THIRDS),
        "bass": hits("0 1"),
        "chords": hits("0"),
        "melody": 0.9,
        "grid": 3,
    },
    "hymn": {"bass": hits("0 1"), "chords": hits("0 2/3:0.7 1 1+2/3:0.7"), "pad": True},
}

OTHERS: list[Piece] = [
    replace(piece, seed=piece.seed + 5000, lead=0.15)
    for piece in [
        *_named(
            "4/4",
            FOUR_OTHER,
            [
                ("trap", 70, {}),
                ("piano", 66, {}),
                ("funk", 92, {"silent": (6, 9)}),
                ("one-drop", 80, {}),
                ("disco", 124, {"drift": 0.01}),
                ("shuffle", 116, {}),
                ("picked", 138, {}),
                ("jungle", 165, {}),
                ("march", 178, {}),
            ],
        ),
        *_named(
            "3/4",
            THREE_OTHER,
            [
                ("guitar", 70, {}),
                ("soul", 62, {}),
                ("country", 88, {"silent": (5, 9)}),
                ("minuet", 124, {}),
                ("country", 128, {"drift": 0.02}),
                ("brushes", 140, {}),
                ("minuet", 160, {}),
                ("country", 184, {}),
                ("guitar", 170, {"drift": 0.03}),
            ],
        ),
        *_named(
            "6/8",
            SIX_OTHER,
            [
                ("doo-wop", 56, {}),
                ("barcarole", 48, {}),
                ("hymn", 62, {"drift": 0.02}),
                ("doo-wop", 72, {}),
                ("barcarole", 76, {}),
                ("reel", 96, {}),
                ("reel", 112, {"drift": 0.02}),
                ("hymn", 108, {}),
                ("doo-wop", 120, {"silent": (5, 9)}),
            ],
        ),
    ]
]

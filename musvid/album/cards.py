"""What is shown of each song of an album, on its page and on its contact sheet."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .. import _tags
from ..estimate import spoken
from ..frame import Frame
from .songs import Entry, shown

# "01 Intro", "1. Intro" and "1 - Intro", but not "99 Balloons".
_NUMBER = re.compile(r"^(?:0\d{1,2}[\s._-]+|\d{1,3}(?:\s*-\s+|\.\s+))(?=\S)")


@dataclass(frozen=True)
class Card:
    """A song as it is shown.

    number: from 1. title: of the song. video: the file, or None where there is none (yet).
    seconds: of the part that is rendered, or 0. picture: of a good moment, its longer side at most
    `PICTURE` pixels. error: why the song could not be rendered, or "".
    """

    number: int
    title: str
    video: Path | None = None
    seconds: float = 0.0
    picture: Frame | None = None
    error: str = ""


PICTURE = 720
"""Pixels of the longer side of a card's picture, at most."""


def title(entry: Entry) -> str:
    """A song's name: that of its tags, or else of its file, without the number before it."""
    named = re.sub(r"[_\s]+", " ", shown(entry.path.stem)).strip()
    return _tags.read(entry.path).title or _NUMBER.sub("", named) or named or shown(entry.path.name)


def clock(seconds: float) -> str:
    """A length as players show it: ``3:07``, ``1:02:30``."""
    whole = max(1, round(seconds))
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def told(cards: Sequence[Card]) -> str:
    """How many songs there are, and how long they take: ``12 songs · 43 min``."""
    there = [card for card in cards if card.video]
    count = f"{len(there)} song{'' if len(there) == 1 else 's'}"
    if len(there) < len(cards):
        count = f"{len(there)} of {len(cards)} songs"
    seconds = sum(card.seconds for card in there)
    return f"{count} · {spoken(seconds)}" if there else count

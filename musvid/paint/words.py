"""The words that `sketch` is trained on: styles, colours, modifiers.

A prompt is read word by word; what is not in these tables changes nothing, and `unknown` says so.
The first colour named is the main one, the second the other; a style without a colour comes in its
own, and a prompt without a style is a nebula.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from itertools import zip_longest

from .._validate import LONGEST

STYLES: dict[str, tuple[str, ...]] = {
    "nebula": ("galaxy", "cosmos"),
    "stained glass": ("cathedral window", "glass mosaic"),
    "ink in water": ("ink", "smoke"),
    "neon circuitry": ("circuit board", "neon circuits"),
    "aurora": ("northern lights", "polar lights"),
    "coral": ("coral reef", "reef"),
    "crystal": ("crystals", "gemstone"),
    "flames": ("fire", "blaze"),
    "marble": ("veined stone", "agate"),
    "flower petals": ("flowers", "blossoms"),
}
"""Each style, and other words for it."""

COLOURS: dict[str, tuple[str, ...]] = {
    "crimson": ("red", "scarlet"),
    "orange": ("tangerine",),
    "gold": ("golden", "yellow"),
    "lime": ("chartreuse",),
    "emerald": ("green",),
    "teal": ("turquoise",),
    "cyan": ("aqua", "azure"),
    "blue": ("sapphire",),
    "violet": ("purple",),
    "magenta": ("fuchsia",),
    "pink": ("rose",),
    "silver": ("white", "grey"),
}
"""Each colour, and other words for it."""

MODIFIERS: dict[str, tuple[str, ...]] = {
    "glowing": ("luminous", "radiant"),
    "dark": ("moody", "night"),
    "bright": ("vivid",),
    "dense": ("intricate", "detailed"),
    "sparse": ("minimal",),
    "soft": ("dreamy", "blurred"),
    "sharp": ("crisp",),
}
"""Words that change how any style is painted, and other words for them."""

RGB: dict[str, tuple[float, float, float]] = {
    "crimson": (0.86, 0.07, 0.18),
    "orange": (1.0, 0.42, 0.05),
    "gold": (1.0, 0.78, 0.22),
    "lime": (0.66, 0.98, 0.12),
    "emerald": (0.08, 0.8, 0.36),
    "teal": (0.02, 0.68, 0.56),
    "cyan": (0.25, 0.8, 1.0),
    "blue": (0.12, 0.32, 1.0),
    "violet": (0.55, 0.2, 0.95),
    "magenta": (0.95, 0.1, 0.8),
    "pink": (1.0, 0.42, 0.7),
    "silver": (0.8, 0.85, 0.92),
}
"""What the colours are: red, green and blue from 0 to 1."""

OWN_COLOURS: dict[str, tuple[str, str]] = {
    "nebula": ("violet", "pink"),
    "stained glass": ("blue", "gold"),
    "ink in water": ("blue", "violet"),
    "neon circuitry": ("cyan", "magenta"),
    "aurora": ("emerald", "violet"),
    "coral": ("pink", "orange"),
    "crystal": ("cyan", "silver"),
    "flames": ("orange", "gold"),
    "marble": ("silver", "gold"),
    "flower petals": ("pink", "crimson"),
}
"""The main and second colour of a style when the prompt names none."""

UNSPOKEN = "nebula"
"""The style when the prompt names none."""

_COMMON = frozenset(("a", "an", "and", "at", "by", "for", "in", "of", "on", "the", "to", "with"))
"""Words that mean nothing, and are not told as unknown."""


def vocabulary(
    *tables: Mapping[str, Iterable[str]],
) -> list[str]:
    """Every word of some tables, by default those that mean something to `sketch`, sorted: lower
    case, without spaces."""
    tables = tables or (STYLES, COLOURS, MODIFIERS)
    phrases = [phrase for table in tables for name in table for phrase in (name, *table[name])]
    return sorted({word for phrase in phrases for word in phrase.split()} - _COMMON)


def unknown(prompt: str, vocabulary: Iterable[str]) -> list[str]:
    """The words of a prompt that are not in a vocabulary, each once, in their order.

    Words such as "and" and "the" are not counted.
    """
    known = _COMMON.union(vocabulary)
    words = re.findall(r"[^\W_]+", prompt.lower())
    return list(dict.fromkeys(word for word in words if word not in known))


def shows(styles: Iterable[str], prompt: str) -> bool:
    """Whether a prompt names one of some styles, by any word for it."""
    said = set(re.findall(r"[a-z]+", prompt.lower()))
    phrases = (phrase for style in styles for phrase in (style, *STYLES[style]))
    return any(said.issuperset(phrase.split()) for phrase in phrases)


def nearest(word: str, vocabulary: Iterable[str]) -> str | None:
    """The word of a vocabulary that is spelled most like another, or None where none is."""
    return next(iter(difflib.get_close_matches(word, vocabulary, 1, 0.7)), None)


def unread(prompt: str, reads: int, vocabulary: Iterable[str] | None = None) -> str:
    """The end of a prompt that a model does not read, or "".

    reads: how many words it reads. vocabulary: all the words that it knows, of which alone it
        counts; or None for a model that reads free text, of which every word, digit and sign counts
        as one. Such a model may cut a rare word into several, and then reads less than said here.
    """
    if vocabulary is None:
        pieces = list(re.finditer(r"[^\W\d_]+|\d|_|[^\w\s]+", prompt))
    else:
        known = set(vocabulary)
        prompt = unicodedata.normalize("NFKC", prompt).lower()
        pieces = [word for word in re.finditer(r"[a-z0-9]+", prompt) if word[0] in known]
    return prompt[pieces[reads].start() :] if len(pieces) > reads else ""


def held(prompt: str) -> list[str]:
    """The styles, colours and modifiers that a prompt names, by any word for them, each once.

    Of prompts along time, those of the last one, which `toggle` changes.
    """
    if len(prompt) > LONGEST:
        return []
    named = {_meaning(part) for part in _phrases(prompt.rpartition("|")[2])}
    return [name for table in (STYLES, COLOURS, MODIFIERS) for name in table if name in named]


def toggle(prompt: str, word: str) -> str:
    """The prompt with a style, colour or modifier added, or removed if it was there, by any word
    for it.

    A new style replaces the one that was there, and a third colour the second one. Of prompts along
    time, the last one is changed. A text that is too long for a prompt stays as it is.
    """
    if len(prompt) > LONGEST:
        return prompt
    before, bar, last = prompt.rpartition("|")
    if bar:
        return f"{before}| {toggle(last, word)}"
    parts = _phrases(prompt)
    means = [_meaning(part) for part in parts]
    colours = [place for place, name in enumerate(means) if name in COLOURS]
    if word in means:
        parts = _without(parts, [place for place, name in enumerate(means) if name == word])
    elif word in STYLES:
        parts = _without(parts, [place for place, name in enumerate(means) if name in STYLES])
        parts.append(word)
    elif word in COLOURS and len(colours) > 1:
        before, _, behind = _marked(parts[colours[1]])
        parts[colours[1]] = before + word + behind
        parts = _without(parts, colours[2:])
    else:  # before the style, as one speaks
        place = next((i for i, name in enumerate(means) if name in STYLES), len(parts))
        parts.insert(place, word)
    # "and" joins two colours.
    text = [
        f"{part} and" if _meaning(part) in COLOURS and _meaning(after) in COLOURS else part
        for part, after in zip_longest(parts, parts[1:], fillvalue="")
    ]
    return " ".join(text)


def recoloured(prompt: str, colours: str) -> str:
    """The prompt in other colours, such as "bright crimson and gold"; the rest of it stays."""
    light = {name: MODIFIERS[name] for name in ("dark", "bright")}
    tables = (COLOURS, light)
    named = {word for table in tables for name in table for word in (name, *table[name])}
    parts = _phrases(prompt.lower())
    dropped = [place for place, part in enumerate(parts) if _marked(part)[1] in named]
    return " ".join((colours, *_without(parts, dropped)))


def _phrases(prompt: str) -> list[str]:
    """The words of a prompt, those of a style together, without those between colours."""
    found = _PHRASE.findall(prompt)
    return [word for word in found if word.lower() not in ("and", "of", "a", "the", "with")]


def _meaning(phrase: str) -> str | None:
    """The style, colour or modifier that a phrase is a word for."""
    return _MEANINGS.get(_marked(phrase)[1].lower())


def _marked(phrase: str) -> tuple[str, str, str]:
    """A phrase between the signs of its weight, see `musvid.paint.emphasis`."""
    found = _MARKS.fullmatch(phrase)
    return (found[1], found[2], found[3]) if found else ("", phrase, "")


def _without(parts: list[str], dropped: Iterable[int]) -> list[str]:
    """Phrases without some; of their brackets, those whose other half stays go to a neighbour."""
    kept: list[str] = []
    opening, away = "", set(dropped)
    for place, part in enumerate(parts):
        if place not in away:
            kept.append(opening + part)
            opening = ""
            continue
        before, _, behind = _marked(part)
        opening += before
        closing = _CLOSING.findall(behind)
        pairs = min(len(opening), len(closing))
        opening = opening[: len(opening) - pairs]
        if kept:
            kept[-1] += "".join(closing[pairs:])
    return kept


_MEANINGS = {
    phrase: name
    for table in (STYLES, COLOURS, MODIFIERS)
    for name in table
    for phrase in (name, *table[name])
}
_PHRASE = re.compile(
    r"(?:[(\[]*"
    rf"\b(?:{'|'.join(map(re.escape, sorted(_MEANINGS, key=len, reverse=True)))})\b"
    r"(?::[+-]?[\d.]+\))?[)\]]*)|[^\s,]+",
    re.IGNORECASE,
)
_CLOSING = re.compile(r"(?::[^)]*)?[)\]]")
_MARKS = re.compile(r"([(\[]*)(.*?)((?::[+-]?[\d.]+\))?[)\]]*)", re.DOTALL)

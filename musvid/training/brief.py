"""What a picture shows, in the words that `sketch` learns: styles, colours, modifiers, captions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import torch
from torch import Tensor

from .art import COLOURS, MODIFIERS, STYLES

STYLE_WORDS: dict[str, tuple[str, ...]] = {
    "nebula": ("nebula", "galaxy", "cosmos"),
    "stained glass": ("stained glass", "cathedral window", "glass mosaic"),
    "ink in water": ("ink in water", "ink", "smoke"),
    "neon circuitry": ("neon circuitry", "circuit board", "neon circuits"),
    "aurora": ("aurora", "northern lights", "polar lights"),
    "coral": ("coral", "coral reef"),
    "crystal": ("crystal", "crystals", "gemstone"),
    "flames": ("flames", "fire", "blaze"),
    "marble": ("marble", "veined stone"),
    "flower petals": ("flower petals", "flowers", "blossoms"),
}
"""Each style's name, and other words for it."""

COLOUR_WORDS: dict[str, tuple[str, ...]] = {
    "crimson": ("crimson", "red", "scarlet"),
    "gold": ("gold", "golden", "yellow"),
    "teal": ("teal", "turquoise"),
    "violet": ("violet", "purple"),
    "blue": ("blue", "azure"),
    "emerald": ("emerald", "green"),
    "orange": ("orange", "tangerine"),
    "pink": ("pink", "rose"),
    "cyan": ("cyan", "aqua"),
    "magenta": ("magenta", "fuchsia"),
    "silver": ("silver", "white", "grey"),
    "amber": ("amber", "honey"),
}
"""Each colour's name, and other words for it."""

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
"""The colours of a style when the caption names none."""

# Modifiers that contradict each other never stand together.
_OPPOSITES = ({"dark", "bright"}, {"dark", "glowing"}, {"dense", "sparse"}, {"soft", "sharp"})

# Words without a meaning, so that free prompts lose nothing but themselves. The last two are not
# in the vocabulary: they teach what an unknown word is.
_FILLERS = ("a", "the", "of", "with", "beautiful", "painting", "art", "detailed", "zzz", "qqq")


@dataclass(frozen=True)
class Brief:
    """What a picture shows.

    style: a name from `art.STYLES`. colours: main and second colour, names from `art.COLOURS`,
    equal for a picture in one colour, or None for the style's own. modifiers: from
    `art.MODIFIERS`.
    """

    style: str
    colours: tuple[str, str] | None = None
    modifiers: tuple[str, ...] = ()

    @classmethod
    def random(cls, random: Random, style: str | None = None) -> Brief:
        """A brief in a given or any style: one colour, two or none, and up to two modifiers."""
        style = style or random.choice(list(STYLES))
        names = list(COLOURS)
        kind = random.random()
        colours: tuple[str, str] | None = None
        if kind > 0.45:
            colours = (random.choice(names), random.choice(names))
        elif kind > 0.12:
            colours = (random.choice(names),) * 2
        wanted = random.sample(MODIFIERS, random.choice((0, 0, 0, 1, 1, 2)))
        if any(pair <= set(wanted) for pair in _OPPOSITES):
            wanted = wanted[:1]
        return cls(style, colours, tuple(sorted(wanted)))

    def rgb(self) -> Tensor:
        """The two colours, float (2, 3), as `art.draw` takes them."""
        return torch.tensor([COLOURS[name] for name in self.colours or OWN_COLOURS[self.style]])

    def caption(self, random: Random) -> str:
        """A caption for this brief, worded by chance: synonyms, order, words that mean nothing."""
        style = _word(STYLE_WORDS[self.style], random)
        words = list(self.modifiers)
        random.shuffle(words)
        hue = ""
        if self.colours:
            first, second = (_word(COLOUR_WORDS[name], random) for name in self.colours)
            hue = first if self.colours[0] == self.colours[1] else f"{first} and {second}"
        if hue and random.random() < 0.15:
            text = " ".join([*words, style, "in", hue])
        else:
            text = " ".join([*words, *([hue] if hue else []), style])
        if random.random() < 0.25:
            text = f"{random.choice(_FILLERS)} {text}"
        if random.random() < 0.15:
            text = f"{text} {random.choice(_FILLERS)}"
        return text


def _word(words: Sequence[str], random: Random) -> str:
    """Mostly the name itself, sometimes another word for it."""
    return words[0] if random.random() < 0.6 else random.choice(words)


def vocabulary() -> list[str]:
    """Every word that a caption can hold and that means something or is common, sorted."""
    texts = [
        *(word for words in STYLE_WORDS.values() for word in words),
        *(word for words in COLOUR_WORDS.values() for word in words),
        *MODIFIERS,
        *_FILLERS[:-2],
        "and in",
    ]
    return sorted({word for text in texts for word in text.split()})

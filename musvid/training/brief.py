"""What a picture shows, and captions that say so in the words of `musvid.training.lexicon`."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import torch
from torch import Tensor

from .lexicon import COLOURS, MODIFIERS, OWN_COLOURS, RGB, SIZES, STYLES, UNSPOKEN

# Modifiers that contradict each other never stand together.
_OPPOSITES = (
    {"dark", "bright"},
    {"dark", "glowing"},
    {"dense", "sparse"},
    {"soft", "sharp"},
    {"large", "fine"},
    {"large", "dense"},
    {"fine", "sparse"},
)


@dataclass(frozen=True)
class Brief:
    """What a picture shows.

    style: a name from `lexicon.STYLES`. colours: main and second colour, names from
    `lexicon.COLOURS`, equal for a picture in one colour, or None for the style's own. modifiers:
    from `lexicon.MODIFIERS`. size: a word from `lexicon.SIZES`, or "".
    """

    style: str
    colours: tuple[str, str] | None = None
    modifiers: tuple[str, ...] = ()
    size: str = ""

    @classmethod
    def random(cls, random: Random, style: str | None = None) -> Brief:
        """A brief in a given or any style: one colour, two or none, and up to two modifiers."""
        style = style or random.choice(list(STYLES))
        names = list(COLOURS)
        kind = random.random()
        colours: tuple[str, str] | None = None
        if kind > 0.6:
            colours = (random.choice(names), random.choice(names))
        elif kind > 0.27:
            colours = (random.choice(names),) * 2
        wanted = random.sample(list(MODIFIERS), random.choice((0, 0, 0, 1, 1, 2)))
        if any(pair <= set(wanted) for pair in _OPPOSITES):
            wanted = wanted[:1]
        return cls(style, colours, tuple(sorted(wanted)), random.choice(("", *SIZES)))

    @property
    def scale(self) -> float:
        """How large shapes are, as `art.draw` takes it."""
        return SIZES[self.size][1] if self.size else 1.0

    def rgb(self) -> Tensor:
        """The two colours, float (2, 3), as `art.draw` takes them."""
        return torch.tensor([RGB[name] for name in self.colours or OWN_COLOURS[self.style]])

    def caption(self, random: Random) -> str:
        """A caption for this brief, worded by chance: synonyms and order.

        The main colour is named before the second. What goes without saying is sometimes left
        out, so that the shortest caption of all is empty.
        """
        silent = self.style == UNSPOKEN and random.random() < 0.35
        words = [] if silent else [_word(STYLES, self.style, random)]
        if self.colours:
            first, second = (_word(COLOURS, name, random) for name in self.colours)
            alone = self.colours[0] == self.colours[1]
            hues = [first] if alone else [f"{first} and {second}"]
            if not alone and random.random() < 0.3:
                hues = [first, second]
            words.insert(random.choice((0, 0, len(words))), hues[0])
            words += hues[1:]
        for modifier in random.sample(self.modifiers, len(self.modifiers)):
            words.insert(random.choice((0, 0, len(words))), _word(MODIFIERS, modifier, random))
        return " ".join([self.size, *words] if self.size else words)


def _word(table: dict[str, tuple[str, ...]], name: str, random: Random) -> str:
    """Mostly the name itself, sometimes another word for it."""
    return name if random.random() < 0.6 else random.choice((name, *table[name]))

"""Letters as they are shown, and what shows them: texts of a stranger made harmless."""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

FONTS = Path(__file__).parent / "fonts"
"""The folder of the fonts that ship, see its README."""

BOLD, PLAIN = "Musvid SemiBold", "Musvid Medium"
"""Their names, as a script has them."""

EM = 0.827
"""Of a font's size, as a script has it, what is its em: the rest is room above and below."""

# Scripts that the fonts that ship were cut to.
_COVERED = (
    *((0x20, 0x148), (0x14A, 0x1C3), (0x1C5, 0x24F), (0x370, 0x3E1)),
    *(
        (0x400, 0x49D),
        (0x4A0, 0x4FF),
        (0x1E00, 0x1EFF),
        (0x200B, 0x200F),
        (0x2010, 0x2027),
        (0x20AC, 0x20AC),
    ),
)

# What joins letters or says in which direction they go; other marks could turn a line around.
_KEPT = "\u200c\u200d\u200e\u200f"
_MARKS = 3  # accents on one letter; hundreds of them would be drawn all over the picture


def clean(text: str, longest: int) -> str:
    """One line of letters that can be shown: what controls a terminal or the direction of text is
    left out, white space is one space, and a long text is cut.

    longest: letters of it at most, the dots at a cut among them.
    """
    kept: list[str] = []
    marks = 0
    for letter in unicodedata.normalize("NFC", text[: 8 * longest]):
        kind = unicodedata.category(letter)
        marks = marks + 1 if kind in ("Mn", "Me") else 0
        if kind.startswith("Z") or letter in "\t\n\r\v\f\x85":
            kept.append(" ")
        elif letter in _KEPT or (kind[0] != "C" and marks <= _MARKS):
            kept.append(letter)
    made = " ".join("".join(kept).split())
    return made if len(made) <= longest else f"{made[: longest - 1].rstrip()}…"


def escaped(text: str) -> str:
    """A text of `clean` as the text of a script's event, in which nothing is a command.

    A brace has a backslash before it. Of a backslash itself, ``\\N``, ``\\n``, ``\\h`` and ``\\{``
    would be commands, and nothing is known that takes its meaning; so a letter without width stands
    behind it.
    """
    return text.replace("\\", "\\\u200b").replace("{", "\\{").replace("}", "\\}")


def covered(letter: str) -> bool:
    """Whether the fonts that ship are sure to have a letter."""
    return any(low <= ord(letter) <= high for low, high in _COVERED)


def width(text: str, font: str, em: float) -> float:
    """About how wide a text is, in pixels, of so many pixels an em."""
    known = "".join(letter for letter in text if covered(letter))
    # Letters of other fonts, as those of Chinese, are an em wide at most.
    return (float(_measure(font).getlength(known)) / 100 + len(text) - len(known)) * em


@cache
def _measure(font: str) -> Any:
    from PIL import ImageFont

    path = FONTS / f"{font.replace(' ', '-')}.otf"
    return ImageFont.truetype(str(path), 100, layout_engine=ImageFont.Layout.BASIC)

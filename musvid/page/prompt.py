"""What a model makes of a prompt, in plain words, for the place right under it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from html import escape

from ..errors import listed
from ..paint import models, prompts, words
from ..paint.style import Style

FREE = "For free text choose another model, under Seed and model."
TIMES = (
    "That is one prompt; for one after the other, begin each with its time, as in "
    "0:00 nebula | 0:08 crystal."
)


def note(style: Style) -> str:
    """Sentences on what a model does not read of a prompt, and what it paints instead; HTML.

    Raises SettingsError for an unknown model, and for prompts along time that are none.
    """
    text, said = style.prompt or "", style.remarks()
    known = models.find(style.model).vocabulary
    if ignored := style.ignored():
        said = said[1:]  # the same for a command line
    if known is not None and (
        told := [*(_spelled(each, known) for each in ignored), *_signs(text)]
    ):
        said.insert(0, _skips(text, told, known))
    if "|" in text and len(prompts.parse(text)) == 1:
        said.append(TIMES)
    lines = "".join(f"<p>{escape(each)}</p>" for each in said)
    return f'<div class="prompt-note" role="status">{lines}</div>' if said else ""


def _skips(text: str, skipped: list[str], known: Iterable[str]) -> str:
    """What a model that knows a few words does not know."""
    told = f"The built-in painter knows only the words below; it skips: {listed(skipped)}."
    if words.unknown(text, []) == words.unknown(text, known):  # it knows no word at all
        own = " and ".join(words.OWN_COLOURS[words.UNSPOKEN])
        told += f" That is all of them: it paints a {own} {words.UNSPOKEN} instead."
    return f"{told} {FREE}"


def _spelled(word: str, known: Iterable[str]) -> str:
    """A word with the one that may have been meant."""
    near = words.nearest(word, known)
    return f"{word} (did you mean {near}?)" if near else word


def _signs(text: str) -> list[str]:
    """Emoji and other pictures in a text, each once."""
    found = re.findall(r"[^\w\s]", text)
    return list(dict.fromkeys(sign for sign in found if unicodedata.category(sign) == "So"))

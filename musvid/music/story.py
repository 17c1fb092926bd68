"""A story: what each part of a song looks like, as text.

One entry for each letter of the song's form (`musvid.music.form`): a prompt, then settings, each of
which may be left out and is then the recipe's own::

    A: violet nebula; view tunnel; speed x0.5; strength 0.6 | B: crimson flames; view mandala

`musvid.music.telling` says what that makes of each moment.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from functools import lru_cache

from .. import _validate
from ..errors import SettingsError, quoted
from ..paint import emphasis
from ..ranges import RANGES
from ..spectrum.palettes import PALETTES
from ..view.settings import KINDS

OFF, AUTO = "off", "auto"
"""One look for the whole song; a story that is made from the song."""

EXAMPLE = "A: violet nebula; speed 30 | B: crimson flames; view mandala; speed 120"

OWN_COLOURS = "article"
"""The palette that is no table, and cannot be mixed with others."""

_ENTRY = re.compile(r"([A-Za-z])\s*:\s*(.*)", re.ASCII | re.DOTALL)


@dataclass(frozen=True)
class Speed:
    """How fast texture drifts.

    value: pixels of the painted size a second; or, if it is relative, a factor of the drift's own
    speed.
    """

    value: float
    relative: bool = False

    def __post_init__(self) -> None:
        name = "story.factor" if self.relative else "drift.speed"
        RANGES[name].check("The speed of a story", self.value)

    def of(self, own: float) -> float:
        """Pixels a second, where the drift's own speed is so many."""
        return self.value * own if self.relative else self.value

    def __str__(self) -> str:
        return f"x{self.value:g}" if self.relative else f"{self.value:g}"


@dataclass(frozen=True)
class Entry:
    """What a part looks like. None is what the recipe has.

    prompt: what to paint. view: a name from `musvid.view.settings.KINDS`. palette: a name from
    `musvid.PALETTES`, but for "article". speed: of the drift. strength: 0 to 1.
    """

    prompt: str | None = None
    view: str | None = None
    palette: str | None = None
    speed: Speed | None = None
    strength: float | None = None

    def __post_init__(self) -> None:
        if self.view is not None:
            _validate.choice("The view of a story", self.view, KINDS)
        if self.palette is not None:
            known = [name for name in PALETTES if name != OWN_COLOURS]
            _validate.choice("The palette of a story", self.palette, known)
        if self.strength is not None:
            RANGES["style.strength"].check("The strength of a story", self.strength)

    def __str__(self) -> str:
        values = ((name, getattr(self, name)) for name in _KEYS)
        said = (
            f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
            for name, value in values
            if value is not None
        )
        return "; ".join((*filter(None, [self.prompt]), *said))


_KEYS = tuple(entry.name for entry in fields(Entry))[1:]


@dataclass(frozen=True)
class Story:
    """What the parts of a song look like: pairs of a letter, A to Z, and its entry.

    Letters without an entry look as the recipe says.
    """

    entries: tuple[tuple[str, Entry], ...]

    @classmethod
    def parse(cls, text: str) -> Story:
        """The story of a text, see the module. Raises SettingsError when it is none."""
        _validate.text("story", text)
        entries: dict[str, Entry] = {}
        for part in text.split("|"):
            found = _ENTRY.fullmatch(part.strip())
            if not found:
                raise SettingsError(
                    f"{quoted(part.strip())} is no part of a story; write a letter and what it "
                    f'looks like, as in "{EXAMPLE}".'
                )
            letter = found[1].upper()
            if letter in entries:
                raise SettingsError(f"A story says once what a part is; {letter} is there twice.")
            entries[letter] = _entry(letter, found[2])
        return cls(tuple(entries.items()))

    def of(self, letter: str) -> Entry:
        """What the parts of a letter look like."""
        return dict(self.entries).get(letter, Entry())

    @property
    def prompts(self) -> list[str]:
        """All prompts, each once, in the order of their letters."""
        return list(dict.fromkeys(entry.prompt for _, entry in self.entries if entry.prompt))

    @property
    def paints(self) -> bool:
        """Whether it raises the strength of any part above 0."""
        return any(entry.strength for _, entry in self.entries)

    @property
    def unseen(self) -> Story:
        """The same without views: what reaches a painting."""
        return Story(tuple((letter, replace(entry, view=None)) for letter, entry in self.entries))

    def __str__(self) -> str:
        return " | ".join(f"{letter}: {entry}".rstrip() for letter, entry in self.entries)


def _entry(letter: str, text: str) -> Entry:
    """The entry of a text without its letter."""
    given: dict[str, object] = {}
    for number, part in enumerate(text.split(";")):
        words = part.split()
        if words and words[0].lower() in _KEYS and (number or len(words) == 2):
            key = words[0].lower()
            if key in given:
                raise SettingsError(f"Part {letter} of the story has two kinds of {key}; keep one.")
            given[key] = _value(key, " ".join(words[1:]))
        elif not number:
            emphasis.parse(part)
            given |= {"prompt": " ".join(words)} if words else {}
        elif words:
            raise SettingsError(
                f"{quoted(part.strip())} says nothing of part {letter}; behind its prompt a part "
                f"of a story has {', '.join(_KEYS)}, each followed by its value."
            )
    return Entry(**given)  # type: ignore[arg-type]


def _value(key: str, text: str) -> str | float | Speed:
    if key in ("view", "palette"):
        return text.lower()
    relative = key == "speed" and text[:1].lower() == "x"
    number = _validate.fraction(text[1:] if relative else text)
    if number is None:
        wanted = "a number such as 120, or a factor such as x2" if key == "speed" else "a number"
        raise SettingsError(f"The {key} of a story must be {wanted}, not {quoted(text)}.")
    return Speed(float(number), relative) if key == "speed" else float(number)


@lru_cache(maxsize=64)
def of(text: str) -> Story | None:
    """The story of a setting; None where it is "off" or "auto", and so not written yet."""
    return None if text in (OFF, AUTO) else Story.parse(text)


def check(text: object) -> str:
    """A setting of this kind, in one way of writing: "off", "auto", or the text of a story.

    Raises SettingsError when it is none of them.
    """
    _validate.text("story", text)
    assert isinstance(text, str)
    plain = text.strip().lower() or OFF
    return plain if plain in (OFF, AUTO) else str(Story.parse(text))

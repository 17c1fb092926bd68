"""What whoever starts the page allows its visitors."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import SettingsError, quoted
from ..paint import models
from ..recipe import Recipe
from ..song import Song

_PUBLIC_SECONDS = 60.0
_PUBLIC_SIDE = 768
_PUBLIC_SONG = 180.0


@dataclass(frozen=True)
class Limits:
    """Limits of a page.

    any_model: whether a hub id, folder or file may be typed in, rather than a model of the table
        chosen; and whether a video may be made with such a model.
    seconds: the longest clip. side: the largest side of a painting in pixels. upload: megabytes of
        a song. song: minutes that a whole song may last, of which a clip is a part. queue: renders
        and paintings that may wait. keep: minutes until what was shown to a visitor is deleted.
    """

    any_model: bool = True
    seconds: float | None = None
    side: int | None = None
    upload: int = 500
    queue: int = 20
    keep: float = 24 * 60
    song: float | None = None

    @classmethod
    def of(cls, *, public: bool, environment: Mapping[str, str] | None = None) -> Limits:
        """Those that the environment asks for: MUSVID_MAX_SECONDS, MUSVID_MAX_SIDE,
        MUSVID_MAX_UPLOAD_MB, MUSVID_MAX_SONG_MINUTES, MUSVID_MAX_QUEUE, MUSVID_KEEP_MINUTES and
        MUSVID_ANY_MODEL (0 or 1).

        public: whether anybody can come, which has stricter defaults.

        Raises SettingsError when one of them is not a number above 0.
        """
        given = os.environ if environment is None else environment

        def number(name: str, otherwise: float | None) -> float | None:
            text = given.get(name, "").strip()
            if not text:
                return otherwise
            try:
                value = float(text)
            except ValueError:
                value = 0
            if not 0 < value < 1e9:
                raise SettingsError(f"{name} must be a number above 0, not {quoted(text)}.")
            return value

        any_model = given.get("MUSVID_ANY_MODEL", "").strip()
        if any_model not in ("", "0", "1"):
            raise SettingsError(f"MUSVID_ANY_MODEL must be 0 or 1, not {quoted(any_model)}.")
        side = number("MUSVID_MAX_SIDE", _PUBLIC_SIDE if public else None)
        return cls(
            any_model=any_model == "1" if any_model else not public,
            seconds=number("MUSVID_MAX_SECONDS", _PUBLIC_SECONDS if public else None),
            side=None if side is None else int(side),
            upload=int(number("MUSVID_MAX_UPLOAD_MB", 100 if public else 500) or 1),
            song=number("MUSVID_MAX_SONG_MINUTES", _PUBLIC_SONG if public else None),
            queue=int(number("MUSVID_MAX_QUEUE", 20) or 1),
            keep=number("MUSVID_KEEP_MINUTES", 24 * 60) or 1,
        )

    def check(self, recipe: Recipe, song: Song | None = None, *, renders: int = 1) -> None:
        """Raises SettingsError when a recipe, or the render of a song's part, exceeds the limits.

        renders: how often the part is rendered; the longest clip is divided by it.
        """
        style = recipe.style
        if not self.any_model:
            if style.model not in models.TABLE:
                names = ", ".join(models.TABLE)
                raise SettingsError(f"Here the model must be one of {names}; choose one of them.")
            if not isinstance(style.tiny_autoencoder, bool):
                raise SettingsError(
                    "Here the tiny autoencoder must be the model's own; switch it on or off."
                )
        size = recipe.resolve().size
        assert size is not None
        if self.side and max(size) > self.side:
            raise SettingsError(
                f"Here a painting's sides are at most {self.side} pixels; choose a smaller size."
            )
        longest = self.seconds and self.seconds / renders
        if song and longest and song.duration > longest:
            often = f" that is rendered {renders} times" if renders > 1 else ""
            raise SettingsError(
                f"Here a clip{often} is at most {longest:g} s long; choose a shorter one."
            )

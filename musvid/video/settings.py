"""Settings read back: from a JSON file, or from a video that musvid made."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import SettingsError
from ..recipe import Recipe
from .file import read_settings


def load_settings(path: str | os.PathLike[str]) -> Recipe:
    """The settings in a JSON file, or in a video that musvid made.

    Raises SettingsError when there are none, or they are wrong.
    """
    path = Path(path)
    if not path.is_file():
        raise SettingsError(f"There is no settings file {path}; check its name and folder.")
    if path.suffix.lower() != ".json":
        return Recipe.from_json(read_settings(path))
    if path.stat().st_size > 1 << 20:
        raise SettingsError(f"{path.name} is too large to be a settings file.")
    try:
        return Recipe.from_json(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise SettingsError(f"{path.name} is not a JSON text.") from None

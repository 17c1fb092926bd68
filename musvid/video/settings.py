"""Settings read back: from a JSON file, or from a video that musvid made."""

from __future__ import annotations

import json
import os
from pathlib import Path

from ..errors import SettingsError, quoted
from ..recipe import Recipe
from .file import read_settings

_LARGEST = 1 << 20  # bytes of a settings file


def load_settings(path: str | os.PathLike[str], remarks: list[str] | None = None) -> Recipe:
    """The settings in a JSON file, or in a video that musvid made.

    remarks: to which is appended what is not taken; without it, that is logged.

    Raises SettingsError when there are none, or they are wrong.
    """
    path = Path(path)
    try:
        there = path.is_file()
    except OSError:  # a name that is longer than any file's
        there = False
    if not there:
        raise SettingsError(
            f"There is no settings file {quoted(str(path))}; check its name and folder."
        )
    if path.suffix.lower() != ".json":
        return Recipe.from_json(read_settings(path), remarks)
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as error:
        raise SettingsError(
            f"{quoted(path.name)} cannot be read ({error.strerror}); check its rights."
        ) from None
    if len(content) > _LARGEST:
        raise SettingsError(f"{quoted(path.name)} is too large to be a settings file.")
    try:
        # With or without a byte order mark; some editors and shells write UTF-16.
        text = content.decode(json.detect_encoding(content))
    except UnicodeDecodeError:
        raise SettingsError(f"{quoted(path.name)} is not a JSON text.") from None
    return Recipe.from_json(text, remarks)

"""Words that a model is taught by a file (textual inversion; Gal et al., arXiv 2208.01618)."""

from __future__ import annotations

from ..errors import SettingsError, quoted
from .loras import may_run

MOST = 16


def parse(text: str) -> tuple[str, ...]:
    """The files, folders and hub ids of a text, parted by ``|``, as `musvid.paint.loras` has them.

    Raises SettingsError for a file of another kind than .safetensors, and for too many.
    """
    found = tuple(dict.fromkeys(part.strip() for part in text.split("|") if part.strip()))
    if len(found) > MOST:
        raise SettingsError(
            f"There are at most {MOST} textual inversions at a time; leave some out."
        )
    for name in found:
        if may_run(name):
            raise SettingsError(
                f"The textual inversion {quoted(name)} is no .safetensors file; other files can "
                "carry programs, so convert it."
            )
    return found

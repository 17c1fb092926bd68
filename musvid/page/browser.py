"""What runs in the browser: the scripts and styles of ``static/``, each a file of one concern."""

from pathlib import Path

_FOLDER = Path(__file__).with_name("static")

FILM, FIRST = _FOLDER / "first.mp4", _FOLDER / "first.webp"
"""What is on the stage at first sight, and its first picture, made by ``examples/first.py``."""


def scripts() -> str:
    """All scripts, for the head of the page, in the order of their names."""
    found = (path.read_text(encoding="utf-8") for path in sorted(_FOLDER.glob("*.js")))
    return "\n".join(f"<script>\n{script}</script>" for script in found)


def styles() -> list[Path]:
    """All style sheets; ``page.css`` first, the others may change what it says."""
    return sorted(_FOLDER.glob("*.css"), key=lambda path: (path.stem != "page", path.name))


def style_picture(style: str) -> Path:
    """The small picture of a style, made by ``examples/chips.py``."""
    return _FOLDER / f"style-{style.replace(' ', '-')}.webp"

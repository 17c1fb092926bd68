"""What runs in the browser: the scripts and styles of ``static/``, each a file of one concern."""

import json
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).with_name("static")
_LANGUAGES = Path(__file__).with_name("languages")
_OWN = "English"  # the key whose translation is a language's own name

FILM, FIRST = _FOLDER / "first.mp4", _FOLDER / "first.webp"
"""What is on the stage at first sight, and its first picture, made by ``examples/first.py``."""


def scripts() -> str:
    """All scripts, for the head of the page, in the order of their names; before them, what they
    read: the page's texts in other languages."""
    found = (path.read_text(encoding="utf-8") for path in sorted(_FOLDER.glob("*.js")))
    texts = (
        f'<script type="application/json" data-language="{code}">{_inside(catalogue)}</script>'
        for code, catalogue in catalogues().items()
    )
    return "\n".join([*texts, *(f"<script>\n{script}</script>" for script in found)])


@cache
def catalogues() -> dict[str, dict[str, str]]:
    """The page's texts in other languages, by their codes: English texts and what they become,
    see ``languages/README.md``."""
    return {
        path.stem: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(_LANGUAGES.glob("*.json"))
    }


def languages() -> dict[str, str]:
    """The codes of the page's languages and their own names, English first."""
    return {"en": _OWN, **{code: texts[_OWN] for code, texts in catalogues().items()}}


def _inside(catalogue: dict[str, str]) -> str:
    """JSON that a script element can hold."""
    return json.dumps(catalogue, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def styles() -> list[Path]:
    """All style sheets; ``page.css`` first, the others may change what it says."""
    return sorted(_FOLDER.glob("*.css"), key=lambda path: (path.stem != "page", path.name))


def style_picture(style: str) -> Path:
    """The small picture of a style, made by ``examples/chips.py``."""
    return _FOLDER / f"style-{style.replace(' ', '-')}.webp"

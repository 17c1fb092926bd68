"""The page of an album: one HTML file without scripts, which any browser opens from any folder.

Its pictures are in it; the videos lie beside it and are not loaded before they are played.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote

import numpy as np

from ..frame import Frame
from .cards import Card, clock, told
from .stills import jpeg, scaled

NAME = "index.html"
_MARK = '<meta name="generator" content="musvid album">'

_ICON = (
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'><rect width='32' height='32' "
    "rx='8' fill='#171425'/><path d='M7 13v6m6-11v16m6-13v10m6-7v4' stroke='#a78bfa' "
    "stroke-width='3' stroke-linecap='round'/></svg>"
)
_BACKDROP, _LIGHTS = 24, 6  # pixels of a picture that is only seen blurred, and how many
_PLAYED = 640  # pixels of the longer side of the picture that a player shows first
_WIDE = 340, 260, 220  # pixels of a card with a wide, a square and an upright picture, at least

_STYLE = """
:root { color-scheme: dark; --ground: #0d0b16; --panel: #171425; --line: #2b2543; --ink: #f5f3ff;
  --faint: #a79fc0; --accent: #a78bfa; --wrong: #fda4af; }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
header { position: relative; overflow: hidden; isolation: isolate; }
header::after { content: ""; position: absolute; inset: 0; z-index: -1;
  background: linear-gradient(#0d0b1673, #0d0b16d9 60%, var(--ground)); }
.backdrop { position: absolute; inset: -60px; z-index: -2; width: calc(100% + 120px);
  height: calc(100% + 120px); object-fit: cover; filter: blur(36px) saturate(1.3); }
.wide { max-width: 1480px; margin: 0 auto; padding: 0 clamp(16px, 4vw, 56px); }
header .wide { padding-top: clamp(48px, 9vw, 112px); padding-bottom: clamp(28px, 4vw, 48px); }
h1 { margin: 0; font-size: clamp(2rem, 5.6vw, 4.25rem); line-height: 1.08; font-weight: 750;
  letter-spacing: -.02em; overflow-wrap: anywhere; text-wrap: balance; }
header p { margin: 18px 0 0; color: #d6d0e6; display: flex; flex-wrap: wrap; gap: 6px 20px; }
a { color: var(--ink); text-underline-offset: 4px; text-decoration-color: var(--accent); }
a:hover { color: var(--accent); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 3px; border-radius: 4px; }
ol.wide { list-style: none; padding-top: 12px; padding-bottom: 64px; display: grid;
  gap: clamp(18px, 2vw, 28px);
  grid-template-columns: repeat(auto-fill, minmax(min(100%, var(--card)), 1fr)); }
li { display: flex; flex-direction: column; min-width: 0; overflow: hidden;
  background: var(--panel); border: 1px solid var(--line); border-radius: 14px; }
video { display: block; width: 100%; height: auto; background: #000; object-fit: contain; }
.name { display: grid; grid-template-columns: auto 1fr auto; gap: 0 12px; align-items: baseline;
  padding: 14px 18px 16px; }
h2 { margin: 0; font-size: 1.06rem; font-weight: 600; line-height: 1.35; overflow-wrap: anywhere; }
.number { color: var(--accent); font-weight: 700; font-variant-numeric: tabular-nums; }
.length { color: var(--faint); font-size: .9rem; font-variant-numeric: tabular-nums; }
.none { margin: 0; display: grid; place-content: center; flex: 1; min-height: 150px;
  padding: 24px 18px; text-align: center; color: var(--faint); background: #110e1d;
  overflow-wrap: anywhere; }
.wrong { color: var(--wrong); }
footer { padding: 20px 0 36px; border-top: 1px solid var(--line); color: var(--faint);
  font-size: .9rem; }
"""


def write(name: str, cards: Sequence[Card], sheet: str = "") -> bytes:
    """The page as HTML in UTF-8.

    name: of the album. cards: of its songs. sheet: the file of its contact sheet, beside it.
    """
    pictures = [card.picture for card in cards if card.picture is not None]
    light = f'<img class="backdrop" alt="" src="{_backdrop(pictures)}">' if pictures else ""
    link = f'<a href="{_beside(sheet)}">Contact sheet</a>' if sheet else ""
    songs = "\n".join(map(_card, cards))
    page = f"""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
{_MARK}
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="theme-color" content="#0d0b16">
<title>{_text(name)}</title>
<link rel="icon" href="data:image/svg+xml,{quote(_ICON)}">
<style>{_STYLE}</style>
</head>
<body>
<header>{light}
<div class="wide"><h1 dir="auto">{_text(name)}</h1>
<p><span>{_text(told(cards))}</span>{link}</p></div>
</header>
<main><ol class="wide" style="--card: {_least(pictures)}px">
{songs}
</ol></main>
<footer><div class="wide">Made with musvid.</div></footer>
</body>
</html>
"""
    return page.encode("utf-8", "replace")


def is_ours(path: Path) -> bool:
    """Whether a file is a page that `write` made."""
    try:
        with path.open("rb") as file:
            return _MARK.encode() in file.read(4096)
    except OSError:
        return False


def _card(card: Card) -> str:
    """A song: its player, or why there is none."""
    if card.video:
        shown = _player(card, card.video)
    elif card.error:
        shown = f'<p class="none wrong">{_text(card.error)}</p>'
    else:
        shown = '<p class="none">Not rendered yet; the same command goes on here.</p>'
    length = f'<span class="length">{clock(card.seconds)}</span>' if card.video else ""
    return (
        f'<li>{shown}<div class="name"><span class="number">{card.number}</span>'
        f'<h2 dir="auto">{_text(card.title)}</h2>{length}</div></li>'
    )


def _player(card: Card, video: Path) -> str:
    poster = ""
    if card.picture is not None:
        height, width = card.picture.shape[:2]
        scale = min(1.0, _PLAYED / max(width, height))
        fitted = scaled(card.picture, round(width * scale), round(height * scale))
        poster = f' poster="{_data(fitted, 82)}" style="aspect-ratio: {width} / {height}"'
    return (
        f'<video controls preload="none" playsinline{poster} src="{_beside(video.name)}" '
        f'aria-label="{_text(card.title)}"></video>'
    )


def _least(pictures: Sequence[Frame]) -> int:
    """Pixels that a card is wide, at least."""
    ratio = float(np.median([each.shape[0] / each.shape[1] for each in pictures] or [1]))
    return _WIDE[0] if ratio < 0.8 else _WIDE[2] if ratio > 1.25 else _WIDE[1]


def _backdrop(pictures: Sequence[Frame]) -> str:
    """Some of the pictures side by side, for what is only seen as light."""
    some = pictures[:: -(-len(pictures) // _LIGHTS)]
    row = [scaled(each, _BACKDROP, _BACKDROP) for each in some]
    return _data(np.hstack(row), 70)


def _data(picture: Frame, quality: int) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg(picture, quality)).decode()}"


def _beside(name: str) -> str:
    """The address of a file in the page's own folder."""
    return f"./{quote(os.fsencode(name))}"  # which a colon or a dash at its beginning does not end


def _text(text: str) -> str:
    """A text that says nothing but itself; what cannot be shown is a space."""
    return escape("".join(letter if letter.isprintable() else " " for letter in text))

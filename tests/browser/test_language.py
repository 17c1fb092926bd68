"""The page in the language of the browser."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from musvid import Lock
from musvid.page.browser import catalogues
from musvid.studio.limits import Limits

from .conftest import known
from .test_history import shows

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

# Names, the painter's vocabulary and values of settings, and what Gradio says itself.
STAYS = re.compile(
    r"musvid|px|loop|nocturne|auto|bpm|[\d\s/.,:×x%|hminsk()MGBT½−-]*|1/\d+T?|[ab] beat|"  # noqa: RUF001
    r"English|Deutsch|▼|◀|"
    # What Gradio says in German.
    r"- oder -|Datei hier ablegen|Hochladen|Löschen|Abspielen|Pause",
    re.IGNORECASE,
)
# What no German sentence has; the placeholders of a catalogue would hide it.
WORDS = re.compile(r"\b(the|of|and|is|are|with|for|to|you|your)\b")
# All texts that are seen or told, but for what a visitor wrote.
SEEN = """() => {
  const content = 'script, style, textarea, [translate=no], .chips button, .prompts, option, '
    + '#favourites, #history .tile, #strip .row, #grid .row, [role=listbox], footer, .toast-wrap, '
    + '#examples, [data-testid=status-tracker]';
  const found = new Set();
  const kinds = NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT;
  const all = document.createTreeWalker(document.body, kinds);
  for (let node = all.currentNode; node; node = all.nextNode()) {
    const element = node.nodeType === 3 ? node.parentElement : node;
    if (element.closest(content)) continue;
    if (!element.checkVisibility({ visibilityProperty: true })) continue;
    if (node.nodeType === 3) found.add(node.data.trim());
    else for (const name of ['aria-label', 'aria-valuetext', 'placeholder', 'alt'])
      found.add(element.getAttribute(name)?.trim() ?? '');
  }
  return [...found].filter(Boolean);
}"""
OPENED = """() => { for (const head of document.querySelectorAll('button.label-wrap'))
  if (!head.classList.contains('open')) head.click(); }"""


# Of what the page says seldom.
SAID = [
    Limits.of(public=True, environment={}).told,
    str(Lock(note="1/8", bpm=120.0, beat=0.5)),
    *"""
Choose a song first: upload one, or take an example.
song.mp3 is too short to hear a tempo in it.
song.doc holds no sound at all; choose a longer file.
song.mp3 is longer than 3 hours; cut it first.
Here a clip that is rendered 5 times is at most 12 s long; choose a shorter one.
Here a render may have 6 billion pixels in all frames of its video, and this one needs 12.3; \
choose a smaller size, fewer frames a second or a shorter clip.
Here 80 million pixels may be denoised for a moment, and this needs 100; choose fewer steps or \
a smaller size, or no echo.
Finished · best by the rule: Interpolate, then diffuse
Relit (5 of 5) · 12 of 90 frames
Beginning · at most about 1 min 20 s
Filling between paintings, half done
Waiting for another render: 1 before you. Stop leaves the queue.
The built-in painter knows only the words below; \
it skips: dog, huse (did you mean house?) and 3 more. \
That is all of them: it paints a violet nebula instead. \
For free text choose another model, under Seed and model.
✓ Settings loaded: teal coral.
2 renders of yours are not finished yet; wait for one of them.
The settings are not JSON (Expecting value: line 1 column 1).
Connection to the server was lost. Attempting reconnection...
""".strip().splitlines(),
]


def arrived(browser: Browser, address: str, **more: Any) -> Page:
    context = known(browser, **more)
    page = context.new_page()
    page.set_default_timeout(90_000)
    page.goto(address)
    page.wait_for_selector("#plan .line")
    return page


def english(texts: list[str]) -> list[str]:
    """Those that are neither German nor anything that stays as it is."""
    german = {piece for text in catalogues()["de"].values() for piece in [text, *pieces(text)]}
    known = ["(.+?)".join(map(re.escape, re.split(r"\{\w\}", text))) for text in german]
    pattern = re.compile("|".join(known), re.DOTALL)
    return [
        piece
        for text in texts
        for piece in ([text] if pattern.fullmatch(text) else pieces(text))
        if WORDS.search(piece) or not (pattern.fullmatch(piece) or STAYS.fullmatch(piece))
    ]


def pieces(text: str) -> list[str]:
    return [piece for part in text.split(" · ") for piece in re.split(r"(?<=[.!?]) ", part.strip())]


@pytest.mark.deep
def test_a_german_browser_sees_german(browser: Browser, address: str) -> None:
    page = arrived(browser, address, locale="de-DE")
    try:
        assert page.evaluate("document.documentElement.lang") == "de"
        for _ in range(2):  # parts within parts
            page.evaluate(OPENED)
            page.wait_for_timeout(1500)
        assert not english(page.evaluate(SEEN))
        before = page.inner_text("#plan .line")
        assert "Keyframes · " in before and "Bilder" in before
        page.fill("#stride input[type=number]", "10")
        page.press("#stride input[type=number]", "Tab")
        page.wait_for_function(
            "before => document.querySelector('#plan .line').textContent !== before", arg=before
        )
        assert "Bilder pro Sekunde" in page.inner_text("#plan .line")
        said = [page.evaluate("text => musvid.language.translated(text)", text) for text in SAID]
        assert not [text for text, german in zip(SAID, said, strict=True) if text == german]
        assert not english(said)
        # What a visitor writes is theirs, whatever it says.
        page.fill("#prompt textarea", "Nebula")
        shows(page, "#prompt textarea", "Nebula")
        # A visitor may have English, which the browser remembers.
        page.select_option("#language select", "en")
        page.wait_for_function(
            "document.querySelector('#render').textContent.includes('Make my video')"
        )
        assert "frames a second" in page.inner_text("#plan .line")
        page.reload()
        page.wait_for_selector("#plan .line")
        assert page.evaluate("document.documentElement.lang") == "en"
        assert page.inner_text("#render") == "Make my video"
        assert page.input_value("#language select") == "en"
    finally:
        page.context.close()


@pytest.mark.deep
def test_others_see_english(browser: Browser, address: str) -> None:
    page = arrived(browser, address, locale="en-GB")
    try:
        assert page.evaluate("document.documentElement.lang") == "en"
        assert page.inner_text("#render") == "Make my video"
        assert "frames a second" in page.inner_text("#plan .line")
        page.select_option("#language select", "de")
        page.wait_for_function(
            "document.querySelector('#render').textContent.includes('Mach mein Video')"
        )
    finally:
        page.context.close()

"""The page in the language of the browser."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from musvid.page.browser import catalogues

from .conftest import known
from .test_history import shows

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

# Names, the painter's vocabulary and values of settings, and what Gradio says itself.
STAYS = re.compile(
    r"musvid|px|loop|nocturne|auto|bpm|[\d\s/.,:×x%|hminsk()MGBT½−-]*|1/\d+T?|[ab] beat|"  # noqa: RUF001
    r"English|Deutsch|Gradio",
    re.IGNORECASE,
)
# All texts that are seen or told, but for what a visitor wrote.
SEEN = """() => {
  const content = 'script, style, textarea, [translate=no], .chips button, .prompts, option, '
    + '#favourites, #history .tile, #strip .row, [role=listbox], footer, .toast-wrap, #examples td, '
    + '[data-testid=status-tracker], .eta-bar, .progress-text, .meta-text, .settings-wrapper';
  const found = new Set();
  const all = document.createTreeWalker(document.body, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
  for (let node = all.currentNode; node; node = all.nextNode()) {
    const element = node.nodeType === 3 ? node.parentElement : node;
    if (element.closest(content) || !element.checkVisibility({ visibilityProperty: true })) continue;
    if (node.nodeType === 3) found.add(node.data.trim());
    else for (const name of ['aria-label', 'aria-valuetext', 'placeholder', 'alt'])
      found.add(element.getAttribute(name)?.trim() ?? '');
  }
  return [...found].filter(Boolean);
}"""
OPENED = """() => { for (const head of document.querySelectorAll('button.label-wrap'))
  if (!head.classList.contains('open')) head.click(); }"""


def arrived(browser: Browser, address: str, **more: Any) -> Page:
    context = known(browser, **more)
    page = context.new_page()
    page.set_default_timeout(90_000)
    page.goto(address)
    page.wait_for_selector("#plan .line")
    return page


def english(texts: list[str]) -> list[str]:
    """Those that are neither German nor anything that stays as it is."""
    german = [
        "(.+?)".join(map(re.escape, re.split(r"\{\w\}", text))) for text in catalogues()["de"].values()
    ]
    pattern = re.compile("|".join(sorted(german, key=len, reverse=True)), re.DOTALL)
    left = []
    for text in texts:
        pieces = [piece for part in text.split(" · ") for piece in re.split(r"(?<=[.!?]) ", part)]
        left += [
            piece
            for piece in pieces
            if not pattern.fullmatch(piece) and not STAYS.fullmatch(piece.strip())
        ]
    return left


@pytest.mark.deep
def test_a_german_browser_sees_german(browser: Browser, address: str) -> None:
    page = arrived(browser, address, locale="de-DE")
    try:
        assert page.evaluate("document.documentElement.lang") == "de"
        page.evaluate(OPENED)
        page.wait_for_timeout(2000)
        assert not english(page.evaluate(SEEN))
        before = page.inner_text("#plan .line")
        assert "Keyframes · " in before and "Bilder" in before
        page.fill("#stride input[type=number]", "10")
        page.press("#stride input[type=number]", "Tab")
        page.wait_for_function(
            "before => document.querySelector('#plan .line').textContent !== before", arg=before
        )
        assert "Bilder pro Sekunde" in page.inner_text("#plan .line")
        # What a visitor writes is theirs, whatever it says.
        page.fill("#prompt textarea", "Nebula")
        shows(page, "#prompt textarea", "Nebula")
        # A visitor may have English, which the browser remembers.
        page.select_option("#language select", "en")
        page.wait_for_function("document.querySelector('#render').textContent.includes('Make my video')")
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
        page.wait_for_function("document.querySelector('#render').textContent.includes('Mach mein Video')")
    finally:
        page.context.close()

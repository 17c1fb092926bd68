"""All of the page by keyboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

MOMENT = "#moment input[type=number]"
RING = """() => {
  const one = document.activeElement, label = one.closest('label');
  const ring = [one, label].filter(Boolean).map((each) => getComputedStyle(each));
  return ring.some((each) => each.outlineStyle === 'solid' && parseFloat(each.outlineWidth) >= 2);
}"""


def moment(page: Page) -> float:
    return float(page.input_value(MOMENT))


@pytest.mark.deep
def test_the_moment_moves_and_the_keys_are_told(page: Page) -> None:
    page.evaluate("document.activeElement.blur()")
    first = moment(page)
    for keys, at in (
        ("ArrowRight", first + 0.1),
        ("Shift+ArrowRight", first + 1.1),
        ("l", first + 6.1),
        ("j", first + 1.1),
        ("ArrowLeft", first + 1.0),
    ):
        page.keyboard.press(keys)
        assert abs(moment(page) - at) < 0.011, keys
    # Whoever types moves nothing.
    page.focus("#prompt textarea")
    page.keyboard.type("jl?")
    assert abs(moment(page) - first - 1) < 0.011
    assert page.input_value("#prompt textarea").endswith("jl?")
    # The keys, and back to where the focus was.
    page.focus("#render")
    page.keyboard.press("?")
    page.wait_for_selector("#keys-help[open]")
    for _ in range(3):
        page.keyboard.press("Tab")
        assert page.evaluate(
            "document.activeElement === document.body || "
            "Boolean(document.activeElement.closest('#keys-help'))"
        )
    page.keyboard.press("Escape")
    page.wait_for_selector("#keys-help[open]", state="detached")
    assert page.evaluate("document.activeElement.id") == "render"


@pytest.mark.deep
def test_work_begins_by_key_and_the_focus_is_seen(page: Page) -> None:
    page.evaluate("window.musvid.play = { toggle: () => { window.toggled = true } }")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("k")
    assert page.evaluate("window.toggled")
    # The first stops are links to what is used most.
    page.evaluate("document.body.tabIndex = -1; document.body.focus()")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.innerText") == "To the prompt"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.closest('#prompt') !== null")
    text = page.input_value("#prompt textarea")
    page.keyboard.press("Control+Shift+Enter")
    page.wait_for_function("document.querySelector('#progress')?.innerText.includes('frames')")
    assert page.input_value("#prompt textarea") == text
    unseen = []
    for _ in range(24):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement !== document.body")
        if not page.evaluate(RING):
            unseen.append(page.evaluate("document.activeElement.outerHTML.slice(0, 150)"))
    assert not unseen

"""What a finger can hit, and what is cut off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .conftest import visitor
from .test_page import painted, wait_for_progress

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

# A finger's, with a window as wide as the screen.
PHONE = {"has_touch": True, "is_mobile": True}
OPENED = """() => { for (const head of document.querySelectorAll('button.label-wrap'))
  if (!head.classList.contains('open')) head.click(); }"""

# What can be pressed, pulled or typed into and is less than 44 pixels wide or high: as far as a
# press near its middle reaches it, which is more than its box where its padding is, and less where
# something lies over it. Links within a sentence need no such room.
SMALL = """async (within) => {
  const named = 'a[href], button, input:not([type=hidden]), select, textarea, summary, '
    + 'label:has(input), [role=slider], [role=button], [role=option], [tabindex="0"], audio, video';
  const choice = (one) => /radio|checkbox/.test(one?.type);
  const seen = (one) => one.isConnected && one.getBoundingClientRect().width > 3
    && one.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const found = [];
  for (const one of document.querySelectorAll(named)) {
    if (one.disabled || one.type === 'file' || !one.closest(within) || !seen(one)) continue;
    if (one.matches('.sr-only, .sr-only *, #skip-links a, p a, .hint a')) continue;
    if (one.tagName === 'LABEL' ? !choice(one.querySelector('input')) : choice(one)) continue;
    one.scrollIntoView({ block: 'center', inline: 'center' });
    await new Promise(requestAnimationFrame);
    const box = one.getBoundingClientRect();
    const x = box.left + box.width / 2, y = box.top + box.height / 2;
    const hit = (at, to) => {
      const there = document.elementFromPoint(at, to);
      return there !== null && (one === there || one.contains(there));
    };
    const reach = (across, down) => {
      let far = 0;
      while (far < 30 && hit(x + across * (far + 0.5), y + down * (far + 0.5))) far += 0.5;
      return far;
    };
    const [width, height] = [reach(-1, 0) + reach(1, 0), reach(0, -1) + reach(0, 1)];
    if (Math.min(width, height) >= 43) continue;
    const where = one.closest('[id]:not([id^=range_id])')?.id;
    const name = one.ariaLabel ?? one.innerText ?? '';
    found.push(`#${where} ${one.tagName} ${name.slice(0, 50)}: ${width} x ${height}`);
  }
  return found;
}"""

# Texts of controls that do not fit into them, and controls that what is around them cuts off.
CUT = """() => {
  const scrolls = '#tools, .looks, #grid .box, #steps .frames, .figures'; // sideways, on purpose
  const named = 'button, label, legend, select, input:not([type=range], [type=file], '
    + '[type=radio], [type=checkbox]), [data-testid=block-info], .info-text, .hint, .line, h2, h3, '
    + '.named';
  const found = [];
  for (const one of document.querySelectorAll(named)) {
    const box = one.getBoundingClientRect();
    if (box.width < 3 || !one.checkVisibility({ visibilityProperty: true })) continue;
    if (one.matches('.sr-only, .sr-only *, .hide') || one.closest(scrolls)) continue;
    const label = one.closest('label'); // some are for those alone who cannot see
    if (label && getComputedStyle(label).clipPath.startsWith('inset')) continue;
    const over = getComputedStyle(one).display === 'inline' ? 0 : one.scrollWidth - one.clientWidth;
    const cuts = [over];
    for (let up = one.parentElement; up && up !== document.body; up = up.parentElement) {
      const { display, overflowX } = getComputedStyle(up);
      // One without a box of its own cuts nothing.
      if (display === 'contents' || !/hidden|clip|auto|scroll/.test(overflowX)) continue;
      const around = up.getBoundingClientRect();
      cuts.push(box.right - around.right, around.left - box.left);
    }
    const most = Math.max(...cuts);
    if (most <= 1) continue;
    const where = one.closest('[id]:not([id^=range_id])')?.id;
    const name = one.ariaLabel ?? one.innerText ?? '';
    found.push(`#${where} ${one.tagName} ${name.slice(0, 50)} ${one.value ?? ''}: ${most} px`);
  }
  return found;
}"""


def open_all(page: Page) -> None:
    """Every part, and those that lie in them."""
    for _ in range(2):
        page.evaluate(OPENED)
        page.wait_for_timeout(1500)


@pytest.mark.deep
def test_a_finger_hits_everything(browser: Browser, address: str) -> None:
    with visitor(browser, address, 390, 844, **PHONE) as page:
        painted(page)
        page.click("#favour")
        page.wait_for_selector("#favourites li")
        open_all(page)
        assert page.evaluate(SMALL, "body") == []
        page.click("#paint-strip")
        page.wait_for_function("document.querySelectorAll('#strip img').length == 5")
        page.click("#quick")
        wait_for_progress(page, "Finished")
        page.wait_for_selector("#video video", state="visible")
        page.wait_for_selector("#history .tile")
        for part in ("#stage-row", "#transport", "#show", "#make", "#strip"):
            assert page.evaluate(SMALL, part) == [], part


@pytest.mark.deep
@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize(
    ("width", "height"), [(1440, 900), (1024, 768), pytest.param(390, 844, id="phone")]
)
def test_nothing_is_cut_off(
    browser: Browser, address: str, width: int, height: int, language: str
) -> None:
    more = PHONE if width < 400 else {}
    with visitor(browser, address, width, height, locale=language, **more) as page:
        painted(page)
        assert page.evaluate(CUT) == []
        open_all(page)
        assert page.evaluate(CUT) == []
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


@pytest.mark.deep
def test_a_finger_moves_and_resizes_the_part(browser: Browser, address: str) -> None:
    with visitor(browser, address, 390, 844, **PHONE) as page:
        painted(page)
        place = page.locator("#overview").bounding_box()
        assert place
        middle = place["y"] + place["height"] / 2
        touch = page.context.new_cdp_session(page)

        def drag(begin: float, end: float) -> None:
            for kind, second in (("Start", begin), ("Move", (begin + end) / 2), ("Move", end)):
                point = {"x": place["x"] + second * place["width"] / 16, "y": middle}
                touch.send(
                    "Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": [point]}
                )
            touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

        # Of the 12 seconds from the beginning, more than a second before the end, and after it.
        for begin, end, start, length in ((11, 9, 0, 10), (11, 13, 0, 12), (6, 8, 2, 12)):
            drag(begin, end)
            page.wait_for_function(
                "wanted => [...document.querySelectorAll('#part input[type=number]')]"
                ".every((one, place) => Math.abs(Number(one.value) - wanted[place]) < 0.11)",
                arg=[start, length],
            )

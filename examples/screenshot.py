"""The pictures of the page in README, from the real page in Chromium.

    python -m examples.screenshot ADDRESS

ADDRESS is that of a running page, such as http://127.0.0.1:7860. Needs Playwright and a Chromium.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

HERE = Path(__file__).parent
LOOK = "nebula"  # a preset


def save(page: Page, name: str, width: int) -> None:
    """What the window shows, as a JPEG of some width."""
    picture = Image.open(BytesIO(page.screenshot())).convert("RGB")
    height = round(picture.height * width / picture.width)
    picture.resize((width, height), Image.Resampling.LANCZOS).save(
        HERE / name, quality=86, optimize=True
    )


@contextmanager
def visit(browser: Browser, address: str, *, dark: bool, **window: Any) -> Iterator[Page]:
    """A page on which the look's moment is painted, and all looks are."""
    context = browser.new_context(
        device_scale_factor=1.5, reduced_motion="reduce", locale="en-GB", **window
    )
    context.add_init_script("localStorage.setItem('musvid.coached', '1')")
    page = context.new_page()
    page.set_default_timeout(180_000)
    page.goto(f"{address}/?__theme={'dark' if dark else 'light'}")
    page.wait_for_selector("#plan .line")
    looks = "[...document.querySelectorAll('#presets img')]"
    page.wait_for_function(f"{looks}.every(one => one.src.startsWith('data:'))")
    page.click(f"#presets [data-name={LOOK}]")
    page.wait_for_selector(f"#presets [data-name={LOOK}][aria-pressed=true]")
    page.wait_for_timeout(4000)
    yield page
    context.close()


def main(address: str) -> None:
    """Take them."""
    chromium = next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome")))
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        desktop = {"viewport": {"width": 1440, "height": 960}}
        with visit(browser, address, dark=True, **desktop) as page:
            page.click("#words > button")
            page.wait_for_timeout(1000)
            page.evaluate("window.scrollTo(0, 0)")
            save(page, "page.jpg", 1440)
            page.click("#steps > button")
            page.wait_for_selector("#steps [data-step=viewed]")
            page.wait_for_timeout(500)
            page.eval_on_selector(
                "#steps [data-step=drawn]",
                "one => { const show = document.getElementById('show'); show.scrollTop = 0;"
                " show.scrollTop = one.getBoundingClientRect().top - 620; }",
            )
            page.wait_for_timeout(500)
            save(page, "page-steps.jpg", 1440)
        with visit(browser, address, dark=False, **desktop) as page:
            page.click("#compare > button")
            page.wait_for_selector("#grid-paint")
            page.click("#grid-paint")
            page.wait_for_selector("#grid button")
            page.wait_for_selector("#grid button.waits", state="detached")
            page.wait_for_timeout(1000)
            page.eval_on_selector("#grid-panel", "one => one.scrollIntoView()")
            page.wait_for_timeout(500)
            save(page, "page-compare.jpg", 1440)
        phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
        with visit(browser, address, dark=True, **phone) as page:
            page.evaluate("window.scrollTo(0, 0)")
            save(page, "page-phone.jpg", 585)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"))

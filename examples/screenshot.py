"""The picture of the page in README, from the real page in Chromium.

    python -m examples.screenshot ADDRESS

ADDRESS is that of a running page, such as http://127.0.0.1:7860. Needs Playwright and a Chromium.
"""

from __future__ import annotations

import shutil
import sys
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).parent
PROMPT = "emerald and violet aurora"


def save(page: Page, name: str, width: int) -> None:
    """What the window shows, as a JPEG of some width."""
    picture = Image.open(BytesIO(page.screenshot())).convert("RGB")
    height = round(picture.height * width / picture.width)
    picture.resize((width, height), Image.Resampling.LANCZOS).save(
        HERE / name, quality=88, optimize=True
    )


def main(address: str) -> None:
    """Paint a strip, take a quick look, and take the picture."""
    chromium = next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome")))
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        context = browser.new_context(
            viewport={"width": 1440, "height": 1010},
            device_scale_factor=1.5,
            color_scheme="dark",
        )
        page = context.new_page()
        page.set_default_timeout(120_000)
        page.goto(f"{address}/?__theme=dark")
        page.wait_for_selector("#painted img", state="attached")
        page.fill("#prompt textarea", PROMPT)
        page.wait_for_timeout(3000)
        page.click("#paint-strip")
        page.wait_for_function("document.querySelectorAll('#strip img').length == 5")
        page.click("#quick")
        page.wait_for_function("document.querySelector('#progress').innerText.includes('Finished')")
        page.wait_for_timeout(2500)
        page.evaluate("window.scrollTo(0, 0)")
        save(page, "page.jpg", 1440)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"))

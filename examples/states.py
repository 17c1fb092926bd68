"""Pictures of the page in all its states, to be looked at: three sizes, light and dark.

    python -m examples.states ADDRESS FOLDER [NAME ...]

ADDRESS is that of a running page, such as http://127.0.0.1:7860, FOLDER one outside the repository.
NAMEs choose from the windows: laptop, tablet, phone; light, dark; en, de (en unless it is named).
Needs Playwright and a Chromium.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from random import uniform
from typing import Any

from playwright.sync_api import Browser, Error, Page, sync_playwright

SONG = Path(__file__).with_name("nocturne.ogg")
SIZES = {"laptop": (1440, 900), "tablet": (1024, 768), "phone": (390, 844)}
PARTS = ["words", "view", "camera", "camera-follows", "motion", "beat", "form", "story", "follow"]
PARTS += ["look", "brush", "strips", "steps"]
SECONDS = 3  # of what is rendered


class Album:
    """The pictures of one window."""

    def __init__(self, page: Page, folder: Path) -> None:
        self.page, self.folder = page, folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self._count = 0

    def take(self, name: str, at: str | None = None) -> None:
        """What the window shows now. at: what is scrolled to."""
        if at is None:
            self.page.evaluate("window.scrollTo(0, 0)")
        else:
            self.page.eval_on_selector(at, "one => one.scrollIntoView({block: 'center'})")
        self.page.wait_for_timeout(500)
        self._count += 1
        self.page.screenshot(path=self.folder / f"{self._count:02d}-{name}.png")

    def whole(self, name: str, selector: str) -> None:
        """One element, however high it is."""
        self._count += 1
        self.page.locator(selector).first.screenshot(
            path=self.folder / f"{self._count:02d}-{name}.png"
        )


@contextmanager
def visit(
    browser: Browser, address: str, size: str, scheme: str, language: str, *, new: bool = False
) -> Iterator[Page]:
    """A page whose moment is painted. new: for somebody who has not been there before."""
    width, height = SIZES[size]
    touch = {"has_touch": True, "is_mobile": True} if size == "phone" else {}
    context = browser.new_context(
        viewport={"width": width, "height": height},
        locale={"en": "en-GB", "de": "de-DE"}[language],
        reduced_motion="no-preference" if new else "reduce",
        **touch,  # type: ignore[arg-type]
    )
    if not new:
        context.add_init_script("localStorage.setItem('musvid.coached', '1')")
    page = context.new_page()
    page.set_default_timeout(120_000)
    page.goto(f"{address}/?__theme={scheme}")
    page.wait_for_selector("#plan .line")
    page.wait_for_selector("#painted img", state="attached")
    page.wait_for_timeout(2500)
    try:
        yield page
    finally:
        context.close()


def says(page: Page, place: str, text: str) -> None:
    """Waits until a place says something, in any language that it is given in."""
    page.wait_for_function(
        "([place, text]) => new RegExp(text).test(document.querySelector(place)?.innerText)",
        arg=[place, text],
    )


def photograph(browser: Browser, address: str, window: tuple[str, str, str], folder: Path) -> None:
    """All states of the page in one window: its size, scheme and language."""
    with visit(browser, address, *window, new=True) as page:
        page.wait_for_timeout(2500)
        Album(page, folder).take("00-hints", "#coach")
    with visit(browser, address, *window) as page:
        album = Album(page, folder)
        album.take("first-sight")
        album.take("end", "footer")
        _upload(page)
        album.take("song")
        _play(page, album)
        _parts(page, album)
        _changed(page, album)
        _render(page, album, browser, address, window)
        _compare(page, album)
        _errors(page, album)


def _upload(page: Page) -> None:
    with page.expect_file_chooser() as chooser:
        page.click("#choose")
    chooser.value.set_files(SONG)
    page.wait_for_function("!document.querySelector('#player-time')?.textContent.includes('0:16')")
    page.wait_for_timeout(4000)


def _play(page: Page, album: Album) -> None:
    page.click("#play")
    page.wait_for_timeout(3000)
    album.take("playing")
    page.click("#play")
    page.keyboard.press("?")
    album.take("keys")
    page.keyboard.press("Escape")


def _parts(page: Page, album: Album) -> None:
    for part in PARTS:
        page.click(f"#{part} > button")
        page.wait_for_timeout(700)
        if part == "steps":
            page.wait_for_selector("#steps [data-step=viewed]")
        elif part == "strips":
            page.click("#paint-strip")
            page.wait_for_function("document.querySelectorAll('#strip img').length == 5")
        album.take(part, f"#{part}")
        album.whole(f"{part}-whole", f"#{part}")
        if part not in ("view", "camera"):
            page.click(f"#{part} > button")
    page.click("#view > button")


def _changed(page: Page, album: Album) -> None:
    page.fill("#prompt textarea", "pink house with marble")
    page.press("#prompt textarea", "Tab")
    page.wait_for_timeout(2500)
    page.click("#favour")
    page.locator("#peek input").evaluate(
        "one => { one.value = 50; one.dispatchEvent(new Event('input', {bubbles: true})); }"
    )
    album.take("changed")
    _number(page, "#strength", "7")
    album.take("out-of-range", "#strength")


def _number(page: Page, place: str, value: str) -> None:
    page.fill(f"{place} input[type=number]", value)
    page.press(f"{place} input[type=number]", "Tab")


def _render(
    page: Page, album: Album, browser: Browser, address: str, window: tuple[str, str, str]
) -> None:
    # Nothing that was painted before: it would be finished before anybody waits for it.
    _number(page, "#strength", f"{uniform(0.5, 0.9):.2f}")
    page.wait_for_timeout(1500)
    page.click("#render")
    says(page, "#progress", r"[1-9]\d* (of|von)")
    album.take("rendering")
    with visit(browser, address, *window) as other:
        other.click("#quick")
        other.wait_for_selector("#progress-said .waiting:visible")
        Album(other, album.folder).take("00-waiting")
    page.click("#stop")
    says(page, "#progress", "topped|stopp")
    album.take("stopped")
    page.click("#quick")
    says(page, "#progress", "Finished|Fertig")
    page.wait_for_selector("#video video", state="visible")
    album.take("done")
    page.wait_for_selector("#history .tile")
    album.take("results", "#results")
    page.click("#save-frames")
    page.wait_for_selector("#zip a")
    page.click("#take")
    page.wait_for_selector("#restore-note .done")
    album.take("loaded", "#restore")


def _compare(page: Page, album: Album) -> None:
    page.click("#compare > button")
    page.wait_for_selector("#grid-paint")
    page.click("#grid-paint")
    page.wait_for_selector("#grid button")
    page.wait_for_selector("#grid button.waits", state="detached")
    album.take("grid", "#grid")
    album.whole("compare-whole", "#compare")


def _errors(page: Page, album: Album) -> None:
    page.set_input_files(
        "#restore input[type=file]",
        {"name": "look.json", "mimeType": "application/json", "buffer": b"{"},
    )
    page.wait_for_selector("#restore-note .problem")
    album.take("no-settings", "#restore-note")
    bad = {"name": "song.mp3", "mimeType": "audio/mpeg", "buffer": b"no sound"}
    with page.expect_file_chooser() as chooser:
        page.click("#choose")
    chooser.value.set_files(bad)  # type: ignore[arg-type]
    page.wait_for_selector("#song-problem .problem")
    album.take("no-song")


def main(address: str, target: str, *names: str) -> None:
    """Take them."""

    def chosen(of: list[str], default: list[str]) -> list[str]:
        return [one for one in of if one in names] or default

    schemes = ["light", "dark"]
    windows = product(
        chosen(list(SIZES), list(SIZES)), chosen(schemes, schemes), chosen(["en", "de"], ["en"])
    )
    chromium = next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome")))
    )
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        for window in windows:
            folder = Path(target, "-".join(window))
            try:
                photograph(browser, address, window, folder)
                print(f"{folder}: {len(list(folder.glob('*.png')))} pictures")
            except Error as error:
                print(f"{folder}: {error}", file=sys.stderr)
        browser.close()


if __name__ == "__main__":
    options: Any = sys.argv[1:]
    main(options[0].rstrip("/"), *options[1:])

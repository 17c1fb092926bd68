"""The page in Chromium: how soon things are seen, and how long the browser is busy with them.

    python -m tests.benchmarks.browser [--changes 20]

Prints seconds from the start of the page until it answers, until its stage moves and until a first
moment is painted; then, for a change of strength, of the view and of the preset, the seconds until
the stage shows it, and the seconds in which the browser's thread was busy until all stood still.
Then many changes one after the other: whether what is shown in the end is what the last one asks.
At last other songs, from their choice to the first painted moment; and a video of the last one's
15 seconds: from the click until its newest frame, a part of it and all of it are on the stage.

Needs Playwright and a Chromium.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))
from browser.conftest import executable, known
from running import running_page

from .sounds import songs

STILL = 4.0  # seconds in which all that a change brings about has ended


def source(page: Page) -> str:
    """What the stage shows of the moment."""
    return page.get_attribute("#painted img", "src") or ""


def number(page: Page, place: str, value: object) -> None:
    """Type a number, and confirm it."""
    page.fill(f"{place} input[type=number]", str(value))
    page.press(f"{place} input[type=number]", "Enter")


def busy(session: CDPSession) -> float:
    """Seconds in which the browser's thread has worked so far."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return next(float(one["value"]) for one in metrics if one["name"] == "TaskDuration")


def measured(page: Page, session: CDPSession, name: str, change: Callable[[], None]) -> None:
    """Print how soon the stage shows a change, and how long the browser is busy with it."""
    before, work, began = source(page), busy(session), time.monotonic()
    change()
    page.wait_for_function(
        "before => document.querySelector('#painted img').src !== before", arg=before
    )
    seen = time.monotonic() - began
    page.wait_for_timeout(1000 * STILL)
    print(f"{name:<22} seen {seen:5.2f} s   busy {busy(session) - work:5.2f} s")


def tab(browser: Browser) -> tuple[Page, CDPSession]:
    """A new visitor's tab, and what measures it."""
    context = known(browser, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(120_000)
    session = context.new_cdp_session(page)
    session.send("Performance.enable")
    return page, session


def changed(page: Page, session: CDPSession, song: Path) -> None:
    """Print how soon the stage shows a moment of another song."""

    def choose() -> None:
        with page.expect_file_chooser() as chooser:
            page.click("#choose")
        chooser.value.set_files(song)

    measured(page, session, f"song {song.stem}", choose)


def filmed(page: Page) -> None:
    """Print how soon the stage shows what of a video."""
    began = time.monotonic()
    page.click("#render")
    page.wait_for_selector("#making img", state="visible")
    print(f"a video: newest frame {time.monotonic() - began:.1f} s", end=", ", flush=True)
    page.wait_for_selector("#video video", state="visible")
    print(f"a part of it {time.monotonic() - began:.1f} s", end=", ", flush=True)
    page.wait_for_function("document.querySelector('#progress').innerText.includes('Finished')")
    page.wait_for_function("document.querySelector('#video video')?.readyState >= 2")
    seconds = page.eval_on_selector("#video video", "one => one.duration")
    print(f"all {seconds:.0f} seconds {time.monotonic() - began:.1f} s")


def many(page: Page, count: int) -> None:
    """Print whether the last of many quick changes is what is shown."""
    seeds = range(100, 100 + count)
    began = time.monotonic()
    for seed in seeds:
        page.fill("#seed input", str(seed))
        page.wait_for_timeout(50)
    page.wait_for_timeout(1000 * STILL)
    shown, taken = source(page), time.monotonic() - began - STILL
    page.fill("#seed input", "7")
    page.wait_for_timeout(1000 * STILL)
    page.fill("#seed input", str(seeds[-1]))
    page.wait_for_timeout(1000 * STILL)
    said = "as the last one asks" if source(page) == shown else "STALE"
    print(f"{count} changes in {taken:.1f} s: what is shown is {said}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changes", type=int, default=20)
    count = parser.parse_args().changes
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_page(Path(folder), MUSVID_MAX_LOOKS="0") as address,
        sync_playwright() as playwright,
    ):
        print(f"answers after {time.monotonic() - began:.1f} s")
        browser = playwright.chromium.launch(
            executable_path=executable(),
            args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"],
        )
        guest = browser.new_page()
        guest.set_default_timeout(120_000)
        guest.goto(address)
        guest.wait_for_function("document.querySelector('#first video')?.currentTime > 0.05")
        print(f"the stage moves after {time.monotonic() - began:.1f} s")
        guest.close()
        page, session = tab(browser)
        opened = time.monotonic()
        page.goto(address)
        page.wait_for_selector("#plan .line")
        said = time.monotonic() - opened
        page.wait_for_selector("#painted img", state="attached")
        seen = time.monotonic() - opened
        page.wait_for_timeout(1000 * STILL)
        print(f"a visit: live line {said:.1f} s, first painting {seen:.1f} s, "
              f"busy {busy(session):.1f} s")  # fmt: skip
        page.click("#brush > button")
        page.click("#view > button")
        page.wait_for_timeout(1500)
        measured(page, session, "strength 0.4", lambda: number(page, "#strength", 0.4))
        measured(page, session, "strength 0.6", lambda: number(page, "#strength", 0.6))
        for kind in ("Ring", "Mandala"):
            choose = page.locator("#kind").get_by_text(kind).click
            measured(page, session, f"view {kind}", choose)
        for name in ("nebula", "aurora"):
            choice = f"#presets [data-name={name}]"
            measured(page, session, f"preset {name}", lambda choice=choice: page.click(choice))  # type: ignore[misc]
        many(page, count)
        page.close()
        page, session = tab(browser)
        page.goto(address)
        page.wait_for_selector("#painted img", state="attached")
        page.wait_for_timeout(1000 * STILL)
        for song in [*reversed(songs()), *songs()][:4]:
            changed(page, session, song)
        filmed(page)
        browser.close()


if __name__ == "__main__":
    main()

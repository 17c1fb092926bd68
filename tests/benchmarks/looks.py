"""How soon a song's looks are there, and what a visitor who plays meanwhile waits for.

    python -m tests.benchmarks.looks

Opens the page in Chromium, uploads a song of 40 seconds, and prints when each look arrived, counted
from the upload; then does so again and moves the strength every half second until all are there,
and prints how long each painting took, with looks and without.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))
from browser.conftest import executable, known
from conftest import music, write_wav
from running import running_page

from musvid import presets

OWN = "document.querySelectorAll('#presets img.own').length"


def arrivals(page: Page, song: Path, *, plays: bool) -> tuple[list[float], list[float]]:
    """Seconds until each look was there; and of each painting that was asked for meanwhile."""
    with page.expect_file_chooser() as chooser:
        page.click("#choose")
    chooser.value.set_files(song)
    page.wait_for_function(f"{OWN} == 0")
    began, times = time.monotonic(), []
    answers: list[float] = []
    while len(times) < len(presets.every()) and time.monotonic() - began < 120:
        times += [time.monotonic() - began] * (page.evaluate(OWN) - len(times))
        if plays and times:
            answers.append(answer(page, 0.3 + 0.05 * (len(answers) % 9)))
        page.wait_for_timeout(50)
    return times, answers


def answer(page: Page, strength: float) -> float:
    """Seconds until another strength is seen."""
    before = page.get_attribute("#painted img", "src")
    began = time.monotonic()
    field = page.get_by_label("number input for Strength").first
    field.fill(f"{strength:.2f}")
    field.press("Enter")
    page.wait_for_function(
        "before => document.querySelector('#painted img')?.src != before", arg=before
    )
    return time.monotonic() - began


def main() -> None:
    """Run it and print."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        songs = [write_wav(Path(folder) / f"{n}.wav", music(40.0 + n)) for n in range(2)]
        browser = playwright.chromium.launch(executable_path=executable(), args=["--no-sandbox"])
        with running_page(Path(folder) / "page") as address:
            page = known(browser).new_page()
            page.set_default_timeout(120_000)
            page.goto(address)
            page.wait_for_function(f"{OWN} == {len(presets.every())}")
            times, _ = arrivals(page, songs[0], plays=False)
            print("looks after", *(f"{each:.1f}" for each in times), "s")
            print("alone", *(f"{answer(page, 0.31 + 0.05 * n):.2f}" for n in range(8)), "s")
            times, answers = arrivals(page, songs[1], plays=True)
            print("played, looks after", *(f"{each:.1f}" for each in times), "s")
            print("played", *(f"{each:.2f}" for each in answers), "s")
        browser.close()


if __name__ == "__main__":
    main()

"""The page plays a song while it is painted: how soon, how late, and how much faster than played.

    python -m tests.benchmarks.playing [--seconds 20] [--song FILE]

Prints seconds from the click to the first picture, pictures shown, late (more than 100 ms behind
the sound) and the worst lag; seconds from a changed prompt to its picture; and how many seconds of
song are made in a second without a browser, for each level of quality: as pictures, and as what a
browser with a graphics card draws them from, with the kilobytes of a second of both.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from dataclasses import replace
from itertools import islice
from pathlib import Path

from musvid.job import Job
from musvid.presets import preset
from musvid.store import Store
from musvid.studio import relit
from musvid.studio.play import LEVELS, encoded, played
from musvid.studio.studio import Studio

sys.path.insert(0, str(Path(__file__).parents[1]))
from browser.conftest import executable, known
from running import running_page

from .sounds import songs


def speeds(song: Path, seconds: float) -> None:
    """Print how fast pictures are made, painted for the first time and again."""
    with tempfile.TemporaryDirectory() as name:
        studio = Studio(store=Store(Path(name) / "frames"))
        studio.warm()
        recipe = replace(preset().recipe, story="off")
        job = studio.job(recipe, studio.song(song).part(0, seconds))
        print(
            f"{'px':>6}{'a second':>10}{'new':>8}{'known':>8}{'kB':>8}  seconds of song in a second"
        )
        for level in range(2, len(LEVELS)):
            for drawn in (False, True):
                small, found, size = played(job, level, every=drawn), [], 0
                for _ in range(2):
                    began = time.monotonic()
                    size = sent(studio, small, drawn)
                    found.append(float(small.song.duration) / (time.monotonic() - began))
                rate, size = float(small.clock.rate), size / 1000 / float(small.song.duration)
                line = f"{max(small.size):6}{rate:10.1f}{found[0]:8.1f}{found[1]:8.1f}{size:8.0f}"
                print(f"{line}  {'drawn there' if drawn else ''}")


def sent(studio: Studio, job: Job, drawn: bool) -> int:
    """Make all of a job as it is sent; its bytes."""
    if not drawn:
        return sum(len(encoded(frame)) for frame in studio.pictures(job))
    moments = studio.moments(job)
    pieces = iter(lambda: list(islice(moments, 24)), [])
    return sum(len(json.dumps(relit.packed(job, 1, piece))) for piece in pieces)


def browse(song: Path, seconds: float) -> None:
    """Print how a browser plays."""
    from playwright.sync_api import sync_playwright

    with (
        tempfile.TemporaryDirectory() as name,
        running_page(Path(name) / "page") as address,
        sync_playwright() as playwright,
    ):
        arguments = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
        browser = playwright.chromium.launch(executable_path=executable(), args=arguments)
        page = known(browser, viewport={"width": 1440, "height": 900}).new_page()
        page.set_default_timeout(120_000)
        page.goto(address)
        page.wait_for_selector("#painted img", state="attached")
        with page.expect_file_chooser() as chooser:
            page.click("#choose")
        chooser.value.set_files(song)
        page.wait_for_function(
            "(name) => document.querySelector('#player-audio')?.src.endsWith(name)", arg=song.name
        )
        length = page.get_by_label("number input for Length (s)")
        length.fill(str(2 * seconds))
        length.press("Enter")
        page.wait_for_timeout(4000)
        page.click("#play")
        page.wait_for_function("window.musvid.play.facts.shown > 0")
        page.wait_for_timeout(1000 * seconds)
        facts = page.evaluate("window.musvid.play.facts")
        badge = page.inner_text("#player-badge")
        print(f"first picture after {facts['first'] / 1000:.2f} s; {badge}")
        print(f"in {seconds:g} s {facts['shown']} shown, {facts['late']} late", end=", ")
        print(f"at most {facts['worst']:.0f} ms behind the sound")
        changes = facts["changes"]
        if not page.evaluate("window.musvid.play.playing"):
            print("the song has ended: play fewer seconds to see another prompt")
            browser.close()
            return
        page.fill("#prompt textarea", "crimson and gold flames")
        page.wait_for_function(f"window.musvid.play.facts.changes > {changes}")
        change = page.evaluate("window.musvid.play.facts.change")
        print(f"another prompt seen after {change / 1000:.2f} s")
        browser.close()


def main() -> None:
    """Run it and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--song", type=Path, default=None)
    options = parser.parse_args()
    song = options.song or next((one for one in songs() if one.stem == "vibe-ace"), songs()[0])
    browse(song, options.seconds)
    speeds(song, options.seconds)


if __name__ == "__main__":
    main()

"""Nothing is lost: settings come back with their song, and links hold a look."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import music, write_wav

from .conftest import known, open_part, upload, visitor
from .test_history import STRENGTH, shows, still

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PROMPT = "#prompt textarea"


def number(label: str) -> str:
    return f"input[aria-label='number input for {label}']"


def link(address: str, look: object) -> str:
    text = base64.urlsafe_b64encode(json.dumps(look).encode()).decode().rstrip("=")
    return f"{address}#look={text}"


@pytest.mark.deep
def test_a_reload_brings_settings_song_and_clip_back(page: Page, tmp_path: Path) -> None:
    upload(page, write_wav(tmp_path / "six.wav", music(6.0)))
    page.wait_for_function(
        "place => document.querySelector(place)?.max == 6", arg=number("Length (s)")
    )
    for place, value in (
        (number("Length (s)"), "2.5"),
        (number("From (s)"), "1.5"),
        (STRENGTH, "0.3"),
    ):
        page.fill(place, value)
        page.press(place, "Enter")
    page.fill(PROMPT, "teal coral")
    page.click("text=Lock to the beat")
    page.fill("#bpm input", "90")
    still(page)
    page.reload()
    shows(page, PROMPT, "teal coral")
    shows(page, STRENGTH, "0.3")
    shows(page, number("Length (s)"), "2.5")
    shows(page, number("From (s)"), "1.5")
    page.click("text=Lock to the beat")
    shows(page, "#bpm input", "90")
    page.wait_for_function("document.querySelector('#plan')?.innerText.includes('75 frames')")
    # And what is done then is kept as well.
    page.fill(PROMPT, "pink marble")
    page.wait_for_function(
        "Object.values({...localStorage, ...sessionStorage}).join().includes('pink marble')"
    )
    page.goto("about:blank")
    page.go_back()
    shows(page, PROMPT, "pink marble")
    shows(page, number("Length (s)"), "2.5")


@pytest.mark.deep
def test_a_link_shows_its_look_to_somebody_else(browser: Browser, address: str, page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.fill(PROMPT, "émeraude <b>coral</b>")
    open_part(page, "#brush")
    page.fill("#seed input", "77")
    page.click("#share-link")
    page.wait_for_function("document.querySelector('#tools-said').innerText.includes('copied')")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(f"{address}/#look=")
    assert len(copied) < 1000
    with visitor(browser, copied) as other:
        shows(other, PROMPT, "émeraude <b>coral</b>")
        open_part(other, "#brush")
        shows(other, "#seed input", "77")
        assert "#" not in other.url  # a reload shows what was made of it
        # Another link in the same tab; what is wrong with it is told, and the rest is taken.
        bad = {"style.prompt": "fire", "style.strength": "<b>", "nothing": 1, "echo": 0.3}
        other.evaluate("link => { location.href = link }", link(address, bad))
        shows(other, PROMPT, "fire")
        other.wait_for_function(
            "document.querySelector('#song-problem').innerText.includes('style.strength')"
        )
        other.evaluate("location.hash = '#look=rubbish'")
        other.wait_for_function(
            "document.querySelector('#song-problem').innerText.includes('no look')"
        )
        assert other.input_value(PROMPT) == "fire"
        other.keyboard.press("Control+z")
        shows(other, PROMPT, "émeraude <b>coral</b>")


@pytest.mark.deep
def test_what_another_version_kept_never_breaks_the_page(browser: Browser, address: str) -> None:
    values = {"old": [], "style.strength": {}, "cooling": [], "style.prompt": "fire"}
    kept = json.dumps({"song": 1, "moment": "x", "values": values})
    for text, prompt in ((kept, "fire"), ('{"values": 3', "blue and gold stained glass")):
        context = known(browser)
        context.add_init_script(f"localStorage.setItem('musvid.settings', {json.dumps(text)})")
        page = context.new_page()
        page.goto(address)
        page.wait_for_selector("#plan .line", timeout=90_000)
        shows(page, PROMPT, prompt)
        context.close()


@pytest.mark.deep
def test_who_leaves_while_a_render_runs_is_asked(page: Page) -> None:
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.click("#quick")
    page.wait_for_selector("#stop:enabled")
    page.evaluate("setTimeout(() => { location.href = '/?other' })")
    # Who stays sees it go on.
    page.wait_for_function("document.querySelector('#progress')?.innerText.includes('Finished')")
    assert asked == ["beforeunload"]
    page.goto(f"{page.url}?other")
    assert asked == ["beforeunload"]

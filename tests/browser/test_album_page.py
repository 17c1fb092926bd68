"""The page of an album, opened from its folder in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from conftest import PLAIN, tone, write_wav

from musvid.__main__ import main

from .conftest import known

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SONGS = ("01 <b>&\"'.wav", "02 Grüße #1?.wav", "-x: y.wav", "03 Broken.wav")


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An album of songs with hostile names, one of them broken."""
    folder = tmp_path_factory.mktemp("albums") / "A <i>night & more"
    folder.mkdir()
    for number, name in enumerate(SONGS):
        write_wav(folder / name, tone(200 + 50 * number, 0.4))
    (folder / SONGS[-1]).write_bytes(b"RIFF")
    out = folder.with_name("out 100%")
    options = (*PLAIN, "--strength", "0", "--size", "64", "--upscale", "1", "--quiet")
    assert main(["album", str(folder), "-o", str(out), *options]) == 1
    return out / "index.html"


@pytest.mark.parametrize("width", [390, 1440])
def test_the_page_of_an_album(browser: Browser, index: Path, width: int) -> None:
    context = known(browser, viewport={"width": width, "height": 900})
    errors: list[str] = []
    asked: list[str] = []
    try:
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
        page.on("requestfailed", lambda request: errors.append(request.url))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(index.as_uri())
        assert page.title() == "A <i>night & more"
        assert page.locator("h1").inner_text() == "A <i>night & more"
        titles = page.locator("h2").all_inner_texts()
        assert titles == ["<b>&\"'", "Grüße #1?", "Broken", "-x: y"]
        assert "not a sound file" in page.locator(".wrong").inner_text()
        assert "3 of 4 songs" in page.locator("header").inner_text()
        # It is as wide as the window, and what is played loads nothing before.
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert not [address for address in asked if address.endswith(".mp4")]
        posters = page.evaluate(
            "() => Promise.all([...document.querySelectorAll('video')].map(async (video) => {"
            " const picture = new Image(); picture.src = video.poster; await picture.decode();"
            " return picture.naturalWidth; }))"
        )
        assert posters == [64] * 3
        played: list[Any] = page.evaluate(
            "() => Promise.all([...document.querySelectorAll('video')].map(async (video) => {"
            " video.muted = true; await video.play();"
            " return [video.videoWidth, video.duration > 0.3]; }))"
        )
        assert played == [[64, True]] * 3
        page.click("text=Contact sheet")
        page.wait_for_url("**/sheet.jpg")
        assert page.evaluate("document.images[0].naturalWidth") == 1600
    finally:
        context.close()
    assert not errors

"""Results: their names, what is said of settings, and the renders of a visit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import music, write_wav

from .conftest import upload

if TYPE_CHECKING:
    from playwright.sync_api import Page


def load(page: Page, folder: Path, **settings: object) -> None:
    """Load settings of a small clip, and wait until the page says so."""
    page.evaluate("document.querySelector('#restore button[aria-label=Clear]')?.click()")
    file = folder / "small.json"
    small = {"size": "64x64", "upscale": 1, "duration": 1.0, **settings}
    file.write_text(json.dumps(small), encoding="utf-8")
    page.set_input_files("#restore input[type=file]", file)
    page.wait_for_selector("#restore-note [role=status]")


def render(page: Page, count: int) -> None:
    """Render, and wait until so many renders are shown."""
    page.click("#render")
    page.wait_for_function(
        "count => document.querySelectorAll('#history .tile').length == count", arg=count
    )
    page.wait_for_selector("#render:not([disabled])")


@pytest.mark.deep
def test_results_are_called_after_song_and_look_and_shown_again(page: Page, tmp_path: Path) -> None:
    upload(page, write_wav(tmp_path / "Vibe Ace (live).wav", music(4.0)))
    page.wait_for_function("document.querySelector('#plan').innerText.includes('120 frames')")
    for name in ("foreign.ogg", "foreign.mp4"):
        foreign = tmp_path / name
        foreign.write_text("no video")
        page.evaluate("document.querySelector('#restore button[aria-label=Clear]')?.click()")
        page.set_input_files("#restore input[type=file]", foreign)
        page.wait_for_selector(f"#restore-note [role=alert] >> text={name}")
        assert not page.query_selector("#restore .error"), "Gradio's own, which stays"
    assert not page.query_selector("#song-problem [role=alert]")
    note, box = (page.locator(each).bounding_box() for each in ("#restore-note", "#restore"))
    assert note and box
    assert 0 <= box["y"] - note["y"] - note["height"] < 40
    style = {"prompt": "teal coral", "strength": 0.5}
    load(page, tmp_path, style=style, view={"kind": "tunnel"})
    assert not page.query_selector("#restore-note [role=alert]")
    assert "Settings loaded: teal coral" in page.inner_text("#restore-note")
    render(page, 1)
    with page.expect_download() as download:
        page.click("#save-video")
    assert download.value.suggested_filename == (
        "Vibe Ace (live) - teal coral - tunnel - 0-1 s.mp4"
    )
    assert "kB)" in page.inner_text("#save-video") or "MB)" in page.inner_text("#save-video")
    # The video stands on the stage: it is what Play plays, until something else is asked for.
    page.eval_on_selector("#video video", "film => { film.loop = true; film.pause(); }")
    for paused in ("false", "true"):
        page.click("#play")
        page.wait_for_function(f"document.querySelector('#video video').paused == {paused}")
        pressed = page.get_attribute("#play", "aria-pressed")
        assert pressed == ("false" if paused == "true" else "true")
        assert not page.evaluate("window.musvid.play.playing")
    load(page, tmp_path, style={"prompt": "pink marble"})
    page.wait_for_selector("#stage-row[data-show=moment][data-frames=one]")
    page.click("#play")
    page.wait_for_function("window.musvid.play.playing")
    page.click("#play")
    render(page, 2)
    tile = "#history .tile >> nth={}"
    assert page.get_attribute(tile.format(0), "aria-pressed") == "true"
    assert "pink marble" in page.inner_text(tile.format(0))
    source = "document.querySelector('#video video').src"
    second = page.evaluate(source)
    page.click("#history .use >> nth=1")
    page.wait_for_function("document.querySelector('#prompt textarea').value == 'teal coral'")
    page.wait_for_function(f"before => {source} != before", arg=second)
    assert page.get_attribute(tile.format(1), "aria-pressed") == "true"
    assert page.get_attribute(tile.format(0), "aria-pressed") == "false"
    assert "Settings loaded: teal coral" in page.inner_text("#restore-note")


@pytest.mark.deep
def test_first_looks_at_a_render_follow_each_other(page: Page, tmp_path: Path) -> None:
    page.evaluate(
        """() => {
          window.begun = [];
          document.addEventListener('loadedmetadata', event => {
            const video = event.target.closest('#video video');
            if (video) window.begun.push(
              [video.src.split('/').pop(), video.currentTime, video.muted]);
          }, true);
        }"""
    )
    load(page, tmp_path, duration=10.0, stride=1, before=1, after=1)
    page.click("#render")
    page.wait_for_function("document.querySelector('#video video')?.currentTime > 0.5")
    page.evaluate("document.querySelector('#video video').muted = true")
    page.wait_for_function(
        "window.begun.some(([name]) => !name.startsWith('preview'))", timeout=240_000
    )
    first, *others = page.evaluate("window.begun")
    assert first[0].startswith("preview-") and not first[2]
    assert others and all(time > 0.5 and muted for _, time, muted in others)


@pytest.mark.deep
def test_another_format_is_one_click_away_and_the_tab_says_how_far_it_is(
    page: Page, tmp_path: Path
) -> None:
    upload(page, write_wav(tmp_path / "four.wav", music(4.0)))
    page.wait_for_function("document.querySelector('#plan').innerText.includes('120 frames')")
    load(page, tmp_path, view={"shown": [64, 64]})
    page.evaluate(
        "() => { window.titles = []; new MutationObserver(() => window.titles.push(document.title))"
        ".observe(document.querySelector('title'), {childList: true}) }"
    )
    render(page, 1)
    assert page.title() == "musvid"
    assert any(title.endswith("% · musvid") for title in page.evaluate("window.titles"))
    page.click("#also-tall")
    page.wait_for_function("document.querySelectorAll('#history .tile').length == 2")
    page.wait_for_function("document.querySelector('#video video')?.videoHeight == 1920")
    assert page.eval_on_selector("#video video", "video => video.videoWidth") == 1080
    assert page.is_checked("#shape input[value=tall]")
    assert page.is_disabled("#also-tall") and page.is_enabled("#also-wide")  # it is tall already

"""Files dropped anywhere on the page."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import music, write_wav

from musvid import Recipe
from musvid._ffmpeg import executable

from .test_history import shows

if TYPE_CHECKING:
    from playwright.sync_api import Page

PROMPT = "#prompt textarea"
DROP = """([place, name, data]) => {
  const bytes = Uint8Array.from(atob(data), (one) => one.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([bytes], name));
  const target = document.querySelector(place);
  const seen = ['dragenter', 'dragover', 'drop'].map((kind) => {
    const event = new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true });
    target.dispatchEvent(event);
    const overlay = document.querySelector('#drop-overlay.on');
    return [event.defaultPrevented, Boolean(overlay)];
  });
  return seen;
}"""


def drop(page: Page, place: str, name: str, data: bytes) -> None:
    """Have a file dropped somewhere: the browser must not take it itself."""
    seen = page.evaluate(DROP, [place, name, base64.b64encode(data).decode()])
    assert seen == [[True, True], [True, True], [True, False]]


def length(page: Page, seconds: float) -> None:
    page.wait_for_function(
        "([place, seconds]) => document.querySelector(place).max == seconds",
        arg=["input[aria-label='number input for Length (s)']", seconds],
    )


@pytest.mark.deep
def test_a_song_or_settings_are_taken_wherever_they_are_dropped(page: Page, tmp_path: Path) -> None:
    song = write_wav(tmp_path / "six.wav", music(6.0)).read_bytes()
    drop(page, "#prompt textarea", "six.wav", song)
    length(page, 6)
    settings = json.dumps({"style": {"prompt": "teal coral"}}).encode()
    drop(page, "h1", "look.json", settings)
    shows(page, PROMPT, "teal coral")
    # What is nothing of it is told beside the song, which stays; on any of Gradio's own boxes too.
    for place in ("#restore", "#song"):
        drop(page, place, "text.txt", b"Nothing to hear here.")
        page.wait_for_function(
            "document.querySelector('#song-problem').innerText.includes('text.txt')"
        )
        drop(page, place, "good.json", b'{"stride": 12}')
        page.wait_for_function("!document.querySelector('#song-problem').innerText.trim()")
    length(page, 6)
    assert not page.query_selector(".toast-body")


@pytest.mark.deep
def test_a_video_is_settings_or_else_a_song(page: Page, tmp_path: Path) -> None:
    made = tmp_path / "own.mp4"
    wave = write_wav(tmp_path / "five.wav", music(5.0))
    command = [executable(), "-v", "error", "-f", "lavfi", "-i", "color=size=64x64", "-i", wave]
    subprocess.run([*command, "-shortest", made], check=True)
    drop(page, "body", "own.mp4", made.read_bytes())
    length(page, 5)
    comment = Recipe.from_json('{"style": {"prompt": "pink marble"}}').to_json()
    ours = tmp_path / "ours.mp4"
    subprocess.run(
        [executable(), "-v", "error", "-i", made, "-metadata", f"comment={comment}", ours],
        check=True,
    )
    drop(page, "body", "ours.mp4", ours.read_bytes())
    shows(page, PROMPT, "pink marble")

"""Pictures for Gradio's components."""

from __future__ import annotations

from pathlib import Path

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from musvid.page.picture import quick


def test_a_picture_is_written_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    image = gr.Image()
    slope = np.linspace(0, 255, 64).astype(np.uint8)
    frame = np.stack([np.tile(slope, (48, 1)), np.full((48, 64), 90), np.full((48, 64), 200)], 2)
    frame = frame.astype(np.uint8)
    path = quick(frame, image)
    assert tmp_path in path.parents
    shown = np.asarray(Image.open(path)).astype(int)
    assert shown.shape == frame.shape and np.abs(shown - frame).max() < 12
    before = path.stat()
    assert quick(frame, image) == path
    after = path.stat()
    # Whoever reads it meanwhile reads all of it: it is the same file, not written anew.
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert quick(255 - frame, image) != path
    assert {each.name for each in tmp_path.rglob("*") if each.is_file()} == {"image.jpeg"}

"""Frames that are kept while a render goes on: what goes in comes out, at any moment."""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
from conftest import names, psnr
from PIL import Image

from musvid.studio.spool import Spool, pack


def frames(count: int) -> list[np.ndarray]:
    """Pictures of noise, every other one mirrored, as they are stored by halves."""
    rng = np.random.default_rng(0)
    made = [rng.integers(0, 256, (16, 24, 3), np.uint8) for _ in range(count)]
    return [
        np.concatenate([frame[:, :12], frame[:, 11::-1]], 1) if index % 2 else frame
        for index, frame in enumerate(made)
    ]


def test_what_goes_in_comes_out_while_more_goes_in(tmp_path: Path) -> None:
    spool, given = Spool(tmp_path), frames(6)
    for index, frame in enumerate(given):
        spool.add("painted", index, frame)
        assert np.array_equal(list(Spool(tmp_path).read("painted")), given[: index + 1])
    assert np.array_equal(list(spool.read("painted", range(2))), given[:2])
    assert list(spool.read("painted", range(0))) == list(spool.read("guides")) == []
    spool.close()
    assert np.array_equal(list(spool.read("painted")), given)


def test_only_what_is_looked_at_becomes_a_picture(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    for index in range(9):
        spool.add("frames", index, np.full((16, 24, 3), 20 * index, np.uint8))
    shown = spool.tiles("frames", [0, 3, 8])
    assert names(tmp_path / "tiles" / "frames") == {f"00000{index}.jpeg" for index in (0, 3, 8)}
    for path, level in zip(shown, (0, 60, 160), strict=True):
        assert psnr(np.asarray(Image.open(path)), np.full((16, 24, 3), level)) > 40
    before = shown[0].stat().st_mtime_ns
    assert spool.tiles("frames", [0, 5])[0].stat().st_mtime_ns == before, "encoded once"


def test_a_zip_has_every_frame_without_loss(tmp_path: Path) -> None:
    spool, given = Spool(tmp_path), frames(4)
    for stage in ("spectrum", "frames"):
        for index, frame in enumerate(given):
            spool.add(stage, index, frame)
    with zipfile.ZipFile(pack(tmp_path, tmp_path / "all.zip")) as archive:
        assert len(archive.namelist()) == 8
        for index, frame in enumerate(given):
            picture = Image.open(BytesIO(archive.read(f"frames/00000{index}.png")))
            assert np.array_equal(np.asarray(picture), frame)

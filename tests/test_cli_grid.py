"""Values compared by the real command line in a real process."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import WriteSong, music, names, tone
from PIL import Image
from test_cli import BARE, musvid

from musvid import load_settings, read
from musvid.__main__ import main

PLAIN = BARE[: BARE.index("--interpolator")]


def test_a_moment_is_compared_as_a_picture(write_song: WriteSong, tmp_path: Path) -> None:
    write_song(music(1.0), "my song.wav")
    vary = ("--vary", "view=flat,tunnel,mosaic", "--vary", "gamma=2,5", "--at", "0.5")
    run = musvid("my song.wav", "--compare", *vary, *PLAIN, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "my song.grid.png"
    assert "view x gamma, 6 tiles of one moment" in run.stderr
    assert "tiles: 100%" in run.stderr
    assert names(tmp_path) == {"my song.wav", "my song.grid.png"}
    picture = np.asarray(Image.open(tmp_path / "my song.grid.png"))
    height, width = picture.shape[:2]
    assert width > 3 * 320 and height > 2 * 320
    tiles = [
        picture[row * height // 2 :, column * width // 3 :][:300, :300]
        for row in range(2)
        for column in range(3)
    ]
    assert len({tile.tobytes() for tile in tiles}) == 6


@pytest.mark.thorough
def test_values_are_compared_as_a_video(
    write_song: WriteSong,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_song(music(0.5))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "song.grid.mp4").write_text("a film")
    arguments = ["song.wav", "--compare", "--vary", "stride=2,4,8", *BARE, "--duration", "0.4"]
    assert main(arguments) == 0, capsys.readouterr().err
    told = capsys.readouterr()
    assert told.out == "song.grid.musvid.mp4\n"
    assert "3 tiles of 0.40 s" in told.err and "clips: 100%" in told.err
    assert len(list(read(tmp_path / "song.grid.musvid.mp4"))) == 12
    assert load_settings(tmp_path / "song.grid.musvid.mp4").stride == 2
    assert (tmp_path / "song.grid.mp4").read_text() == "a film"
    assert main([*arguments, "--overwrite", "--quiet"]) == 0
    assert len(list(read(tmp_path / "song.grid.mp4"))) == 12


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--vary", "seed=1,2"], "add --compare"),
        (["--compare", "--at", "1"], "add --vary"),
        (["--compare", "--curves-to", "a.csv"], "leave out one"),
        (["--compare", "--vary", "seed=1"], "give 2 to 9 of them"),
        (["--compare", "--vary", "seed=1,2", "--frames", "here"], "leave out --frames"),
        (["--compare", "--vary", "seed=1,2", "-o", "a.png"], "must end in .mp4"),
        (["--compare", "--vary", "seed=1,2", "--at", "0", "-o", "a.mp4"], "must end in .png"),
        (["--compare", "--vary", "seed=1,2", "--at", "5"], "5 s is not in the part"),
        (["--compare", "--vary", "strength=0,2"], "from 0 to 1"),
    ],
)
def test_what_cannot_be_compared_is_told_in_a_sentence(
    options: list[str],
    says: str,
    write_song: WriteSong,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_song(tone(440, 0.2))
    monkeypatch.chdir(tmp_path)
    assert main(["song.wav", *options, "--quiet"]) == 2
    told = capsys.readouterr().err
    assert says in told
    assert told.startswith("musvid: ") and told.count("\n") == 1
    assert names(tmp_path) == {"song.wav"}

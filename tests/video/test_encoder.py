"""Which encoder a video is made by; no machine of the tests needs a graphics card."""

from __future__ import annotations

import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
from conftest import PLAIN, WriteSong, ffmpeg, music, names, psnr, video_frames

from musvid import Clock, Recipe, SettingsError, Song, Store, Style, _ffmpeg, compare, render, write
from musvid.__main__ import main
from musvid.job import prepare, resolve
from musvid.rendering import Addresses
from musvid.studio.studio import Studio
from musvid.video import encoder as encoders

# A card that is none: its arguments are checked by x264's hand.
_CARD = """\
#!{python}
import os, sys
given, cards = sys.argv[1:], {cards}
if "h264_nvenc" in given:
    with open({log}, "a") as log:
        print(*given, file=log)
    if not cards:
        sys.exit("[h264_nvenc @ 0x5] [enc @ 0x6] Cannot load libcuda.so.1.\\n[vf] and so on")
    at = given.index("h264_nvenc")
    rest = given[given.index("high", at) + 1:]
    given = [*given[:at], "libx264", "-preset", "superfast", "-crf", "15", *rest]
os.execv({ffmpeg}, [{ffmpeg}, *given])
"""


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    for found in (encoders.refusal, _ffmpeg.executable):
        found.cache_clear()
    yield
    for found in (encoders.refusal, _ffmpeg.executable):
        found.cache_clear()


def put_card(folder: Path, monkeypatch: pytest.MonkeyPatch, *, works: bool) -> Path:
    """Put an ffmpeg into a folder that has a card, or none; returns where it notes its uses."""
    if sys.platform == "win32":
        pytest.skip("a script is no program there")
    folder.mkdir()
    program, log = folder / "ffmpeg", folder / "log"
    log.touch()
    told = {"python": sys.executable, "cards": works, "log": repr(str(log))}
    program.write_text(_CARD.format(ffmpeg=repr(imageio_ffmpeg.get_ffmpeg_exe()), **told))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(program))
    monkeypatch.setattr("sys.platform", "linux")
    return log


def uses(log: Path) -> list[str]:
    return log.read_text().splitlines()


def colours(count: int, side: int = 192) -> Iterator[np.ndarray]:
    for index in range(count):
        yield np.full((side, side, 3), (index * 7 % 256, 128, 255 - index * 5 % 256), np.uint8)


def test_each_encoder_has_its_arguments() -> None:
    processor = " ".join(encoders.arguments("libx264"))
    assert processor == "-c:v libx264 -preset superfast -crf 15"
    nvidia = " ".join(encoders.arguments("h264_nvenc"))
    assert nvidia.startswith("-c:v h264_nvenc -preset p5 -tune hq -rc vbr -cq 19 -b:v 0 ")
    assert "-c:v h264_videotoolbox -q:v 80" in " ".join(encoders.arguments("h264_videotoolbox"))


@pytest.mark.parametrize("codec", ["h264_nvenc"])
def test_ffmpeg_knows_every_argument(codec: str) -> None:
    """What it lacks here is the card, and nothing that it would say of an unknown option."""
    if f" {codec} " not in ffmpeg("-encoders").decode():
        pytest.skip(f"this ffmpeg has no {codec}")
    known = ffmpeg("-h", f"encoder={codec}").decode()
    given = encoders.arguments(codec)
    own = {"-preset", "-tune", "-rc", "-cq", "-rc-lookahead", "-spatial-aq"}
    assert own <= set(given)
    assert all(f"  {option} " in known for option in own)
    assert "option" not in encoders.refusal(codec).lower()


def test_without_a_card_auto_is_the_processor_and_gpu_is_refused(
    write_song: WriteSong, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = put_card(tmp_path / "bin", monkeypatch, works=False)
    song = Song.open(write_song(music(0.2)))

    def none() -> Iterator[np.ndarray]:
        raise AssertionError("there was work")
        yield

    assert encoders.pick("cpu") == "libx264" and not uses(log)
    assert encoders.pick() == encoders.pick("auto", (640, 480)) == "libx264"
    with pytest.raises(SettingsError) as caught:
        write(none(), song, Clock(song.duration), tmp_path / "a.mp4", encoder="gpu")
    assert str(caught.value) == (
        "No graphics card encodes videos here (Cannot load libcuda.so.1); use --encoder auto or "
        "cpu."
    )
    with pytest.raises(SettingsError, match="No graphics card"):
        render(song, output=tmp_path / "a.mp4", encoder="gpu")
    with pytest.raises(SettingsError, match="encoder"):
        encoders.pick("tpu")
    assert len(uses(log)) == 1, "it is tried once"
    assert names(tmp_path) == {"bin", "song.wav"}


def test_a_card_that_works_encodes(
    write_song: WriteSong, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = put_card(tmp_path / "bin", monkeypatch, works=True)
    song = Song.open(write_song(music(1.0)))
    clock = Clock(song.duration)
    write(colours(30), song, clock, tmp_path / "a.mp4", settings="{}")
    tried, used = uses(log)
    assert "lavfi" in tried and "a.mp4" not in tried
    both = " ".join(encoders.arguments("h264_nvenc"))
    assert both in tried and both in used
    for part in ("-colorspace bt709", "-movflags +faststart", "-map_metadata 2", "yuv420p"):
        assert part in used, "all but the encoder is the same"
    write(colours(30), song, clock, tmp_path / "b.mp4", settings="{}", encoder="cpu")
    assert len(uses(log)) == 2
    found = [video_frames(tmp_path / name, 192, 192) for name in ("a.mp4", "b.mp4")]
    assert len(found[0]) == 30 and psnr(*found) > 40
    assert encoders.pick("gpu") == "h264_nvenc"


@pytest.mark.parametrize("size", [(64, 64), (158, 200), (4098, 64)])
def test_what_a_card_cannot_encode(
    size: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_card(tmp_path / "bin", monkeypatch, works=True)
    assert encoders.pick("auto", size) == encoders.pick("gpu", size) == "libx264"
    for fits in ((160, 64), (4096, 4096)):
        assert encoders.pick("auto", fits) == encoders.pick("gpu", fits) == "h264_nvenc"


def test_macos_has_an_encoder_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is taken where it is asked for; the system's ffmpeg here does not have it."""
    monkeypatch.setattr("sys.platform", "darwin")
    with pytest.raises(SettingsError, match="videotoolbox"):
        encoders.pick("gpu")


def test_the_store_tells_encoders_apart(
    write_song: WriteSong, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = put_card(tmp_path / "bin", monkeypatch, works=True)
    song, store = write_song(music(0.3)), Store(tmp_path / "cache")
    recipe = Recipe(size=(192, 192), style=Style(strength=0))
    for number, encoder in enumerate(("cpu", "gpu", "cpu", "auto")):
        render(song, recipe, tmp_path / f"{number}.mp4", store=store, encoder=encoder)
    assert len(uses(log)) == 2, "it was tried, and encoded once"
    assert len(list((store.folder / "videos").glob("*.mp4"))) == 2
    job = prepare(song, recipe)
    cpu, gpu = (
        Addresses.of(job, None, "cpu", None, codec=codec) for codec in ("libx264", "h264_nvenc")
    )
    assert cpu.video != gpu.video and cpu.frames == gpu.frames, "frames are the same"


def test_the_command_line_passes_it_on(
    write_song: WriteSong,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    log = put_card(tmp_path / "bin", monkeypatch, works=True)
    song = str(write_song(music(0.3)))
    common = ["--strength", "0", "--size", "192", "--upscale", "1", "--quiet", "--no-cache", *PLAIN]
    for encoder, count in (("cpu", 0), ("gpu", 2)):
        path = str(tmp_path / f"{encoder}.mp4")
        assert main([song, "-o", path, *common, "--encoder", encoder]) == 0
        assert len(uses(log)) == count
    put_card(tmp_path / "other", monkeypatch, works=False)
    encoders.refusal.cache_clear()
    _ffmpeg.executable.cache_clear()
    assert main([song, *common, "--encoder", "gpu"]) == 2
    assert capsys.readouterr().err.count("No graphics card encodes videos here") == 1


@pytest.mark.thorough
def test_all_videos_of_a_comparison_are_encoded_alike(
    write_song: WriteSong, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = put_card(tmp_path / "bin", monkeypatch, works=True)
    song, dry = write_song(music(0.6)), Recipe(size=(192, 192), style=Style(strength=0))
    compare(song, dry, tmp_path / "a.mp4", encoder="cpu")
    assert not uses(log)
    compare(song, dry, tmp_path / "b.mp4", encoder="gpu")
    assert len(uses(log)) == 1 + 5 + 1, "tried; five recipes; and all in step"
    common = ["--strength", "0", "--size", "192", "--upscale", "1", "--quiet", "--no-cache", *PLAIN]
    vary = ["--compare", "--vary", "gamma=1,2", "-o", str(tmp_path / "c.mp4")]
    assert main([str(song), *vary, *common, "--encoder", "gpu"]) == 0
    assert len(uses(log)) == 7 + 2 + 1


def test_a_page_has_the_encoder_that_it_was_started_with(
    write_song: WriteSong,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from musvid.page import launch

    log = put_card(tmp_path / "bin", monkeypatch, works=True)
    dry = Recipe(size=(192, 192), style=Style(strength=0))
    job = resolve(dry, Song.open(write_song(music(0.3))))
    for encoder, count in (("cpu", 0), ("gpu", 2)):
        studio = Studio(device="cpu", encoder=encoder)
        (tmp_path / encoder).mkdir()
        (*_, last) = studio.render(job, tmp_path / encoder, stop=lambda: False)
        assert last.finished and len(uses(log)) == count
    assert launch.build_parser().parse_args(["--encoder", "cpu"]).encoder == "cpu"
    put_card(tmp_path / "other", monkeypatch, works=False)
    encoders.refusal.cache_clear()
    _ffmpeg.executable.cache_clear()
    with pytest.raises(SystemExit) as caught:
        launch.main(["--encoder", "gpu"])
    assert caught.value.code == 2
    assert capsys.readouterr().err.count("No graphics card encodes videos here") == 1

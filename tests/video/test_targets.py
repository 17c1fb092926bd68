"""What a video is for: what is filled in, what is refused, and the file itself."""

from __future__ import annotations

import re
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np
import pytest
from conftest import WriteSong, ffmpeg, music, names

from musvid import Recipe, SettingsError, load_settings, preset, render
from musvid.__main__ import main
from musvid._options import build_parser, recipe_from
from musvid.comparison.grid import Grid
from musvid.job import prepare
from musvid.paint.style import Style
from musvid.video import encoder as encoders
from musvid.video import targets
from musvid.video.naming import is_video_of_ours

BARE = Recipe(size=(64, 64), style=Style(strength=0.0), interpolator="blend")
GAP = Fraction(16, 30)  # seconds from keyframe to keyframe


@dataclass(frozen=True)
class Made:
    """What ffmpeg says of a file, and its frames, small."""

    told: str
    frames: np.ndarray

    @classmethod
    def of(cls, path: Path) -> Made:
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-i", str(path)]
        told = subprocess.run(command, capture_output=True).stderr.decode(errors="replace")
        raw = ffmpeg(
            *("-i", path, "-map", "0:v:0", "-fps_mode", "passthrough"),
            *("-vf", "scale=64:64:flags=area,format=gray", "-f", "rawvideo", "pipe:1"),
        )
        return cls(told, np.frombuffer(raw, np.uint8).reshape(-1, 64, 64))

    @property
    def seconds(self) -> float:
        hours, minutes, rest = re.search(r"Duration: (\d+):(\d+):([\d.]+)", self.told).groups()  # type: ignore[union-attr]
        return 3600 * int(hours) + 60 * int(minutes) + float(rest)

    @property
    def step(self) -> float:
        """From the last frame to the first, as a multiple of the usual step."""
        steps = np.abs(np.diff(self.frames.astype(float), axis=0)).mean((1, 2))
        back = np.abs(self.frames[-1].astype(float) - self.frames[0]).mean()
        return float(back / np.median(steps))


# The name and ending, and what ffmpeg says of the pictures.
FILES = [
    ("canvas", ".mp4", "h264 (High)", "yuv420p(tv, bt709"),
    pytest.param("reels", ".mp4", "h264 (High)", "yuv420p(tv", marks=pytest.mark.thorough),
    ("shorts", ".mp4", "h264 (High)", "yuv420p(tv, bt709"),
    pytest.param("tiktok", ".mp4", "h264 (High)", "yuv420p(tv", marks=pytest.mark.thorough),
    ("youtube", ".mp4", "h264 (High)", "yuv420p(tv, bt709"),
    pytest.param("youtube4k", ".mp4", "h264 (High)", "yuv420p(tv", marks=pytest.mark.thorough),
    ("square", ".mp4", "h264 (High)", "yuv420p(tv, bt709"),
    ("visualizer", ".mp4", "h264 (High)", "yuv420p(tv, bt709"),
    ("wallpaper", ".webm", "vp9 (Profile 0)", "yuv420p(tv, bt709"),
    ("wallpaper", ".webp", "webp_anim", "argb"),
    ("vj", ".mov", "prores (Standard)", "yuv422p10le(tv, bt709"),
    ("vj-hap", ".mov", "hap (HapY", "rgb0"),
]


@pytest.mark.parametrize(("name", "ending", "codec", "pixels"), FILES)
def test_the_file_is_what_it_is_for(
    name: str, ending: str, codec: str, pixels: str, write_song: WriteSong, tmp_path: Path
) -> None:
    target = targets.find(name)
    seconds = 6 * GAP if target.shortest else 2 * GAP
    song = write_song(np.stack([music(float(seconds) + 1)] * 2))
    recipe = BARE.aimed(name)
    recipe = Recipe.from_flat({**recipe.flat(), "duration": float(seconds)})
    (tmp_path / "out").mkdir()
    path = render(song, recipe, tmp_path / "out" / f"a{ending}")
    made = Made.of(path)
    assert codec in made.told and pixels in made.told
    width, height = target.size
    assert f", {width}x{height}" in made.told
    assert "30 fps" in made.told
    if ending == ".webp":  # frames that are alike are one that lasts longer
        data = path.read_bytes()
        assert int.from_bytes(data[4:8], "little") == len(data) - 8
        lasts = [int.from_bytes(each[16:19], "little") for each in data.split(b"ANMF")[1:]]
        assert sum(lasts) == pytest.approx(1000 * seconds, abs=2)
        assert len(made.frames) == len(lasts) <= seconds * 30
    else:
        assert len(made.frames) == seconds * 30, "to the frame"
        assert made.seconds == pytest.approx(float(seconds), abs=0.012)
    if target.sound:
        assert "Audio: aac (LC)" in made.told and "stereo" in made.told
        told = int(re.search(r"Audio: .* (\d+) kb/s", made.told)[1])  # type: ignore[index]
        assert told <= target.sound / 1000 * 1.1
    else:
        assert "Audio" not in made.told
    if target.ceiling:  # and what a buffer of a second holds
        assert 8 * path.stat().st_size < target.ceiling * (seconds + 1) + (target.sound or 0) * 4
    if target.loop:
        assert made.step <= 1
    # One of its own pictures is the cover, but not where clips are looked through.
    assert ("Video: mjpeg" in made.told) == target.labelled
    assert load_settings(path) == prepare(song, recipe).recipe
    assert is_video_of_ours(path)
    assert names(path.parent) == {path.name}
    if path.suffix == ".mp4":
        head = path.read_bytes()
        assert head.index(b"moov") < head.index(b"mdat")


@pytest.mark.parametrize("name", targets.TARGETS)
@pytest.mark.parametrize("look", ["living", "article", "mandala"])
def test_every_look_can_be_for_everything(name: str, look: str) -> None:
    target = targets.find(name)
    recipe = BARE.with_view("mandala") if look == "mandala" else preset(look).recipe
    made = recipe.aimed(name)
    made.resolve()
    assert made.view.shown == target.size and made.loop == target.loop
    assert made.view.kind == recipe.view.kind and made.style == recipe.style
    assert made.duration == target.filled
    assert Recipe.from_json(made.to_json()) == made
    assert made.aimed("").target == ""
    assert made.unseen.target == ""
    assert made.with_view("tunnel").target == name


def test_what_is_compared_is_for_nothing_in_particular() -> None:
    """Tiles are files of one kind, whatever the settings that were loaded are for."""
    recipe = BARE.aimed("vj")
    tiles = Grid.parse(["strength=0,0.5"]).recipes(recipe)
    assert {each.target for each in (*tiles, *recipe.variants().values())} == {""}


def test_a_duration_that_suits_stays() -> None:
    recipe = Recipe(duration=5.0)
    assert recipe.aimed("canvas").duration == 5
    assert recipe.aimed("youtube").duration == 5
    assert Recipe(duration=30.0).aimed("canvas").duration == 8
    assert recipe.aimed("visualizer").stride == 32
    assert Recipe.named("hybrid").aimed("visualizer").stride == 8, "nothing would be relit"
    slow = Recipe(fps=Fraction(10)).aimed("reels")
    assert slow.motion_fps == 30


CONFLICTS: list[tuple[str, dict[str, Any], str]] = [
    ("canvas", {"duration": 30.0}, "canvas takes 3 to 8 s"),
    ("canvas", {"duration": 1.0}, "canvas takes 3 to 8 s"),
    ("shorts", {"duration": 181.0}, "at most 180 s"),
    ("canvas", {"loop": False}, "leave out --no-loop"),
    ("reels", {"view.shown": "1920x1080"}, "takes 9:16, and 1920x1080 is not"),
    ("reels", {"view.shown": None}, "takes 9:16, and 64x64 is not"),
    ("canvas", {"view.shown": "360x640"}, "no side below 720"),
    ("canvas", {"view.shown": "2160x3840"}, "above 1920"),
    ("vj-hap", {"view.shown": "1280x718"}, "multiples of 4"),
]


@pytest.mark.parametrize(("name", "given", "told"), CONFLICTS)
def test_what_does_not_suit_is_one_sentence_before_a_song_is_read(
    name: str, given: dict[str, Any], told: str
) -> None:
    recipe = Recipe.from_flat({**BARE.aimed(name).flat(), **given})
    with pytest.raises(SettingsError, match=re.escape(told)) as caught:
        render("no song", recipe)
    assert str(caught.value).count("\n") == 0


def test_what_only_the_song_tells_is_told_before_work(write_song: WriteSong) -> None:
    song = write_song(music(2.0))
    with pytest.raises(SettingsError, match="3 to 900 s, and this would last 2;"):
        prepare(song, BARE.aimed("reels"))
    slow = Recipe.from_flat({**BARE.aimed("youtube").flat(), "fps": "10", "motion_fps": None})
    with pytest.raises(SettingsError, match="23 to 60 frames a second, and this has 10;"):
        prepare(song, slow)


@pytest.mark.parametrize("value", ["vimeo", "Canvas", "list", 3, None, ["canvas"], "x" * 10**6])
def test_there_is_no_other_target(value: object) -> None:
    with pytest.raises(SettingsError, match="target must be one of canvas"):
        Recipe.from_flat({"target": value})


def test_also_known_as() -> None:
    assert Recipe(target="youtube:4k").target == "youtube4k"
    assert Recipe(target="vj:hap").target == "vj-hap"


@pytest.mark.parametrize(
    ("name", "output", "told"),
    [
        ("", "a.mov", "must end in .mp4."),
        ("vj", "a.mp4", "must end in .mov, as --for vj says"),
        ("wallpaper", "a.mp4", "must end in .webm or .webp"),
        ("canvas", "a", "must end in .mp4"),
    ],
)
def test_the_name_says_the_kind(name: str, output: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        render("no song", BARE.aimed(name), output)


def test_only_h264_is_a_cards() -> None:
    for name in ("vj", "vj-hap", "wallpaper"):
        with pytest.raises(SettingsError, match="The processor encodes"):
            render("no song", BARE.aimed(name), encoder="gpu")


@pytest.mark.parametrize("codec", ["libx264", "h264_nvenc", "h264_videotoolbox"])
def test_bits_are_bounded_whatever_encodes(codec: str) -> None:
    given = encoders.arguments(codec, targets.find("youtube4k"), Fraction(60))
    pairs = [" ".join(pair) for pair in pairwise(given)]
    for wanted in ("-maxrate 68000000", "-level 5.2", "-profile:v high", "-g 30"):
        assert wanted in pairs
    assert "-maxrate" not in encoders.arguments(codec)


def test_a_number_beside_every_target() -> None:
    """Each is described where the settings are."""
    text = (Path(targets.__file__).parents[1] / "settings.md").read_text(encoding="utf-8")
    for name, target in targets.TARGETS.items():
        (row,) = (line for line in text.splitlines() if line.startswith(f"| `{name}` "))
        width, height = target.size
        assert f"{width}x{height}" in row
        for kind in target.kinds:
            assert kind.ending in row
        if target.longest:
            assert re.search(rf"\b{target.longest:g}\b", row)


def test_the_command_line_fills_in_and_other_options_win(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--for", "list"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in told] == list(targets.TARGETS)

    def asked(*options: str) -> Recipe:
        return recipe_from(build_parser().parse_args(["song", *options]))

    made = asked("--for", "youtube:4k", "--view", "flat", "--size", "256")
    assert (made.target, made.view.shown, made.size) == ("youtube4k", (3840, 2160), (256, 256))
    made = asked("--for", "canvas", "--shown", "720x1280", "--duration", "4", "--seed", "3")
    assert (made.view.shown, made.duration, made.loop) == ((720, 1280), 4, True)
    made = asked("--for", "visualizer", "--stride", "8")
    assert made.stride == 8
    assert asked("--title", "x", "--artist", "").artist == ""
    (tmp_path / "s.json").write_text(asked("--for", "reels").to_json(), encoding="utf-8")
    assert asked("--settings", str(tmp_path / "s.json")).target == "reels"
    assert asked("--settings", str(tmp_path / "s.json"), "--for", "square").view.shown == (
        1080,
        1080,
    )
    for given, said in (
        (["--for", "vimeo"], "target must be one of"),
        (["--for", "canvas", "--duration", "30"], "canvas takes 3 to 8 s"),
        (["--for", "canvas", "--no-loop"], "leave out --no-loop"),
        (["--for", "vj", "-o", "a.mp4"], "must end in .mov"),
        (["--for", "vj", "--encoder", "gpu"], "No graphics card|The processor encodes"),
        (["--for", "vj", "--compare"], "leave out --for"),
    ):
        with suppress(SystemExit):  # what argparse says
            assert main(["song.mp3", *given]) == 2
        assert re.search(said, capsys.readouterr().err), given

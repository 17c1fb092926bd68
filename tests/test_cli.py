"""The real command line in a real process."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import psutil
import pytest
from conftest import (
    PLAIN,
    ROOT,
    WriteSong,
    clicks,
    ffmpeg,
    music,
    names,
    tone,
    video_frames,
    write_wav,
)

from musvid import RECIPES, Recipe, load_settings
from musvid.__main__ import build_parser, main, recipe_from
from musvid.interpolate import names as interpolators
from musvid.paint.models import TABLE
from musvid.video.file import read_settings

Painted = tuple[subprocess.CompletedProcess[str], Path]


def environment() -> dict[str, str]:
    """No model hub, even if there is a network: these tests are about this machine."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}


def musvid(*arguments: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "musvid", *map(str, arguments)]
    return subprocess.run(
        command, cwd=cwd, env=environment(), capture_output=True, text=True, timeout=300
    )


# Nothing that needs torch, whose import takes longer than such a render.
BARE = (*PLAIN, "--strength", "0", "--size", "64", "--upscale", "1", "--interpolator", "blend")


def test_help_names_every_option_and_choice() -> None:
    shown = musvid("--help").stdout
    options = (
        "--output --start --duration --recipe --stride --before --after --interpolator --fps "
        "--size --upscale --gain --gamma --palette --tlength --count --model --prompt "
        "--negative-prompt --strength --steps --guidance --seed --device --frames --settings "
        "--no-cache --clear-cache --flavr-weights --compare"
    )
    for name in [*options.split(), *RECIPES, *interpolators(), *TABLE]:
        assert name in shown


@pytest.mark.thorough
def test_app_is_the_page() -> None:
    shown = musvid("app", "--help").stdout
    assert "--host" in shown
    assert "--share" in shown


@pytest.mark.parametrize("arguments", [["--help"], ["missing.ogg"]])
def test_nothing_heavy_is_imported_before_it_is_needed(arguments: list[str]) -> None:
    script = (
        "import sys; from musvid.__main__ import main\n"
        f"try: main({arguments})\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'diffusers', 'transformers', 'gradio', 'librosa', 'PIL'}\n"
        "sys.exit(f'imported: {heavy}' if (heavy := heavy & set(sys.modules)) else 0)"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], env=environment(), capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr


def test_a_render_without_networks_never_imports_torch(write_song: WriteSong) -> None:
    song = write_song(music(0.3))
    options = ["-o", str(song.with_suffix(".mp4")), *BARE]
    script = (
        "import sys; from musvid.__main__ import main\n"
        f"assert main({[str(song), *options]}) == 0\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], env=environment()).returncode == 0


@pytest.fixture(scope="module")
def painted(tmp_path_factory: pytest.TempPathFactory) -> Painted:
    """A song, painted by the plainest command."""
    folder = tmp_path_factory.mktemp("painted")
    song = write_wav(folder / "my song.wav", music(0.2))
    return musvid(song, "--prompt", "teal aurora", cwd=folder), folder


def test_one_command_paints_a_song(painted: Painted) -> None:
    run, folder = painted
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "my song.mp4"  # beside the user, under the song's name
    assert "0.20 s" in run.stderr
    assert "painted: 100%" in run.stderr  # a bar per stage, to its end
    assert video_frames(folder / "my song.mp4", 720, 720).shape[0] == 6
    assert names(folder) == {"my song.wav", "my song.mp4"}
    assert load_settings(folder / "my song.mp4").style.prompt == "teal aurora"


def test_painting_needs_torch_and_no_other_large_library(tmp_path: Path) -> None:
    song = write_wav(tmp_path / "a.wav", music(0.2))
    command = [sys.executable, "-X", "importtime", "-m", "musvid", song, "--preset", "article"]
    run = subprocess.run(
        [*command, "--size", "64"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr
    # A progress bar may stand on the same line.
    imported = set(re.findall(r"import time: *\d+ \| *\d+ \| +([\w.]+)", run.stderr))
    assert "torch" in imported
    assert not {"diffusers", "transformers", "librosa", "numba", "matplotlib"} & imported


def test_every_option_reaches_the_recipe(write_song: WriteSong, tmp_path: Path) -> None:
    options = {
        "start": 0.1,
        "duration": 0.5,
        "stride": 3,
        "before": 2,
        "after": 2,
        "interpolator": "motion",
        "fps": "392/16",
        "size": "128x72",
        "upscale": 3,
    }
    look = {"gain": -2.0, "gamma": 2.0, "palette": "ice", "tlength": 0.1, "count": 2}
    style = {"model": "sd-turbo", "prompt": "-x", "negative_prompt": "y", "strength": 0.0}
    style |= {"steps": 3, "guidance": 2.0, "seed": 7}
    arguments = [
        f"--{name.replace('_', '-')}={value}"
        for name, value in {**options, **look, **style, "device": "cpu"}.items()
    ]
    run = musvid(write_song(music(1.0)), "-o", tmp_path / "a.mp4", *PLAIN, *arguments, "--quiet")
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
    stored = json.loads(read_settings(tmp_path / "a.mp4"))
    options["fps"] = "49/2"
    for wanted, found in ((options, stored), (look, stored["look"]), (style, stored["style"])):
        assert wanted == {name: found[name] for name in wanted}


def test_settings_of_a_video_and_of_a_file_are_taken_and_overridden(
    write_song: WriteSong, tmp_path: Path
) -> None:
    song = write_song(music(1.0))
    one, two = tmp_path / "one.mp4", tmp_path / "two.mp4"
    assert musvid(song, "-o", one, *BARE, "--palette", "fire", "--seed", "4").returncode == 0
    assert musvid(song, "-o", two, "--settings", one).returncode == 0
    assert one.read_bytes() == two.read_bytes()
    settings = tmp_path / "mine.json"
    settings.write_text(read_settings(one))
    run = musvid(song, "-o", two, "--settings", settings, "--recipe", "every-frame", "--gamma", "2")
    assert run.returncode == 0
    changed = load_settings(two)
    assert (changed.stride, changed.look.gamma, changed.look.palette) == (1, 2.0, "fire")
    assert changed.style.seed == 4


def test_times_in_minutes_a_seed_by_chance_and_a_rate_as_others_write_it(
    write_song: WriteSong, tmp_path: Path
) -> None:
    song = write_song(music(0.3, rate=8000), rate=8000)
    seconds = np.concatenate([np.zeros(61 * 8000), music(0.5, rate=8000)])
    write_wav(song, seconds, 8000)
    options = ("--start", "1:01", "--duration", "0:00.25", "--fps", "23.976023976", "--seed", "-1")
    said, seeds = "", set()
    for name in ("a.mp4", "b.mp4"):
        run = musvid(song, "-o", tmp_path / name, *options, *BARE, cwd=tmp_path)
        assert run.returncode == 0, run.stderr
        recipe = load_settings(tmp_path / name)
        assert (recipe.start, recipe.duration) == (61, 0.25)
        assert recipe.fps == Fraction(24000, 1001)
        assert f"The seed is {recipe.style.seed}, taken at random" in run.stderr
        assert "fps 23.976023976 is taken as 24000/1001" in run.stderr
        said += run.stderr
        seeds.add(recipe.style.seed)
    assert len(seeds) == 2
    assert "Traceback" not in said


def test_several_loras_and_textual_inversions_are_one_setting() -> None:
    loras = ["--lora", "a/b:0.2 by onsets:0.6", "--lora", "c/d.safetensors/e.safetensors:2"]
    taught = ["--embedding", "a/neon", "--embedding", "b/c/d.safetensors"]
    options = build_parser().parse_args(["song.wav", *loras, *taught, "--model", "sd15"])
    style = recipe_from(options).style
    assert style.lora == "a/b:0.2 by onsets:0.6 | c/d.safetensors/e.safetensors:2"
    assert style.embedding == "a/neon | b/c/d.safetensors"
    assert Recipe.from_json(Recipe(style=style).to_json()).style == style


def test_another_model_brings_its_own_defaults(write_song: WriteSong, tmp_path: Path) -> None:
    """Steps and size of the embedded model would be wrong for Stable Diffusion."""
    song, one, two = write_song(music(0.2)), tmp_path / "one.mp4", tmp_path / "two.mp4"
    dry = (*PLAIN, "--strength", "0", "--interpolator", "blend")
    assert musvid(song, "-o", one, *dry).returncode == 0
    assert musvid(song, "-o", two, "--settings", one, "--model", "sd-turbo").returncode == 0
    turbo = load_settings(two)
    assert (turbo.size, turbo.upscale, turbo.style.steps) == ((512, 512), 1, 2)


# What is refused in a process of its own: by musvid, Python, the hub's library and argparse. What
# refuses the others is the same `main`, in this process.
PROCESSES = ("missing.ogg", "a\udcff", "nobody/nothing", "magic")


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["missing.ogg"], 1, "There is no file missing.ogg"),
        (["text.mp3"], 1, "is not a sound file"),
        (["mute.mp4"], 1, "has no sound"),
        (["empty.wav"], 1, "holds no sound"),
        (["song.wav", "--start", "99"], 2, "beyond the end"),
        (["song.wav", "--start=-1"], 2, "start"),
        (["song.wav", "--duration", "0"], 2, "duration"),
        (["song.wav", "--duration", "nan"], 2, "duration"),
        (["song.wav", *PLAIN, "-o", "a.avi"], 2, "must end in .mp4"),
        (["missing.ogg", "-o", "a.avi"], 2, "must end in .mp4"),  # before a song is listened to
        (["song.wav", *PLAIN, "-o", "no/such/folder/a.mp4"], 1, "does not exist"),
        (["song.wav", "--model", "skech"], 2, "no model 'skech'"),
        # What imports diffusers first; tests/paint has the sentences of every kind of model.
        pytest.param(
            *(["song.wav", "--model", "nobody/nothing"], 1, "forbids to download it"),
            marks=pytest.mark.deep,
        ),
        (["song.wav", "--model", "folder"], 2, "not a diffusers model"),
        pytest.param(
            *(
                ["song.wav", "--model", "text.safetensors"],
                1,
                "cannot be read as a .safetensors file",
            ),
            marks=pytest.mark.thorough,
        ),
        (["song.wav", "--stride", "0"], 2, "stride"),
        (["song.wav", "--fps", "1/0"], 2, "fps"),
        (["song.wav", "--fps", "1e9999999"], 2, "fps must be a number"),
        (["song.wav", "--start", "1:75"], 2, "'1:75' is no time"),
        (["song.wav", "--stride", "9" * 100_000], 2, "no whole number"),
        pytest.param(
            *(["song.wav", "--prompt", "a\udcff"], 2, "no letter in UTF-8"),
            marks=pytest.mark.skipif(sys.platform == "win32", reason="arguments are UTF-16"),
        ),
        (["song.wav", "--size", "100"], 2, "multiples of 8"),
        (["song.wav", "--strength", "1.5"], 2, "strength"),
        (["song.wav", "--strength", "x"], 2, "'x' is no number"),
        (["song.wav", "--seed", "-5"], 2, "seed"),
        (["song.wav", "--interpolator", "magic"], 2, "invalid choice"),
        (
            ["song.wav", *BARE, "--interpolator", "flavr", "--flavr-weights", "text.pth"],
            1,
            "not a FLAVR checkpoint",
        ),
        # before a song is looked for
        (["missing.wav", "--flavr-weights", "missing.pth"], 1, "no FLAVR checkpoint"),
        (["song.wav", "--settings", "song.wav"], 2, "holds no settings"),
        (["song.wav", "--settings", "missing.json"], 2, "no settings file"),
        (["song.wav", *PLAIN, "--frames", "text.mp3"], 1, "cannot be made"),
        ([], 2, "SONG"),
    ],
)
def test_errors_are_one_sentence(
    arguments: list[str],
    code: int,
    says: str,
    write_song: WriteSong,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_song(tone(440, 0.5))
    write_song(np.zeros(0), "empty.wav")
    (tmp_path / "text.mp3").write_text("These are words. " * 99)
    (tmp_path / "text.pth").write_text("These are words. " * 99)
    (tmp_path / "text.safetensors").write_text("These are words. " * 99)
    (tmp_path / "folder").mkdir()
    if "mute.mp4" in arguments:
        ffmpeg("-f", "lavfi", "-i", "color=red:s=64x64:d=1", tmp_path / "mute.mp4")
    before = names(tmp_path)
    if arguments and arguments[-1] in PROCESSES:
        run = musvid(*arguments, cwd=tmp_path)
        returned, told = run.returncode, run.stderr
    else:
        monkeypatch.chdir(tmp_path)
        try:
            returned = main(arguments)
        except SystemExit as end:  # argparse's own refusal
            returned = int(end.code or 0)
        told = capsys.readouterr().err
    assert returned == code, told
    assert says in told
    assert "Traceback" not in told
    message = told.strip().splitlines()[-1]
    assert len(message) < 600
    assert message.startswith(("musvid: ", "python -m musvid: error: "))
    assert names(tmp_path) == before  # no half-written file, no folder


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    run = musvid("missing.ogg", "--debug", cwd=tmp_path)
    assert run.returncode == 1
    assert "Traceback" in run.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_stopping_leaves_no_file_and_no_process(
    number: str, write_song: WriteSong, tmp_path: Path
) -> None:
    song = write_song(music(120.0))
    output = tmp_path / "out"
    output.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "musvid", song, "-o", output / "a.mp4", *BARE, "--fps", "240"],
        env=environment(),
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not any(output.iterdir()):  # until it writes
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.Signals[number])
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Stopped" in errors
    assert "Traceback" not in errors
    assert not any(output.iterdir())
    deadline = time.monotonic() + 10
    while any(str(song) in " ".join(each) for each in commands()):
        # One that was just starting ends by itself, when it finds that nobody listens.
        assert time.monotonic() < deadline, "an ffmpeg lives on"
        time.sleep(0.05)


def commands() -> list[list[str]]:
    return [one.info["cmdline"] or [] for one in psutil.process_iter(["cmdline"])]


def test_the_cache_is_used_left_out_and_cleared(write_song: WriteSong, tmp_path: Path) -> None:
    song, cache = write_song(music(0.5)), Path(os.environ["MUSVID_CACHE"])

    def kept() -> int:
        return sum(path.is_file() for path in cache.rglob("*") if path.parent != cache)

    one, two = tmp_path / "one.mp4", tmp_path / "two.mp4"
    assert musvid(song, "-o", one, *BARE, "--no-cache").returncode == 0
    assert not cache.exists()
    assert musvid(song, "-o", one, *BARE).returncode == 0
    filled = kept()
    assert filled == 2  # a strip of the spectrum, and the video
    assert musvid(song, "-o", two, *BARE).returncode == 0
    assert kept() == filled
    assert one.read_bytes() == two.read_bytes()
    assert musvid("--clear-cache").returncode == 0
    assert not kept()


@pytest.mark.parametrize("folder", [".", "song.wav/x", "~nosuchuser/x", "x" * 300])
def test_a_cache_that_cannot_be_used_is_told_and_left_out(
    folder: str, write_song: WriteSong, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MUSVID_CACHE", folder)  # the first one holds the song
    song = write_song(music(0.3))
    run = musvid(song, *BARE, "--quiet", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert "MUSVID_CACHE" in run.stderr
    assert run.stderr.count("\n") == 1
    assert names(tmp_path) == {"song.wav", "song.mp4"}
    assert musvid("--clear-cache", cwd=tmp_path).returncode == 1, "which asks for it"


# An account without a home folder, as the system of a container may have it, and where nothing can
# be written beside librosa.
NOBODY = """
import os, pwd, tempfile
os.environ.pop("HOME", None)
def nobody(number):
    raise KeyError(f"getpwuid(): uid not found: {number}")
pwd.getpwuid = nobody
make = tempfile.TemporaryFile
def refuse(*given, dir=None, **more):
    if dir is not None and not str(dir).startswith(tempfile.gettempdir()):
        raise PermissionError(13, "Permission denied", str(dir))
    return make(*given, dir=dir, **more)
tempfile.TemporaryFile = refuse
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs the accounts of Linux")
@pytest.mark.parametrize(
    "options",
    [
        ["--strength", "0"],
        # What numba compiles is compiled anew.
        pytest.param(
            ["--compare", "--lock", "1/4", "--strength-by", "onsets", "--upscale", "1"],
            marks=pytest.mark.deep,
        ),
    ],
)
def test_an_account_without_a_home_renders(
    options: list[str], write_song: WriteSong, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    song = write_song(clicks(np.arange(0.25, 4, 0.5), 4.0))
    folder, site = tmp_path / "here", tmp_path / "site"
    folder.mkdir()
    site.mkdir()
    (site / "sitecustomize.py").write_text(NOBODY)
    for name in ("MUSVID_CACHE", "XDG_CACHE_HOME", "NUMBA_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "musvid",
            song,
            "--size",
            "64",
            "--fps",
            "8",
            "--quiet",
            *PLAIN,
            *options,
        ],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(site), str(ROOT)))},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr
    assert "no such home folder" in run.stderr
    made = "song.compare" if "--compare" in options else "song"
    assert f"{made}.mp4" in names(folder)
    assert not [name for name in names(folder) if name.startswith("~")], "a folder called ~"
    assert not [name for name in names(tmp_path) if "numba" in name], "left behind"

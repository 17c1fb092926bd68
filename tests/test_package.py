"""The package: what is built, and that it works away from the repository."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import urllib.request
import venv
import zipfile
from pathlib import Path

import pytest
from conftest import ROOT, music, write_wav
from packaging.requirements import Requirement
from running import running_page

pytestmark = pytest.mark.thorough

FILES = (
    *("pyproject.toml", "setup.py", "MANIFEST.in", "requirements.txt"),
    *("README.md", "CHANGELOG.md", "LICENSE"),
)


def run(*command: str | Path, cwd: Path) -> str:
    """What a command prints. Nothing of the repository is in its environment."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**environment, "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        timeout=300,
        encoding="utf-8",
        errors="replace",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel. It is made of the source distribution, and that of a copy of the sources."""
    folder = tmp_path_factory.mktemp("package")
    source, made = folder / "source", folder / "made"
    for name in ("musvid", "examples", "tests"):
        ignored = shutil.ignore_patterns("__pycache__", "*.part")
        shutil.copytree(ROOT / name, source / name, ignore=ignored)
    for name in FILES:
        shutil.copy(ROOT / name, source)
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", made, cwd=source)
    assert len(list(made.glob("musvid-*.tar.gz"))) == 1
    (wheel,) = made.glob("musvid-*.whl")
    return wheel


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel in it. It sees the other packages of this one."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    scripts = sysconfig.get_path("scripts", "venv", {"base": str(folder)})
    python = Path(scripts) / ("python.exe" if sys.platform == "win32" else "python")
    site = sysconfig.get_path("purelib", "venv", {"base": str(folder)})
    others = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (Path(site) / "others.pth").write_text("\n".join(sorted(others)) + "\n", encoding="utf-8")
    # musvid itself may be among the others; pip leaves that one alone.
    options = ("--no-deps", "--no-index", "--ignore-installed", "--quiet")
    run(python, "-m", "pip", "install", *options, wheel, cwd=folder)
    return python


def test_the_wheel_holds_what_musvid_needs(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
    sources = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "musvid").rglob("*")
        if path.is_file() and path.suffix not in (".pyc", ".pyo")
    }
    songs = {f"musvid/examples/{path.name}" for path in (ROOT / "examples").glob("*.ogg")}
    assert {"musvid/page/static/page.css", "musvid/README.md"} <= sources
    assert len([name for name in sources if name.endswith(".safetensors")]) >= 4
    assert songs == {"musvid/examples/loop.ogg", "musvid/examples/nocturne.ogg"}
    assert {name for name in held if ".dist-info/" not in name} == sources | songs


def test_the_wheel_asks_for_what_requirements_name(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
        metadata = archive.read(name).decode("utf-8").splitlines()
    lines = [line.split(": ")[1] for line in metadata if line.startswith("Requires-Dist: ")]
    asked = [Requirement(line) for line in lines]
    named = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert [one for one in asked if not one.marker] == [Requirement(line) for line in named]
    # Nothing of the extra is installed by who does not ask for it.
    more = [one for one in asked if one.marker]
    extras = {"ray": "cluster", "demucs": "stems", "beat_this": "beats"}
    assert {one.name: str(one.marker) for one in more} == {
        name: f'extra == "{extra}"' for name, extra in extras.items()
    }
    assert "License-Expression: MIT" in metadata


def test_the_command_works_away_from_the_repository(python: Path, tmp_path: Path) -> None:
    shown = run(python, "-c", "import musvid; print(musvid.__file__)", cwd=tmp_path)
    assert Path(shown.strip()).is_relative_to(python.parents[1])
    command = python.with_name("musvid" + python.suffix)
    assert "usage: musvid [" in run(command, "--help", cwd=tmp_path)
    write_wav(tmp_path / "song.wav", music(0.7))
    # What it paints and what it interpolates with is in the wheel.
    small = ("--size", "64", "--upscale", "1", "--interpolator", "flavr", "--no-cache", "--quiet")
    run(command, "song.wav", *small, cwd=tmp_path)
    assert (tmp_path / "song.mp4").stat().st_size > 1000


def test_its_page_has_the_example_songs(python: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    command = (python.with_name("musvid" + python.suffix), "app")
    loop = next(python.parents[1].rglob("musvid/examples/loop.ogg"))
    page = running_page(tmp_path / "page", command=command, cwd=tmp_path / "elsewhere")
    with page as address:
        shown = urllib.request.urlopen(f"{address}/gradio_api/file={loop}", timeout=60).read()
    assert shown == (ROOT / "examples" / "loop.ogg").read_bytes()

"""Sounds whose right answer is known, and ways to look into finished videos."""

from __future__ import annotations

import functools
import gc
import os
import re
import subprocess
import uuid
import wave
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

# As musvid sets it, but before any test imports torch by itself.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# Beats are found by musvid itself, whatever is installed.
os.environ.setdefault("MUSVID_BEATS", "own")
# With a test on every core (-n), torch is quickest with one thread a test; the page and the command
# line that a test starts inherit it.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
RATE = 44100

WriteSong = Callable[..., Path]


# The files that take the longest, which come first: with two processes (-n 2), one of them would
# otherwise begin a long one when the other has nothing left to do.
LONGEST = (
    *("test_page", "test_faults", "test_render", "test_cli", "test_hostile", "test_models"),
    *("test_flavr_training", "test_studio", "test_training", "test_package", "test_video"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first."""
    place = {name: index for index, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.stem, len(LONGEST)))


def pytest_collection_finish() -> None:
    """What the tests import stays: whoever collects garbage need not look through it each time."""
    gc.collect()
    gc.freeze()


def pytest_make_parametrize_id(val: object) -> str | None:
    """A short name for a long value: the name of a test is in the environment of processes."""
    if isinstance(val, str) and len(val) > 80:
        return f"{val[:40]}..."
    return "giant" if isinstance(val, int) and val.bit_length() > 200 else None


@pytest.fixture(scope="session", autouse=True)
def _no_cache_of_the_user(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What a fixture of a module renders is not found in a cache that was there before."""
    os.environ["MUSVID_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test has a cache of its own, and the user's is left alone."""
    folder = tmp_path_factory.getbasetemp() / f"cache-{uuid.uuid4().hex[:8]}"
    monkeypatch.setenv("MUSVID_CACHE", str(folder))


def ffmpeg(*arguments: str | Path) -> bytes:
    """Run ffmpeg for a test's own files; what it writes to standard output."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-y", *arguments]
    return subprocess.run([str(part) for part in command], check=True, capture_output=True).stdout


def clicks(times: Sequence[float], duration: float, rate: int = RATE) -> np.ndarray:
    """A click track: one millisecond of noise at each time."""
    sound = np.zeros(round(duration * rate))
    noise = np.random.default_rng(1).uniform(-0.9, 0.9, rate // 1000)
    for time in times:
        first = round(time * rate)
        sound[first : first + len(noise)] = noise[: len(sound) - first]
    return sound


def tone(frequency: float, duration: float, level: float = 0.5, rate: int = RATE) -> np.ndarray:
    """A sine."""
    return level * np.sin(2 * np.pi * frequency * np.arange(round(duration * rate)) / rate)


def music(duration: float, rate: int = RATE, seed: int = 0) -> np.ndarray:
    """Notes of a random melody over a bass: something with structure everywhere."""
    rng = np.random.default_rng(seed)
    sound = np.zeros(round(duration * rate))
    time = np.arange(rate) / rate  # each note has faded after a second
    for start in np.arange(0, duration, 0.25):
        pitch = 110 * 2 ** (rng.integers(0, 36) / 12)
        rest = sound[round(start * rate) :][:rate]
        rest += (0.3 * np.sin(2 * np.pi * pitch * time) * np.exp(-6 * time))[: len(rest)]
    return 0.8 * sound / max(1e-9, np.abs(sound).max())


def write_wav(path: Path, sound: np.ndarray, rate: int = RATE) -> Path:
    """Samples (mono, or one row per channel) as a 16-bit WAV file."""
    channels = np.atleast_2d(sound)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.rint(channels.T * 32767).astype("<i2").tobytes())
    return path


@pytest.fixture
def write_song(tmp_path: Path) -> WriteSong:
    """Write samples as a WAV file of some name."""

    def write(sound: np.ndarray, name: str = "song.wav", *, rate: int = RATE) -> Path:
        return write_wav(tmp_path / name, sound, rate)

    return write


PLAIN = ("--view", "flat", "--direction", "none", "--embers", "0", "--story", "off")
"""Options of a command line that is about something else than how pictures live: nothing is
listened to for them, and frames are shown as they are."""


def video_frames(path: Path, width: int, height: int, pixels: str = "gray") -> np.ndarray:
    """All pictures of a video, as it stores them: uint8, (count, height, width[, 3])."""
    raw = ffmpeg(
        *("-i", path, "-map", "0:v:0", "-fps_mode", "passthrough"),
        *("-f", "rawvideo", "-pix_fmt", pixels, "pipe:1"),
    )
    shape = (-1, height, width) if pixels == "gray" else (-1, height, width, 3)
    return np.frombuffer(raw, np.uint8).reshape(shape)


def sound_seconds(path: Path) -> Fraction:
    """The length of a file's sound, from its decoded samples."""
    info = subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-i", str(path)], capture_output=True, text=True
    ).stderr
    found = re.search(r"Audio:.*?(\d+) Hz", info)
    assert found, info
    raw = ffmpeg("-i", path, "-map", "0:a", "-ac", "1", "-f", "s16le", "pipe:1")
    return Fraction(len(raw) // 2, int(found.group(1)))


def names(folder: Path) -> set[str]:
    """The names of everything in a folder, hidden files included."""
    return {path.name for path in folder.iterdir()}


def read_frames(folder: Path, stage: str, count: int) -> Iterator[np.ndarray]:
    """The first frames of a stage, as `render` saves them in a folder."""
    for index in range(count):
        with Image.open(folder / stage / f"{index:06d}.png") as picture:
            yield np.asarray(picture.convert("RGB"))


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    """Peak signal-to-noise ratio of two 8-bit pictures (or stacks) in dB."""
    error = np.mean((one.astype(float) - other.astype(float)) ** 2)
    return float(10 * np.log10(255**2 / error)) if error else float("inf")


@pytest.fixture(scope="session")
def recordings() -> list[Path]:
    """The shared recordings; the test skips where they are absent."""
    found = sorted((SHARED / "audio").glob("*.ogg"))
    if not found:
        pytest.skip("the shared recordings are not here")
    return found


Zoo = Callable[[str], Path]


@pytest.fixture(scope="session")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Zoo:
    """What a builder of tiny_models makes, by the builder's name."""
    import tiny_models  # and with it diffusers

    folder = tmp_path_factory.mktemp("zoo")
    return functools.cache(lambda name: getattr(tiny_models, name)(folder / name))


@pytest.fixture(scope="module")
def one_core() -> Iterator[None]:
    """Tests of tiny models that each go by one core."""
    # With models this small, cores that wait for each other cost more than they gain, and much
    # more where torch was imported before musvid could tell its threads to sleep meanwhile.
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("musvid._device.cores", lambda: 1)
        yield
    torch.set_num_threads(before)

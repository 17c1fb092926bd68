"""The store by itself: what is kept, found again, noticed and forgotten."""

from __future__ import annotations

import errno
import os
import shutil
import struct
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT

from musvid import OutputError, SettingsError
from musvid._packing import pack, unpack
from musvid.store import (
    STRIP,
    Store,
    address,
    content_of,
    default_folder,
    default_limit,
    usable,
)


def pictures(count: int, seed: int = 0) -> list[np.ndarray]:
    """Noise, of which every second picture is mirrored."""
    made = list(np.random.default_rng(seed).integers(0, 256, (count, 16, 24, 3), np.uint8))
    for picture in made[::2]:
        picture[:, 12:] = picture[:, :12][:, ::-1]
    return made


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "cache")


class Counted:
    """A stage that counts what it makes: frames inverted, or pictures drawn."""

    def __init__(self, drawn: list[np.ndarray] | None = None) -> None:
        self.drawn, self.made, self.runs = drawn or [], 0, 0

    def draw(self) -> Iterator[np.ndarray]:
        self.runs += 1
        for picture in self.drawn:
            self.made += 1
            yield picture

    def paint(self, frames: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
        self.runs += 1
        for frame in frames:
            self.made += 1
            yield 255 - frame


def files(store: Store, kind: str) -> list[Path]:
    return sorted(path for path in (store.folder / kind).rglob("*") if path.is_file())


def leftovers(store: Store) -> list[Path]:
    return [path for path in (store.folder / "desks").rglob("*") if path.suffix != ".lock"]


# Addresses.


def test_addresses_tell_settings_apart_and_only_those() -> None:
    assert address({"a": 1, "b": 2.5}) == address({"b": 2.5, "a": 1})
    different = [{"a": 1}, {"a": 2}, {"b": 1}, {"a": "1"}, {"a": None}, [{"a": 1}]]
    assert len({address(each) for each in different}) == len(different)


def test_a_sound_is_its_content_whatever_its_name(tmp_path: Path) -> None:
    for name, content in (("a", b"one"), ("b", b"one"), ("c", b"two")):
        (tmp_path / name).write_bytes(content)
    one, same, other = (content_of(tmp_path / name) for name in "abc")
    assert one == same != other


# Spectra.


@pytest.mark.parametrize("count", [1, STRIP - 1, STRIP, STRIP + 1, 3 * STRIP + 5])
def test_a_spectrum_is_drawn_once(store: Store, count: int) -> None:
    stage = Counted(pictures(count))
    for _ in range(3):
        made = list(store.spectrum("ab12", count, stage.draw))
        np.testing.assert_array_equal(made, stage.drawn)
    assert (stage.runs, stage.made) == (1, count)


def test_the_last_strip_is_kept_although_nobody_asks_for_more(store: Store) -> None:
    stage = Counted(pictures(40))
    for _ in range(2):
        made = store.spectrum("ab12", 40, stage.draw)
        np.testing.assert_array_equal(list(islice(made, 40)), stage.drawn)
        made.close()
    assert stage.runs == 1


def test_a_spectrum_that_was_stopped_goes_on(store: Store) -> None:
    stage = Counted(pictures(100))
    begun = store.spectrum("ab12", 100, stage.draw)
    for _ in range(2 * STRIP + 3):
        next(begun)
    begun.close()
    assert len(files(store, "spectra")) == 2
    np.testing.assert_array_equal(list(store.spectrum("ab12", 100, stage.draw)), stage.drawn)
    assert stage.runs == 2
    assert len(files(store, "spectra")) == 4


def test_a_longer_or_shorter_clip_uses_the_strips_that_fit(store: Store) -> None:
    stage = Counted(pictures(80))
    list(store.spectrum("ab12", 40, Counted(stage.drawn[:40]).draw))
    np.testing.assert_array_equal(list(store.spectrum("ab12", 80, stage.draw)), stage.drawn)
    np.testing.assert_array_equal(list(store.spectrum("ab12", 35, stage.draw)), stage.drawn[:35])
    assert stage.runs == 1


# Paintings.


def test_what_is_known_is_not_painted_again(store: Store) -> None:
    frames, stage = pictures(9), Counted()
    for _ in range(3):
        made = list(store.paintings(frames, "style", stage.paint))
        np.testing.assert_array_equal(made, [255 - frame for frame in frames])
    assert stage.made == 9
    list(store.paintings(frames, "another style", stage.paint))
    assert stage.made == 18


@pytest.mark.parametrize("known", [[0], [8], [3, 4], [0, 2, 4, 6, 8], [1, 3, 5, 7], range(9)])
def test_known_and_new_paintings_come_in_order(store: Store, known: list[int]) -> None:
    frames, stage = pictures(9), Counted()
    list(store.paintings([frames[index] for index in known], "style", stage.paint))
    made = list(store.paintings(iter(frames), "style", stage.paint))
    np.testing.assert_array_equal(made, [255 - frame for frame in frames])
    assert stage.made == 9


def test_paintings_that_were_stopped_go_on(store: Store) -> None:
    frames, stage = pictures(9), Counted()
    begun = store.paintings(frames, "style", stage.paint)
    for _ in range(4):
        next(begun)
    begun.close()
    assert len(list(store.paintings(frames, "style", stage.paint))) == 9
    assert stage.made == 9


def test_no_frame_is_asked_for_before_its_time(store: Store) -> None:
    """Whether it is known or not: a preview shows what there is."""
    frames = pictures(9)
    for _ in range(2):
        source = iter(frames)
        made = store.paintings(source, "style", Counted().paint)
        for _ in range(4):
            next(made)
        assert len(list(source)) == 5
        made.close()


def test_an_error_while_painting_loses_nothing(store: Store) -> None:
    frames, stage = pictures(9), Counted()

    def failing(given: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
        for index, frame in enumerate(given):
            if index == 5:
                raise KeyError("the model failed")
            yield 255 - frame

    with pytest.raises(KeyError):
        list(store.paintings(frames, "style", failing))
    list(store.paintings(frames, "style", stage.paint))
    assert stage.made == 4


# Fits.


def test_numbers_are_fitted_once_and_come_back_to_the_bit(store: Store) -> None:
    numbers, made = (0.1 + 0.2, -1.0, 2.2, 1e-300), []

    def make() -> tuple[float, ...]:
        made.append(1)
        return numbers

    assert [store.fit("ab12", make) for _ in range(3)] == [numbers] * 3
    assert store.fit("cd34", make) == numbers
    assert len(made) == 2


@pytest.mark.parametrize("harm", ["", "0.1 0.2", "{} 0.1 nonsense", "\udcff"])
def test_damaged_numbers_are_made_again(store: Store, harm: str) -> None:
    store.fit("ab12", lambda: (1.0, 2.0))
    (path,) = files(store, "fits")
    harm = harm.format(path.read_text().partition(" ")[0])
    path.write_text(harm, "utf-8", errors="surrogateescape")
    assert store.fit("ab12", lambda: (3.0, 4.0)) == (3.0, 4.0)
    assert store.fit("ab12", lambda: (5.0, 6.0)) == (3.0, 4.0)


# Damage.


@pytest.mark.parametrize("harm", ["empty", "half", "flip", "junk", "last byte", "folder"])
def test_damage_is_noticed_and_made_again(store: Store, harm: str) -> None:
    frames, stage = pictures(3), Counted()
    list(store.paintings(frames, "style", stage.paint))
    for path in files(store, "paintings"):
        content = bytearray(path.read_bytes())
        if harm == "empty":
            content.clear()
        elif harm == "half":
            del content[len(content) // 2 :]
        elif harm == "flip":
            content[len(content) // 2] ^= 4
        elif harm == "junk":
            content[:] = os.urandom(len(content))
        elif harm == "last byte":
            del content[-1]
        path.unlink()
        if harm == "folder":
            path.mkdir()
        else:
            path.write_bytes(content)
    for _ in range(2):
        made = list(store.paintings(frames, "style", stage.paint))
        np.testing.assert_array_equal(made, [255 - frame for frame in frames])
    assert stage.made == (9 if harm == "folder" else 6), "what is in the way stays there"


@pytest.mark.parametrize("harm", ["empty", "half", "flip"])
def test_a_damaged_video_is_noticed(store: Store, harm: str, tmp_path: Path) -> None:
    video = tmp_path / "a.mp4"
    video.write_bytes(os.urandom(5000))
    assert store.video("ab12") is None
    store.keep_video("ab12", video)
    kept = store.video("ab12")
    assert kept is not None
    assert kept.read_bytes() == video.read_bytes()
    content = bytearray(kept.read_bytes())
    if harm == "empty":
        content.clear()
    elif harm == "half":
        del content[2500:]
    else:
        content[2500] ^= 4
    kept.write_bytes(content)
    assert store.video("ab12") is None
    assert not files(store, "videos")
    store.keep_video("ab12", video)
    assert store.video("ab12")


# Size.


def test_what_was_not_used_for_longest_goes_first(tmp_path: Path) -> None:
    frames = pictures(40)
    store = Store(tmp_path / "cache", limit=20_000)
    list(store.paintings(frames, "style", Counted().paint))
    for age, frame in enumerate(frames):
        os.utime(store._painting(frame, "style"), (1000 - age, 1000 - age))
    stage = Counted()
    list(store.paintings(frames[30:35], "style", stage.paint))  # old, but used now
    store.trim()
    assert sum(path.stat().st_size for path in files(store, "paintings")) <= 20_000
    list(store.paintings(frames[30:35] + frames[:5], "style", stage.paint))
    assert stage.made == 0
    list(store.paintings(frames[36:], "style", stage.paint))
    assert stage.made == 4


def test_the_limit_holds_while_frames_come_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("musvid.store._TRIM_EVERY", 5_000)
    store = Store(tmp_path / "cache", limit=20_000)
    for seed in range(20):
        list(store.paintings(pictures(10, seed), "style", Counted().paint))
        assert sum(path.stat().st_size for path in files(store, "paintings")) <= 27_000


def test_everything_can_be_forgotten(store: Store) -> None:
    list(store.paintings(pictures(3), "style", Counted().paint))
    list(store.spectrum("ab12", 3, Counted(pictures(3)).draw))
    store.clear()
    assert not files(store, "paintings") + files(store, "spectra")
    stage = Counted()
    list(store.paintings(pictures(3), "style", stage.paint))
    assert stage.made == 3


# The folder.


def test_the_variables_say_where_and_how_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MUSVID_CACHE", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("MUSVID_CACHE_GB", "0.5")
    assert default_folder() == tmp_path / "elsewhere"
    assert default_limit() == 500_000_000
    assert Store().folder == tmp_path / "elsewhere"
    for wrong in ("much", "-1", "nan"):
        monkeypatch.setenv("MUSVID_CACHE_GB", wrong)
        with pytest.raises(SettingsError, match="gigabytes"):
            default_limit()


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(OutputError, match="other things"):
        Store(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_store_that_another_process_is_making_is_no_foreign_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever looks first at what is there, and then for the mark, finds both or neither."""
    (tmp_path / "cache").mkdir()
    look = Path.exists

    def exists(path: Path) -> bool:
        found = look(path)
        if path.name == "musvid-cache" and not found:
            path.touch()  # just now, by the other one
        return found

    monkeypatch.setattr(Path, "exists", exists)
    assert Store(tmp_path / "cache").folder.is_dir()


def test_the_limit_is_looked_after_again_and_again(tmp_path: Path) -> None:
    """A lock that was never let go would let only the first look through."""
    store = Store(tmp_path / "cache", limit=1000)
    for seed in range(3):
        list(store.paintings(pictures(3, seed), "style", Counted().paint))
        store.trim()
        assert sum(path.stat().st_size for path in files(store, "paintings")) <= 1000
    other = Store(tmp_path / "cache", limit=0)
    other.trim()
    assert not files(other, "paintings")


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="MUSVID_CACHE"):
        Store(tmp_path / "file" / "cache")


@pytest.mark.parametrize("named", ["~nosuchuser/x", ""])
def test_a_cache_without_a_home_is_an_error(
    named: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def nobody(*_: object) -> None:
        raise RuntimeError("could not determine the home directory")

    monkeypatch.setenv("MUSVID_CACHE", named)
    monkeypatch.setattr("platformdirs.user_cache_path", nobody)
    with pytest.raises(OutputError, match="no such home folder"):
        default_folder()
    assert usable() is None
    assert len(caplog.records) == 1


# Trouble while it works.


def test_a_folder_that_is_removed_is_made_again(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """As by whoever clears the cache while a page runs."""
    frames, stage = pictures(6), Counted()
    made = store.paintings(frames, "style", stage.paint)
    next(made)
    for _ in range(2):
        shutil.rmtree(store.folder)
        next(made)
    assert len(list(made)) == 3
    shutil.rmtree(store.folder)
    assert len(list(store.spectrum("ab12", 3, Counted(pictures(3)).draw))) == 3
    store.trim()
    assert store.video("ab12") is None
    list(store.paintings(frames, "style", stage.paint))
    made_before = stage.made
    list(store.paintings(frames, "style", stage.paint))
    assert stage.made == made_before, "it is kept again"
    assert not caplog.records


def test_threads_make_a_removed_folder_again(store: Store) -> None:
    frames = pictures(60)
    counted = [Counted() for _ in range(4)]

    def work(stage: Counted, seed: int) -> None:
        made = list(store.paintings(pictures(60, seed), "s", stage.paint))
        assert len(made) == len(frames)

    threads = [
        threading.Thread(target=work, args=(stage, seed)) for seed, stage in enumerate(counted)
    ]
    for thread in threads:
        thread.start()
    for _ in range(5):
        time.sleep(0.02)
        shutil.rmtree(store.folder, ignore_errors=True)
    for thread in threads:
        thread.join()
    assert [stage.made for stage in counted] == [60] * 4


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EDQUOT])
def test_what_cannot_be_written_is_told_once(
    number: int,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
) -> None:
    """A disk that is full from some moment on, and has room again later."""
    full, tried, clock = [False], [], [1000.0]
    write = Path.write_bytes

    def write_bytes(path: Path, content: bytes) -> int:
        if full[0] and store.folder in path.parents:
            tried.append(path)
            write(path, content[:10])
            raise OSError(number, os.strerror(number))
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", write_bytes)
    monkeypatch.setattr("musvid.store.time.monotonic", lambda: clock[0])
    frames, stage = pictures(9), Counted()
    made = store.paintings(frames, "style", stage.paint)
    for index, painting in enumerate(made):
        np.testing.assert_array_equal(painting, 255 - frames[index])
        full[0] = index >= 3
    (tmp_path / "a.mp4").write_text("a video")
    store.keep_video("ab12", tmp_path / "a.mp4")
    list(store.spectrum("ab12", 3, Counted(pictures(3)).draw))
    assert len(caplog.records) == len(tried) == 1, "what is left of the disk is for the video"
    assert os.strerror(number) in caplog.text
    assert len(files(store, "paintings")) == 4
    assert not [path for path in leftovers(store) if path.is_file()]
    clock[0] += 100
    list(store.paintings(frames, "style", stage.paint))
    assert len(caplog.records) == 1, "told before"
    full[0] = False
    clock[0] += 100
    list(store.paintings(frames, "style", stage.paint))
    assert len(files(store, "paintings")) == 9


# Several at a time, and those that died.

WRITER = """
import sys, time
import numpy as np
from musvid.store import Store
store = Store(sys.argv[1])
print("ready", flush=True)
frames = list(np.random.default_rng(int(sys.argv[2])).integers(0, 256, (60, 16, 24, 3), np.uint8))
def paint(given):
    for frame in given:
        time.sleep(float(sys.argv[3]))
        yield 255 - frame
for made, frame in zip(store.paintings(frames, "style", paint), frames):
    assert (made == 255 - frame).all()
"""


def writer(store: Store, seed: int, pause: float) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", WRITER, str(store.folder), str(seed), str(pause)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)


def test_several_processes_share_a_folder(store: Store) -> None:
    writers = [writer(store, seed, 0.002) for seed in (1, 1, 2, 3)]
    assert [each.wait(60) for each in writers] == [0] * 4
    assert len(files(store, "paintings")) == 180
    assert not leftovers(store)[1:], "this process's own desk"


def test_what_the_dead_leave_is_cleared_away(store: Store) -> None:
    victims = [writer(store, seed, 0.01) for seed in range(4)]
    for victim in victims:
        assert victim.stdout is not None
        victim.stdout.readline()
        time.sleep(0.1)
        victim.kill()
        victim.wait()
    (orphan,) = [path for path in leftovers(store) if path != store._desk][:1]
    (orphan / "half").write_bytes(b"written")
    again = Store(store.folder)
    assert set(leftovers(store)) == {store._desk, again._desk}


def test_threads_share_a_store(store: Store) -> None:
    frames = pictures(40)
    results: list[list[np.ndarray]] = []
    threads = [
        threading.Thread(
            target=lambda: results.append(list(store.paintings(frames, "s", Counted().paint)))
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    for made in results:
        np.testing.assert_array_equal(made, [255 - frame for frame in frames])


def test_frames_are_packed_without_loss_and_as_older_ones_were() -> None:
    random = np.random.default_rng(0)
    whole = random.integers(0, 256, (2, 17, 8, 3), np.uint8)
    mirrored = np.concatenate([whole, whole[:, :, ::-1]], 2)
    smooth = np.tile(np.arange(0, 250, 2, dtype=np.uint8)[:, None], (1, 64, 1, 3))
    grey = np.repeat(mirrored[..., :1], 3, 3)
    black, channel = np.zeros((1, 1, 1, 3), np.uint8), mirrored[..., :1]
    for pictures in (whole, mirrored, whole[:, :, :7], smooth, grey, black, channel):
        assert np.array_equal(unpack(pack(pictures)), pictures)
    almost = mirrored.copy()
    almost[1, 5, 0] += 1
    assert np.array_equal(unpack(pack(almost)), almost)
    assert len(pack(mirrored)) < 0.6 * len(pack(almost))
    bluish = grey.copy()
    bluish[1, 5, :, 2] ^= 1
    assert np.array_equal(unpack(pack(bluish)), bluish)
    assert len(pack(grey)) < 0.5 * len(pack(bluish))
    head = struct.pack(">4I?", *whole.shape, True)
    older = zlib.compress(head + whole.tobytes(), 1)
    assert np.array_equal(unpack(older), mirrored)

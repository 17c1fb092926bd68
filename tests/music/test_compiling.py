"""numba's compiling for librosa: one process at a time."""

import threading
from pathlib import Path

import pytest
from filelock import FileLock

from musvid.music import _librosa


def test_who_compiles_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_librosa, "_places", lambda _: [tmp_path])
    _librosa.load()  # what it imports is imported
    done = threading.Event()

    def load() -> None:
        _librosa.load.__wrapped__()
        done.set()

    with FileLock(tmp_path / _librosa._LOCK):  # as another process that compiles
        threading.Thread(target=load, daemon=True).start()
        assert not done.wait(1)
    assert done.wait(20)


def test_who_compiles_for_ever_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_librosa, "_places", lambda _: [tmp_path])
    monkeypatch.setattr(_librosa, "_PATIENCE", 0.2)
    with FileLock(tmp_path / _librosa._LOCK):
        assert _librosa.load.__wrapped__().beat

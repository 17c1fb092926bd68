"""Models that several threads load at the same time."""

from __future__ import annotations

import threading
import time

import pytest

from musvid import MODELS, Style
from musvid.paint import loading


def test_models_are_built_one_after_the_other_and_downloaded_at_the_same_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Two that are built at a time leave each other without weights.
    building: list[int] = []
    most: list[int] = []
    downloading = threading.Barrier(2)

    failed: list[BaseException] = []

    def build(*_: object) -> None:
        for _ in range(2):
            building.append(1)
            most.append(len(building))
            time.sleep(0.02)
            building.pop()
            with loading._others_build():
                downloading.wait(10)  # both are here

    monkeypatch.setattr(loading, "_load", build)
    monkeypatch.setattr(loading, "_choose_scheduler", lambda *_: None)
    monkeypatch.setattr(loading, "_placed", lambda *_: None)

    def load() -> None:
        try:
            loading.load(MODELS["sd-turbo"], Style(model="sd-turbo").resolve(), "cpu")
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=load, daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(15)
        assert not thread.is_alive()
    assert not failed
    assert most == [1] * 4

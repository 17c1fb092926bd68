"""Curves from and to files: CSV, JSON, Parseq's manifests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from musvid import SettingsError
from musvid.music import curves, exchange


def written(folder: Path, text: str, name: str = "curves.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_csv_of_times_in_any_dialect(tmp_path: Path) -> None:
    found = exchange.read(
        written(tmp_path, "\ufeffTime;Strength;other\n0;0.2;9\n1;0.4;9\n2;0.6;9\n")
    )
    assert found == {"strength": "0:0.2, 2:0.6"}, "what lies on a straight line is left out"


def test_a_csv_of_frames(tmp_path: Path) -> None:
    path = written(tmp_path, "frame,zoom\n0,1\n12,2\n24,1\n")
    assert exchange.read(path, 24) == {"zoom": "0:1, 0.5:2, 1:1"}
    assert exchange.read(path) == {"zoom": "0:1, 0.4:2, 0.8:1"}


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_what_is_written_is_read_again(tmp_path: Path, kind: str) -> None:
    times = np.arange(600) / 60
    wanted = {
        "strength": 0.5 + 0.3 * np.sin(times),
        "glow": np.where(times > 5, 0.75, 0.25),
        "zoom": 1 + times / 10,
    }
    write = {"csv": exchange.written_csv, "json": exchange.written_json}[kind]
    found = exchange.read(written(tmp_path, write(times, wanted), f"curves.{kind}"))
    assert found.keys() == wanted.keys()
    for name, values in wanted.items():
        assert_allclose(curves.parse(found[name]).at(times), values, atol=1e-5)
    assert found["glow"].count(":") <= 4
    assert found["zoom"].count(":") == 2


def manifest(**more: Any) -> str:
    frames = [
        {
            "frame": number,
            "strength": 0.7 - 0.01 * number,
            "scale": 7,
            "seed": 100 + number,
            "angle": 3 * number,
            "zoom": 1,
            "zoom_delta": 1,
            "translation_x": 0,
            "deforum_prompt": "a --neg b",
        }
        for number in range(5)
    ]
    return json.dumps({"options": {"output_fps": 20}, "rendered_frames": frames, **more})


def test_a_manifest_of_parseq(tmp_path: Path) -> None:
    found = exchange.read(written(tmp_path, manifest(), "parseq.json"))
    assert found.keys() == {"strength", "guidance", "seed", "turn", "zoom"}
    at = {name: curves.parse(text).at(np.array([0, 0.2])) for name, text in found.items()}
    assert_allclose(at["strength"], [0.3, 0.34])
    assert_allclose(at["guidance"], [7, 7])
    assert_allclose(at["seed"], [100, 104])
    assert_allclose(at["turn"], [10, 10])  # 60 degrees a second
    assert_allclose(at["zoom"], [1, 1])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no rows of numbers"),
        ("time,zoom\n", "no rows of numbers"),
        ("zoom,glow\n1,2\n", "no column named time or frame"),
        ("time,zoom\n0,1\n1,x\n", "row 3: there are not only numbers"),
        ("time,zoom\n0,1\n1\n", "row 3: there are 1 numbers for 2"),
        ("time,zoom\n0,1\n0,2\n", "must rise"),
        ("time,zoom\n-1,1\n0,2\n", "must rise, from 0"),
        ("time,zoom\n0,nan\n1,2\n", "no number among the zoom"),
        ("time,colour\n0,1\n1,2\n", "no column of a setting"),
        ("{", "is no JSON"),
        ("[1]", 'neither "times" and "curves"'),
        ('{"times": [0, 1], "curves": {"zoom": [1]}}', "1 values of zoom for 2 times"),
        ('{"rendered_frames": []}', "fewer than two"),
        ('{"rendered_frames": [{"frame": 0}, {"frame": "x"}]}', "where there should be a number"),
        (manifest(options={"output_fps": 0}), "no output_fps"),
        ('{"a": ' * 100_000, "is no JSON"),
    ],
)
def test_what_is_no_file_of_curves(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        exchange.read(written(tmp_path, text))


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        exchange.read(tmp_path / "none.csv")
    (tmp_path / "b.csv").write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(SettingsError, match="no text in UTF-8"):
        exchange.read(tmp_path / "b.csv")

"""The benchmark for graphics cards runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.deep
def test_the_benchmark_for_graphics_cards_runs() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.painting_gpu", "--tiny"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    rows = [line for line in run.stdout.splitlines() if "/s" in line]
    names = ("diffusers, a", "diffusers, 3", "musvid, 3", "musvid, as", "film, relit", "film, hyb")
    assert [row.startswith(name) for row, name in zip(rows, names, strict=True)] == [True] * 6

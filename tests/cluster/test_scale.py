"""The simulation of a cluster: what must hold whatever things cost."""

from __future__ import annotations

import json
import math
import random
import re
from dataclasses import replace
from pathlib import Path

import cv2
import pytest
from benchmarks import cluster_scale
from benchmarks.cluster_simulation import (
    BUFFERED,
    DRAWS,
    LOADING,
    LONGEST,
    NETWORK,
    PAINTING,
    WINDOW,
    Costs,
    simulate,
)

STRIDE = 16
CHEAP = Costs(3.7, start=10, load=30)
"""A head that costs nothing."""

USUAL = replace(
    CHEAP,
    draw=0.005,
    fill=0.01,
    show=0.01,
    encode=0.02,
    handle=0.004,
    sent=3.1e6,
    returned=3.1e6,
    bandwidth=1.25e9,
    replaced=180,
)


def seconds(costs: Costs, workers: int, paintings: int) -> float:
    return simulate(costs, workers, paintings, stride=STRIDE).seconds


def test_one_worker_takes_what_its_work_costs() -> None:
    assert seconds(CHEAP, 1, 100) == pytest.approx(10 + 30 + 100 * 3.7)


def test_without_a_head_or_a_network_workers_share_the_paintings() -> None:
    """Evenly but for a span: who is there first has two of them."""
    took = seconds(replace(CHEAP, batch=1), 7, 700) - 10 - 30
    assert 100 * 3.7 <= took <= (100 + 2 * LONGEST) * 3.7


def test_one_worker_and_a_head_take_no_longer_than_all_their_work_together() -> None:
    paintings, frames = 100, 100 * STRIDE
    own = frames * (USUAL.draw + USUAL.fill + USUAL.show + USUAL.encode)
    network = 2 * paintings * USUAL.sent / USUAL.bandwidth
    whole = 10 + 30 + paintings * (USUAL.painting + USUAL.handle) + own + network
    took = seconds(USUAL, 1, paintings)
    assert 10 + 30 + paintings * USUAL.painting < took < whole


@pytest.mark.parametrize("workers", [1, 3, 8, 40, 1000])
@pytest.mark.parametrize("failing", [math.inf, 300.0])
def test_nobody_is_faster_than_the_head_or_than_the_workers_together(
    workers: int, failing: float
) -> None:
    costs = replace(USUAL, between_losses=failing)
    found = simulate(costs, workers, 400, stride=STRIDE)
    assert found.seconds >= costs.head(400, STRIDE)
    assert found.seconds >= 400 * costs.painting / workers
    assert sum(found.spent.values()) == pytest.approx(found.seconds)


def test_many_workers_come_near_the_heads_limit() -> None:
    """But for the start, and for what the first and the last ones of a film wait for."""
    limit = USUAL.head(4000, STRIDE)
    assert limit < seconds(USUAL, 64, 4000) < 1.1 * limit


def test_more_workers_are_never_slower() -> None:
    times = [seconds(USUAL, workers, 600) for workers in (1, 2, 4, 8, 16, 32, 64)]
    assert times == sorted(times, reverse=True)
    assert times[0] > 1.9 * times[1]


def test_the_same_seed_gives_the_same_render_and_another_one_another() -> None:
    costs = replace(USUAL, between_losses=600.0)
    one, same, other = (simulate(costs, 8, 400, seed=seed) for seed in (1, 1, 2))
    assert one == same != other
    assert one.lost


@pytest.mark.parametrize("seed", range(6))
def test_what_is_finished_is_not_painted_twice_and_order_is_kept(seed: int) -> None:
    chance = random.Random(seed)
    costs = replace(USUAL, batch=chance.choice((1, 3, 4)), between_losses=chance.uniform(60, 400))
    found = simulate(costs, chance.randrange(2, 30), 600, seed=seed)
    assert found.lost > 2
    assert found.painted == [1] * 600
    assert found.order == sorted(set(found.order)) and found.order[0] == 0


def test_without_a_shared_store_a_lost_worker_takes_its_span_with_it() -> None:
    costs = replace(USUAL, between_losses=300.0)
    kept = simulate(costs, 6, 300, seed=3)
    lost = simulate(replace(costs, shared=False), 6, 300, seed=3)
    assert set(kept.painted) == {1} and min(lost.painted) == 1
    assert sum(lost.painted) > sum(kept.painted)


def test_losses_cost_time() -> None:
    assert seconds(replace(USUAL, between_losses=400.0), 4, 600) > seconds(USUAL, 4, 600)


def test_what_is_scarce_is_what_is_waited_for() -> None:
    slow = simulate(replace(USUAL, bandwidth=2e6), 16, 300).spent
    assert slow[NETWORK] > slow[PAINTING] and slow[NETWORK] > slow[DRAWS]
    few = simulate(USUAL, 1, 300).spent
    assert few[PAINTING] > 0.5 * sum(few.values())
    assert simulate(replace(USUAL, load=500), 64, 100).spent[LOADING] > 400


def test_the_work_under_way_is_bounded() -> None:
    found = simulate(USUAL, 4, 4000)
    assert found.held <= 4 * WINDOW * 16
    bounded = simulate(USUAL, 64, 4000, most=256)
    assert bounded.held < 256 + 16 < simulate(USUAL, 64, 4000).held
    assert BUFFERED > 1, "the encoder works while the head does"


@pytest.mark.deep
def test_the_benchmark_measures_prints_and_draws(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """With small pictures, of the example songs: twice, then by the costs that it has written."""
    monkeypatch.setenv("MUSVID_RECORDINGS", str(tmp_path))
    monkeypatch.setattr(cluster_scale, "SIDE", 64)
    monkeypatch.setattr(cluster_scale, "LENGTHS", (1, 3))
    monkeypatch.setattr(cluster_scale, "GPUS", (1, 4, 32))
    small = {name: replace(view, shown=view.shown and (96, 64))
             for name, view in cluster_scale.VIEWS.items()}  # fmt: skip
    monkeypatch.setattr(cluster_scale, "VIEWS", small)
    costs, plot = tmp_path / "costs.json", tmp_path / "scale.png"
    monkeypatch.setattr("sys.argv", ["", "--costs", str(costs), "--plot", str(plot)])
    cluster_scale.main()
    printed = capsys.readouterr().out
    for found in json.loads(costs.read_text("utf-8")).values():
        assert 0 <= found["draw"] < 1 and found["handle"] > 0
        assert 0 <= found["show"] < 1 and 0 <= found["encode"] < 1  # as finely as these are told
        assert found["sent"] == 64 * 64 * 3
    rows = re.findall(r"^ *(\d+) +[\d.]+ (?:h|min) +([\d.]+)", printed, re.MULTILINE)
    assert len(rows) == 4 * len(cluster_scale.GPUS)
    assert all(float(speed) <= int(cards) + 0.1 for cards, speed in rows)
    picture = cv2.imread(str(plot))
    assert picture.shape[1] > 1000 and picture.std() > 10
    assert plot.stat().st_size < 200_000
    plot.unlink()
    cluster_scale.main()
    again = capsys.readouterr().out
    assert again == printed and plot.is_file()

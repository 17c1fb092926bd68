"""How far a render scales on a cluster: 1 to 1,000 graphics cards, simulated by measured costs.

    python -m tests.benchmarks.cluster_scale [--painting 3.7] [--plot musvid/cluster/scale.png]

What the head does (drawing, filling gaps, showing, encoding, handling paintings) is timed here, by
musvid's own stages on some seconds of a song, so that other work on the machine counts little (see
`measure`). What a card does is not timed, for there was none: the price of a painting is
assumed, `PRICE`, and so are the constants below it. `cluster_simulation` tells the policy.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import pickle
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, replace
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from musvid import Look, View, draw, rendering, write
from musvid.frame import Frame
from musvid.interpolate import light_of
from musvid.job import Job, prepare
from musvid.presets import preset

from .cluster_simulation import SPENT, Costs, simulate
from .sounds import clip, songs

PRICE = 3.7
"""Seconds of a painting: SDXL, 30 steps at 1024x1024 on an A100 without TensorRT, as the model card
of stabilityai/stable-diffusion-xl-1.0-tensorrt has it (an H100: 2.5, an A10: 9.4)."""

START, LOAD, REPLACED = 10.0, 30.0, 180.0
"""Assumed seconds: a worker's process with torch; SDXL's 6.9 GB from a disk near it; a new machine
for a lost one."""

LOSSES = 12 * 3600.0
"""Assumed seconds between two losses of one card, in the mean: more often than cards break, as on
machines that are lent until somebody pays more."""

BANDWIDTH = 10e9 / 8
"""Assumed bytes a second of the head's network: 10 Gbit/s."""

CORES = 16
"""Of the head: as many as those that are measured. Drawing is done by one thread, and so is a part
of filling gaps; the rest, views and encoding by all of them."""

SIDE, STRIDE, RATE = 1024, 16, 30
LENGTHS = 2, 5
"""Seconds of a song that are timed."""

GPUS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000)
WORKLOADS = {"a song of 3 minutes": 180, "a set of 4 hours": 4 * 3600}
VIEWS = {
    "1080p": View("tunnel", shown=(1920, 1080)),
    "4K": View("tunnel", shown=(3840, 2160)),
    "flat, upscaled to 2048": View("flat"),
}
FIRST, *_ = SIZES = ("1080p", "4K")


class Copies:
    """A painter whose paintings are their guides: only what is around them takes time."""

    def paint(self, frames: Iterable[Frame], *_: object) -> Iterator[Frame]:
        """Copies of frames."""
        for frame in frames:
            yield frame.copy()


def spent() -> float:
    """Seconds of a processor that this process and those that it has started took so far."""
    return sum(os.times()[:4])


def each(work: Callable[[Job], object], jobs: tuple[Job, Job]) -> tuple[float, float, float]:
    """Seconds that one more frame of the video takes: of all processors together, by the clock, and
    of the one thread that asks for it.

    By what a longer job takes more than a shorter one, so that what is done once does not count.
    The fastest of three goes counts.
    """
    took = []
    for job in jobs:
        times = []
        for _ in range(3):
            began = spent(), time.perf_counter(), time.thread_time()
            work(job)
            ended = spent(), time.perf_counter(), time.thread_time()
            times.append([now - then for then, now in zip(began, ended, strict=True)])
        took.append([min(kind) for kind in zip(*times, strict=True)])
    frames = jobs[1].file_frames - jobs[0].file_frames
    all_, clock, own = (max(0.0, long - short) / frames for short, long in zip(*took, strict=True))
    return all_, clock, own


def jobs_of(view: View) -> tuple[Job, Job]:
    """A shorter and a longer part of a song, by the usual settings but for size and view."""
    recipe = replace(preset().recipe, size=(SIDE, SIDE), stride=STRIDE, after=STRIDE, fps=RATE)
    recipe = replace(recipe, view=view, upscale=2 if view.kind == "flat" else 1)
    path = max(songs(), key=lambda path: path.stat().st_size)
    short, long = (prepare(clip(path, 20, seconds), recipe) for seconds in LENGTHS)
    return short, long


def measure(views: dict[str, View]) -> dict[str, Costs]:
    """What a film costs its head, by musvid's own stages, with a head of one core.

    Drawing is done by one thread, and taken by the clock, or by processors where that is less:
    other work on the machine makes the one longer, and threads that help it the other. What all
    cores do, or can, is taken by processors. Of filling gaps, a part is done by one thread.
    """
    jobs = jobs_of(views[FIRST])
    tools = rendering.Tools(lambda frames, _: frames, Copies, painter=Copies())

    def drawn(job: Job) -> None:
        for frame in draw(job.song, Look(), job.clock, size=job.size):
            light_of(frame, drifting=True)

    def made(job: Job) -> None:
        for _ in rendering.chain(job, tools):
            pass

    drawing, making = each(drawn, jobs), each(made, jobs)
    filling = max(0.0, making[0] - drawing[0])
    alone = min(filling, max(0.0, making[2] - drawing[2]))
    strips = list(rendering.chain(jobs[1], tools))
    size = float(strips[0].nbytes)
    found = Costs(
        PRICE, start=START, load=LOAD, draw=min(drawing[:2]), fill=filling,
        alone=alone,
        handle=2 * handled(strips), sent=size, returned=size, bandwidth=BANDWIDTH,
        replaced=REPLACED,
    )  # fmt: skip
    parts = {name: shown(strips, jobs_of(view)) for name, view in views.items()}
    return {name: replace(found, show=show, encode=encode)
            for name, (show, encode) in parts.items()}  # fmt: skip


def handled(strips: list[Frame]) -> float:
    """Seconds in which a painting is written to shared memory, and copied from it."""
    began, rounds = time.perf_counter(), 8
    for strip in strips[:16] * rounds:
        pickle.loads(pickle.dumps(strip, protocol=5)).copy()
    return (time.perf_counter() - began) / (16 * rounds)


def shown(strips: list[Frame], jobs: tuple[Job, Job]) -> tuple[float, float]:
    """Seconds of a processor for showing a frame, and for encoding it."""
    pictures = list(islice(rendering.shown(iter(strips), jobs[1]), RATE))

    def seen(job: Job) -> None:
        for _ in rendering.shown(iter(strips), job):
            pass

    def encoded(folder: Path, job: Job) -> None:
        frames = islice(cycle(pictures), job.file_frames)
        upscale = job.upscale if job.plain else 1
        more: dict[str, Any] = {"rate": job.file_rate, "upscale": upscale, "encoder": "cpu"}
        write(frames, job.song, job.clock, folder / "film.mp4", **more)

    with tempfile.TemporaryDirectory() as folder:
        encoding = each(partial(encoded, Path(folder)), jobs)[0]
    return each(seen, jobs)[0], encoding


def paintings(seconds: float) -> int:
    """How many there are in a film."""
    return math.ceil(seconds * RATE / STRIDE)


def alone(costs: Costs, count: int) -> float:
    """Seconds with one card that never fails."""
    return simulate(costs, 1, count, stride=STRIDE).seconds


def table(name: str, costs: Costs, count: int, *, most: int | None = None) -> None:
    """Print how a film scales, with what its head does, and waits for."""
    one = alone(costs, count)
    print(f"\n{name}: {count:,} paintings, one card {minutes(one)}, "
          f"the head alone {minutes(costs.head(count, STRIDE))}")  # fmt: skip
    heads = "".join(f"{what:>9}" for what in SPENT)
    print(f"{'cards':>6}{'time':>10}{'speed-up':>10}{'of ideal':>9}{heads}{'held, GB':>10}"
          f"{'failing':>10}{'lost':>6}")  # fmt: skip
    for cards in GPUS:
        found = simulate(costs, cards, count, stride=STRIDE, most=most)
        failing = replace(costs, between_losses=LOSSES)
        lossy = simulate(failing, cards, count, stride=STRIDE, most=most)
        shares = "".join(f"{found.spent[what] / found.seconds:>9.0%}" for what in SPENT)
        speed = one / found.seconds
        held = found.held * (costs.sent + costs.returned) / 1e9
        print(f"{cards:>6}{minutes(found.seconds):>10}{speed:>10.1f}{speed / cards:>9.0%}{shares}"
              f"{held:>10.1f}{minutes(lossy.seconds):>10}{lossy.lost:>6}", flush=True)  # fmt: skip


def ceilings(found: dict[str, Costs], count: int) -> None:
    """Print where a film stops scaling, and what moves that point."""
    first = found[FIRST]
    ways = [
        (f"{FIRST}, 2 cores", first, 2),
        *((f"{name}, {CORES} cores", costs, CORES) for name, costs in found.items()),
        (f"{FIRST}, {CORES} cores, a card encodes", replace(first, encode=0.0), CORES),
        (f"4K, {CORES} cores, a card encodes", replace(found["4K"], encode=0.0), CORES),
        # What is not so: gaps that workers fill.
        (f"{FIRST}, {CORES} cores, if workers fill", filled(first), CORES),
    ]
    print(f"\n{'a frame, ms of a core':40}{'draw':>7}{'fill':>7}{'show':>7}"
          f"{'encode':>8}{'its limit':>11}{'cards':>7}")  # fmt: skip
    for name, costs, cores in ways:
        limit = on(costs, cores).head(count, STRIDE)
        parts = (costs.draw, costs.fill, costs.show)
        shown = "".join(f"{1000 * part:>7.1f}" for part in parts)
        print(f"{name:40}{shown}{1000 * costs.encode:>8.1f}{minutes(limit):>11}"
              f"{count * costs.painting / limit:>7.1f}")  # fmt: skip
    print("An album whose songs are rendered by several heads has that limit for each of them.")


def filled(costs: Costs) -> Costs:
    """If workers filled the gaps, and sent all frames of the strip instead of the paintings."""
    handle = costs.handle * (1 + STRIDE) / 2
    return replace(costs, fill=0.0, returned=STRIDE * costs.returned, handle=handle)


def on(costs: Costs, cores: int) -> Costs:
    """Costs of a head of one core, on more of them. The encoder has the cores that are left; no
    frame takes it less than its share of all the head's work."""
    work = costs.draw + costs.fill + costs.show + costs.encode
    alone = min(costs.alone, costs.fill)
    fill = alone + (costs.fill - alone) / cores
    return replace(costs, fill=fill, show=costs.show / cores, encode=work / cores)


def minutes(seconds: float) -> str:
    """A time for people."""
    if seconds < 3 * 3600:
        return f"{seconds / 60:.1f} min"
    return f"{seconds / 3600:.1f} h"


CURVES = {  # size of the file, cores of the head, colour
    f"1080p, a head of {CORES} cores": ("1080p", CORES, "#34d399"),
    f"4K, a head of {CORES} cores": ("4K", CORES, "#f472b6"),
    "1080p, a head of 2 cores": ("1080p", 2, "#38bdf8"),
}
INK, FAINT, LINES, GROUND, PANEL = "#f5f3ff", "#9d94b8", "#322b4d", "#0f0c1a", "#171425"
STYLE = {
    "font.size": 10, "text.color": INK, "axes.facecolor": PANEL, "axes.edgecolor": LINES,
    "axes.labelcolor": FAINT, "axes.titlecolor": INK, "axes.titlelocation": "left",
    "axes.titleweight": "bold", "axes.titlesize": 12, "axes.spines.top": False,
    "axes.spines.right": False, "xtick.color": FAINT, "ytick.color": FAINT,
    "xtick.major.size": 0, "ytick.major.size": 0, "xtick.minor.size": 0, "ytick.minor.size": 0,
    "grid.color": LINES, "grid.linewidth": 0.6,
}  # fmt: skip


def plot(path: Path, found: dict[str, Costs]) -> None:
    """Draw the speed-up of both workloads, and save it."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.rc_context(STYLE):
        figure = Figure((11, 5.2), dpi=130, facecolor=GROUND)
        FigureCanvasAgg(figure)
        figure.subplots_adjust(0.07, 0.2, 0.985, 0.9, wspace=0.13)
        panels = figure.subplots(1, 2, sharey=True)
        for axes, (name, seconds) in zip(panels, WORKLOADS.items(), strict=True):
            panel(axes, name, paintings(seconds), found)
        panels[0].set_ylabel("times as fast as one card")
        lines, names = panels[1].get_legend_handles_labels()
        figure.legend(lines, names, loc="lower center", ncols=5, frameon=False, fontsize=9)
        figure.savefig(path, metadata={"Software": None})
    print(f"\n{path}: {path.stat().st_size / 1000:.0f} kB")


def panel(axes: Any, name: str, count: int, found: dict[str, Costs]) -> None:
    """One workload: speed-up by cards, by size of the file."""
    axes.set_xscale("log", base=2)
    axes.set_yscale("log", base=2)
    axes.grid(which="major")
    axes.plot(GPUS, GPUS, color=FAINT, lw=1.2, ls=(0, (1, 2)), label="ideal")
    highest = 1.0
    for label, (size, cores, colour) in CURVES.items():
        costs = on(found[size], cores)
        one = alone(costs, count)
        limit = one / costs.head(count, STRIDE)
        times = [simulate(costs, cards, count, stride=STRIDE) for cards in GPUS]
        failing = replace(costs, between_losses=LOSSES)
        lossy = [simulate(failing, cards, count, stride=STRIDE) for cards in GPUS]
        axes.axhline(limit, color=colour, lw=0.9, ls=(0, (6, 3)), alpha=0.55)
        axes.text(GPUS[-1], limit * 1.045, f"the head's limit: {limit:.1f}", color=colour,
                  fontsize=8.5, ha="right", va="bottom")  # fmt: skip
        axes.plot(GPUS, [one / each.seconds for each in times], color=colour, lw=2.2,
                  marker="o", ms=4.5, label=label)  # fmt: skip
        axes.plot(GPUS, [one / each.seconds for each in lossy], color=colour, lw=0, marker="x",
                  ms=7, mew=1.2, alpha=0.9,
                  label="with failures" if label == next(iter(CURVES)) else None)  # fmt: skip
        highest = max(highest, limit)
    axes.set_ylim(0.7, 2 ** math.ceil(math.log2(highest) + 1))
    axes.set_xticks(GPUS, [f"{cards}" for cards in GPUS])
    ticks = [2**power for power in range(math.ceil(math.log2(highest)) + 2)]
    axes.set_yticks(ticks, [f"{tick}" for tick in ticks])
    axes.set_xlabel("graphics cards")
    axes.set_title(f"{name[0].upper()}{name[1:]}: {count:,} paintings")


def main() -> None:
    """Measure, simulate, print and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--painting", type=float, default=PRICE, metavar="SECONDS", help="on a card"
    )
    parser.add_argument("--cores", type=int, default=CORES, help="of the head")
    parser.add_argument("--costs", type=Path, help="a file of costs: read, or else written")
    parser.add_argument("--most", type=int, help="paintings under way at most, for a comparison")
    parser.add_argument("--plot", type=Path, help="where the plot is saved, a PNG")
    options = parser.parse_args()
    if options.costs and options.costs.is_file():
        stored = json.loads(options.costs.read_text(encoding="utf-8"))
        found = {name: Costs(**costs) for name, costs in stored.items()}
    else:
        found = measure(VIEWS)
        if options.costs:
            stored = {name: asdict(costs) for name, costs in found.items()}
            options.costs.write_text(json.dumps(stored, indent=1), encoding="utf-8")
    found = {name: replace(costs, painting=options.painting) for name, costs in found.items()}
    print(f"A painting takes {options.painting:g} s of a card; that is assumed, not measured.")
    for size in SIZES:
        for name, seconds in WORKLOADS.items():
            table(
                f"{name}, {size}",
                on(found[size], options.cores),
                paintings(seconds),
                most=options.most,
            )
    ceilings(found, paintings(WORKLOADS["a set of 4 hours"]))
    if options.plot:
        plot(options.plot, found)


if __name__ == "__main__":
    main()

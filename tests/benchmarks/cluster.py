"""One process with two workers against two actors of a local cluster: time, and memory of the head.

Both render the same minute with every default, painting everything, each in a process of its own,
in turn. What a cluster costs is its start, and what it adds to the render itself: frames that
travel, and the processes of Ray. The head's memory is that of the process that renders, over the
thirds of the render; it is flat where no more than a few spans are under way.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import median
from typing import Any

import psutil

from .sounds import songs

SECONDS = 60.0
_START = time.perf_counter()


def measured(where: str, path: Path, seconds: float) -> dict[str, Any]:
    """Render in this process; seconds of each part, and memory in MB.

    where: "alone", or the address of a cluster.
    """
    from contextlib import ExitStack
    from dataclasses import replace

    from musvid import Painter, preset, render
    from musvid.cluster import Cluster
    from musvid.job import prepare

    recipe = replace(preset().recipe, start=0.0, duration=seconds)
    job = prepare(path, recipe)
    listened = time.perf_counter()
    with ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        if where == "alone":
            painter: Any = Painter(job.style)
        else:
            painter = stack.enter_context(Cluster(where)).painter(job.style)
        loaded = time.perf_counter()
        memory, over = [], threading.Event()

        def watch() -> None:
            while not over.wait(0.2):
                memory.append(psutil.Process().memory_info().rss / 1e6)

        watcher = threading.Thread(target=watch)
        watcher.start()
        render(job, output=Path(folder) / "film.mp4", painter=painter)
        rendered = time.perf_counter()
        over.set()
        watcher.join()
    third = max(1, len(memory) // 3)
    return {
        "listen": listened - _START,
        "start": loaded - listened,
        "render": rendered - loaded,
        "memory": [max(memory[place : place + third]) for place in (0, third, 2 * third)],
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--seconds", type=float, default=SECONDS)
    add("--rounds", type=int, default=2)
    add("--cluster", default="auto", help="whose workers (default: of this machine)")
    add("--one", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        where, path = options.one
        print(json.dumps(measured(where, Path(path), options.seconds)))
        return
    path = songs()[0]
    print(f"{options.seconds:g} s of {path.name}, every default, nothing known:\n")
    print(f"{'':>12}{'listen':>9}{'start':>9}{'render':>9}   head, MB by thirds")
    kinds = {"alone": "alone", "cluster": options.cluster}
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in kinds}
    for _ in range(options.rounds):
        for name, where in kinds.items():
            command = [sys.executable, "-m", "tests.benchmarks.cluster", "--one", where, str(path)]
            command += ["--seconds", str(options.seconds)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            one = json.loads(done.stdout.splitlines()[-1])
            found[name].append(one)
            memory = " ".join(f"{size:.0f}" for size in one["memory"])
            print(
                f"{name:>12}{one['listen']:9.1f}{one['start']:9.1f}{one['render']:9.1f}   {memory}",
                flush=True,
            )
    render = {name: median(one["render"] for one in ones) for name, ones in found.items()}
    whole = {
        name: median(one["start"] + one["render"] for one in ones) for name, ones in found.items()
    }
    print(
        f"\nOn the cluster a render takes {render['cluster'] / render['alone']:.2f} times as long, "
        f"with its start {whole['cluster'] / whole['alone']:.2f} times."
    )


if __name__ == "__main__":
    main()

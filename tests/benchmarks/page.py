"""The page under load: eight visitors who draw, paint and render for two minutes.

    python -m tests.benchmarks.page [--visitors 8] [--seconds 120]

Prints how long each kind of call took, how many were refused and why, the memory of the page's
process before, at the most and after, and what files are left when the visitors have gone and the
time for which results are kept (here a minute) is over.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter, defaultdict
from pathlib import Path
from random import Random

import numpy as np
import psutil
from gradio_client import Client, handle_file

sys.path.insert(0, str(Path(__file__).parents[1]))
from conftest import music, write_wav
from running import running_page

LIGHT = ("plan", "draw")


def memory(pid: int) -> float:
    """Resident megabytes of a process and all that it started."""
    total = 0
    root = psutil.Process(pid)
    for process in (root, *root.children(recursive=True)):
        try:
            total += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total / 1e6


def visit(
    address: str,
    song: Path,
    until: float,
    seed: int,
    times: dict[str, list[float]],
    refused: Counter[str],
) -> None:
    """One visitor: mostly light calls, now and then a painting, sometimes a render."""
    random, client = Random(seed), Client(address, verbose=False, download_files=False)
    uploaded = handle_file(song)
    while time.monotonic() < until:
        kind = random.choices(["plan", "draw", "paint", "render"], [8, 8, 3, 1])[0]
        settings = {
            "style.seed": random.randrange(100),
            "look.gamma": round(random.uniform(1, 7), 1),
        }
        if kind == "render":
            settings |= {"start": random.uniform(0, 9), "duration": 2, "upscale": 1}
        more = (random.uniform(0, 12),) if kind in ("draw", "paint") else ()
        began = time.monotonic()
        try:
            client.predict(uploaded, *more, settings, api_name=f"/{kind}")
            times[kind].append(time.monotonic() - began)
        except Exception as error:
            refused[f"{kind}: {str(error)[:90]}"] += 1
            time.sleep(1)
        time.sleep(random.uniform(0.1, 0.6))
    client.close()


def main() -> None:
    """Run it and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--visitors", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=120)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        song = write_wav(folder / "song.wav", music(12.0))
        with running_page(folder / "page", MUSVID_KEEP_MINUTES="1") as address:
            pid = next(
                process.pid
                for process in psutil.Process().children()
                if "app.py" in " ".join(process.cmdline())
            )
            first = Client(address, verbose=False, download_files=False)
            for _ in range(3):  # the model is loaded, everything has run once
                first.predict(handle_file(song), 1.0, api_name="/paint")
                settings = {"duration": 2, "upscale": 1}
                first.predict(handle_file(song), settings, api_name="/render")
            first.close()
            before, most = memory(pid), 0.0
            times: dict[str, list[float]] = defaultdict(list)
            refused: Counter[str] = Counter()
            until = time.monotonic() + options.seconds
            visitors = [
                threading.Thread(target=visit, args=(address, song, until, seed, times, refused))
                for seed in range(options.visitors)
            ]
            for visitor in visitors:
                visitor.start()
            while any(visitor.is_alive() for visitor in visitors):
                most = max(most, memory(pid))
                time.sleep(0.5)
            print(f"{options.visitors} visitors, {options.seconds:g} s\n")
            print(f"{'call':10}{'done':>6}{'median':>9}{'95 %':>9}{'longest':>9}  seconds")
            for kind in ("plan", "draw", "paint", "render"):
                values = times[kind] or [float("nan")]
                figures = (np.median(values), np.percentile(values, 95), max(values))
                print(f"{kind:10}{len(times[kind]):6}" + "".join(f"{one:9.2f}" for one in figures))
            print("\nrefused:", dict(refused) or "none")
            files = folder / "page" / "files"

            def left() -> list[Path]:
                return [path for path in files.rglob("*") if path.is_file()]

            at_end = len(left())
            deadline = time.monotonic() + 240
            while left() and time.monotonic() < deadline:
                urllib.request.urlopen(address, timeout=10).read()
                time.sleep(5)
            print(f"memory: {before:.0f} MB before, {most:.0f} at most, {memory(pid):.0f} after")
            waited = 240 - deadline + time.monotonic()
            print(f"files: {at_end} at the end, {len(left())} after {waited:.0f} s")
            for path in left()[:10]:
                print("   ", path.relative_to(files))


if __name__ == "__main__":
    main()

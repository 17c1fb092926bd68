"""Peak memory of whole renders against the length of the song: drawn only, and by every default."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import wave
from pathlib import Path

import numpy as np
import psutil

RATE = 44100
DRAWN = ("--preset", "article", "--recipe", "hybrid", "--strength", "0", "--upscale", "1")
FILMS = {"drawn": (*DRAWN, "--size", "512"), "default": ()}


def write_song(path: Path, minutes: int) -> None:
    """Minutes of stereo noise that swells and falls."""
    rng = np.random.default_rng(0)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        swell = np.sin(np.linspace(0, 40 * np.pi, 20 * RATE))[:, None]
        for _ in range(3 * minutes):
            sound = rng.uniform(-1, 1, (20 * RATE, 2)) * swell * 20000
            file.writeframes(sound.astype("<i2").tobytes())


def peak(command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Run a command; the peak memory of it and its children in MB, and its seconds."""
    began, most = time.perf_counter(), 0
    process = psutil.Popen(command, env=environment)
    while process.poll() is None:
        total = 0
        for one in [process, *process.children(recursive=True)]:
            try:
                total += one.memory_info().rss
            except psutil.NoSuchProcess:
                continue
        most = max(most, total)
        time.sleep(0.05)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return most / 1e6, time.perf_counter() - began


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--films", nargs="+", choices=FILMS, default=[*FILMS])
    parser.add_argument("--minutes", nargs="+", type=int, default=[1, 10])
    options = parser.parse_args()
    print("Memory of all processes of a render:\n")
    print(f"{'film':>10}{'song':>8}{'peak MB':>10}{'seconds':>10}")
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "MUSVID_CACHE": str(Path(folder) / "cache")}
        for name in options.films:
            peaks = []
            for minutes in options.minutes:
                song, video = Path(folder) / f"{minutes}.wav", Path(folder) / "out.mp4"
                write_song(song, minutes)
                more = ["-o", str(video), *FILMS[name], "--quiet"]
                command = [sys.executable, "-m", "musvid", str(song), *more]
                most, seconds = peak(command, environment)
                peaks.append(most)
                print(f"{name:>10}{minutes:>4} min{most:>10.0f}{seconds:>10.1f}", flush=True)
            print(f"{'':>10}ratio {peaks[-1] / peaks[0]:.3f}")


if __name__ == "__main__":
    main()

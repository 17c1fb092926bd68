"""Peak memory of a whole render without diffusion, against the length of the song."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
import wave
from pathlib import Path

import numpy as np
import psutil

MINUTES = (1, 10)
RATE = 44100


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


def peak(command: list[str]) -> tuple[float, float]:
    """Run a command; the peak memory of it and its children in MB, and its seconds."""
    began, most = time.perf_counter(), 0
    process = psutil.Popen(command)
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
    print("Render at 512x512, strength 0, hybrid; memory of all its processes:\n")
    print(f"{'song':>8}{'peak MB':>10}{'seconds':>10}")
    peaks = []
    with tempfile.TemporaryDirectory() as folder:
        for minutes in MINUTES:
            song, video = Path(folder) / f"{minutes}.wav", Path(folder) / "out.mp4"
            write_song(song, minutes)
            options = ["-o", str(video), "--strength", "0", "--size", "512", "--upscale", "1"]
            command = [sys.executable, "-m", "musvid", str(song), *options, "--quiet"]
            most, seconds = peak(command)
            peaks.append(most)
            print(f"{minutes:>4} min{most:>10.0f}{seconds:>10.1f}", flush=True)
    print(f"\nratio {peaks[-1] / peaks[0]:.3f}")


if __name__ == "__main__":
    main()

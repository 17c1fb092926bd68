"""musvid turns a song into a music video.

>>> import musvid
>>> musvid.render("song.ogg", musvid.Recipe.named("hybrid"), "song.mp4")  # doctest: +SKIP

The stages are generators, frames in and frames out, and can be used by themselves:
`draw`, `every`, `between`, `diffuse`, `write`.
"""

from . import _entry as _entry  # first, see there
from .clock import Clock, every
from .comparison.measure import Measures, measure
from .comparison.run import Comparison, compare
from .errors import (
    Cancelled,
    FFmpegError,
    MemoryExhausted,
    ModelError,
    MusvidError,
    OutputError,
    SettingsError,
    SongError,
)
from .interpolate import between
from .job import Job
from .music.lock import Lock
from .music.modulation import Modulation
from .music.tempo import find as find_beats
from .paint.drift import Drift
from .paint.models import TABLE as MODELS
from .paint.painter import Painter, diffuse
from .paint.style import Style
from .presets import preset
from .recipe import RECIPES, Recipe
from .rendering import render
from .song import Song
from .spectrum.look import PLAIN, Look
from .spectrum.palettes import PALETTES
from .spectrum.showcqt import draw
from .store import Store
from .video.file import read, write
from .video.settings import load_settings
from .view.settings import Camera, Finish, View

__all__ = [
    "MODELS",
    "PALETTES",
    "PLAIN",
    "RECIPES",
    "Camera",
    "Cancelled",
    "Clock",
    "Comparison",
    "Drift",
    "FFmpegError",
    "Finish",
    "Job",
    "Lock",
    "Look",
    "Measures",
    "MemoryExhausted",
    "ModelError",
    "Modulation",
    "MusvidError",
    "OutputError",
    "Painter",
    "Recipe",
    "SettingsError",
    "Song",
    "SongError",
    "Store",
    "Style",
    "View",
    "between",
    "compare",
    "diffuse",
    "draw",
    "every",
    "find_beats",
    "load_settings",
    "measure",
    "preset",
    "read",
    "render",
    "write",
]
__version__ = "0.1.0"

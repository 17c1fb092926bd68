"""musvid turns a song into a music video.

>>> import musvid
>>> musvid.render("song.ogg", musvid.Recipe.named("hybrid"), "song.mp4")  # doctest: +SKIP

The stages are generators, frames in and frames out, and can be used by themselves:
`draw`, `every`, `between`, `diffuse`, `write`.
"""

from .clock import Clock, every
from .diffuse import Painter, Style, diffuse
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
from .interpolate import names as interpolators
from .models import TABLE as MODELS
from .models import Model
from .palette import PALETTES
from .recipe import RECIPES, Recipe
from .render import STAGES, render
from .song import Song
from .spectrum import PLAIN, Look, draw
from .store import Store
from .video import read_settings, write

__all__ = [
    "MODELS",
    "PALETTES",
    "PLAIN",
    "RECIPES",
    "STAGES",
    "Cancelled",
    "Clock",
    "FFmpegError",
    "Look",
    "MemoryExhausted",
    "Model",
    "ModelError",
    "MusvidError",
    "OutputError",
    "Painter",
    "Recipe",
    "SettingsError",
    "Song",
    "SongError",
    "Store",
    "Style",
    "between",
    "diffuse",
    "draw",
    "every",
    "interpolators",
    "read_settings",
    "render",
    "write",
]
__version__ = "0.1.0"

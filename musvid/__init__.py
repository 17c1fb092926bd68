"""musvid turns a song into a music video.

>>> import musvid
>>> musvid.render("song.ogg", musvid.Recipe.named("hybrid"), "song.mp4")  # doctest: +SKIP

The stages are generators, frames in and frames out, and can be used by themselves:
`draw`, `every`, `between`, `diffuse`, `write`.
"""

from . import words as words
from ._validate import number as check_number
from .automation import SOURCES, Modulation
from .beats import NOTES, Lock
from .chart import chart_html
from .clock import Clock, every
from .compare import COMPARISON, RULE, Comparison, compare
from .diffuse import Painter, Stroke, Style, diffuse
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
from .estimate import Costs, Plan, spoken
from .interpolate import between
from .interpolate import names as interpolators
from .limits import Limits
from .live import Report, Step, pack, watch, watch_comparison
from .measure import Measures, measure, measure_frames, onset_strength
from .models import TABLE as MODELS
from .models import Model
from .palette import PALETTES
from .recipe import RECIPES, Recipe
from .render import STAGES, render, save_frame
from .song import Song
from .spectrum import PLAIN, Look, draw, draw_moment
from .store import Store
from .studio import AXES, Studio, quick_look, strip_values
from .tempo import Beats
from .tempo import find as find_beats
from .timeline import timeline
from .video import read, read_settings, write
from .visits import Visits

__all__ = [
    "AXES",
    "COMPARISON",
    "MODELS",
    "NOTES",
    "PALETTES",
    "PLAIN",
    "RECIPES",
    "RULE",
    "SOURCES",
    "STAGES",
    "Beats",
    "Cancelled",
    "Clock",
    "Comparison",
    "Costs",
    "FFmpegError",
    "Limits",
    "Lock",
    "Look",
    "Measures",
    "MemoryExhausted",
    "Model",
    "ModelError",
    "Modulation",
    "MusvidError",
    "OutputError",
    "Painter",
    "Plan",
    "Recipe",
    "Report",
    "SettingsError",
    "Song",
    "SongError",
    "Step",
    "Store",
    "Stroke",
    "Studio",
    "Style",
    "Visits",
    "between",
    "chart_html",
    "check_number",
    "compare",
    "diffuse",
    "draw",
    "draw_moment",
    "every",
    "find_beats",
    "interpolators",
    "measure",
    "measure_frames",
    "onset_strength",
    "pack",
    "quick_look",
    "read",
    "read_settings",
    "render",
    "save_frame",
    "spoken",
    "strip_values",
    "timeline",
    "watch",
    "watch_comparison",
    "write",
]
__version__ = "0.1.0"

"""The page is built in two passes: every panel adds its components, then its events."""

import gradio as gr

from ..studio.limits import Limits
from ..studio.studio import Studio
from . import api
from .additions import AdditionsPanel
from .beat import BeatPanel
from .board import Board, Panel
from .changes import ChangesPanel
from .compare import ComparePanel
from .drop import DropPanel
from .follow import FollowPanel
from .form import FormPanel
from .format import FormatPanel
from .gpu import serve
from .grid import GridPanel
from .guard import guard
from .history import HistoryPanel
from .keep import KeepPanel
from .language import LanguagePanel
from .levers import LeversPanel
from .line import Line, rules
from .look import LookPanel
from .moment import MomentPanel
from .motion import MotionPanel
from .overview import OverviewPanel
from .part import PartPanel
from .play import PlayPanel
from .preset import PresetPanel
from .release import ReleasePanel
from .render import RenderPanel
from .reset import ResetPanel
from .results import ResultsPanel
from .sessions import describe_once, skip_at_once
from .sliders import take_ends
from .song import SongPanel
from .stage import StagePanel
from .steps import StepsPanel
from .story import StoryPanel
from .style import BrushPanel, StylePanel
from .surprise import SurprisePanel
from .theme import HEADER
from .upkeep import Served, Upkeep
from .view import ViewPanel
from .words import WordsPanel


def build(studio: Studio, limits: Limits) -> Board:
    """The page over a studio; `blocks` of the board is what Gradio launches."""
    take_ends()
    board = Board(studio, limits)
    serve(studio)
    with gr.Blocks(
        title="musvid",
        analytics_enabled=False,
        # Only at the end: until then files expire as the module `upkeep` says.
        delete_cache=(86_400, 10**9),
        fill_width=True,
    ) as board.blocks:
        for panel in _lay_out(board):
            panel.wire(board)
        api.add(board)
    guard(board.blocks)
    _quieten(board)
    _queue(board)
    describe_once(board.blocks)
    skip_at_once(board.blocks)
    return board


def _lay_out(board: Board) -> list[Panel]:
    """Adds the components of all panels, and gives the panels in the order of their wiring, in
    which events of one component are answered."""
    stage, play, levers = StagePanel(), PlayPanel(), LeversPanel()
    results, render = ResultsPanel(), RenderPanel()
    song, start, style, shape = SongPanel(), PresetPanel(), StylePanel(), FormatPanel()
    part, view, motion, beat = PartPanel(), ViewPanel(), MotionPanel(), BeatPanel()
    form, story, follow, look = FormPanel(), StoryPanel(), FollowPanel(), LookPanel()
    brush, additions, moment = BrushPanel(), AdditionsPanel(), MomentPanel()
    values, compare = GridPanel(), ComparePanel()
    history, keep, drop, chance = HistoryPanel(), KeepPanel(), DropPanel(), SurprisePanel()
    changes, reset, steps = ChangesPanel(), ResetPanel(), StepsPanel()
    overview, words, release = OverviewPanel(), WordsPanel(), ReleasePanel()

    def add(*panels: Panel) -> None:
        for panel in panels:
            panel.layout(board)

    with gr.Row(elem_id="top"):
        gr.HTML(HEADER, padding=False)
        with gr.Row(elem_id="tools"):
            add(history, chance, keep, drop)
    add(changes)
    with gr.Row(elem_id="columns"):
        with gr.Column(scale=7, min_width=320, elem_id="show"):
            add(stage, overview, play, levers, steps, results)
        with gr.Column(scale=4, min_width=320, elem_id="settings"):
            add(song, start, style, shape, part)
            add(release, view, words, motion, beat, form, story, follow)
            add(look, brush, additions, moment)
            add(render)
    with gr.Accordion("Compare", open=False, elem_classes="part", elem_id="compare"):
        add(values, compare)
    language = LanguagePanel()
    add(reset, language)
    first: list[Panel] = [stage, levers, song, part, shape, start, form, story, motion, beat]
    then: list[Panel] = [follow, moment, play, style, brush, view, look, render, results, values]
    last: list[Panel] = [additions, history, keep, drop, chance, reset, steps, overview, language]
    return [*first, *then, words, compare, changes, release, *last]


def _quieten(board: Board) -> None:
    """Has events that show no progress show it on one component.

    Gradio's browser keeps the progress of each component on which some event may show it, and
    writes all of them whenever any event begins, waits or ends.
    """
    for event in board.blocks.fns.values():
        if event.show_progress == "hidden":
            event.show_progress_on = [board.held]


def _queue(board: Board) -> None:
    """Has events wait as `line` says; none gets past it by a request of another kind."""
    board.blocks.queue(default_concurrency_limit=1, api_open=False)
    old = board.blocks._queue
    board.line = Line(
        rules(board.limits.queue),
        board.presence,
        live_updates=old.live_updates,
        concurrency_count=old.max_thread_count,
        update_intervals=old.update_intervals,
        blocks=board.blocks,
        default_concurrency_limit=1,
    )
    board.blocks._queue = board.line
    served = Served(
        board.blocks, keep=60 * board.limits.keep, all_of_them=board.limits.grace is not None
    )
    board.upkeep = Upkeep(
        board.line, board.visitors, board.visits, board.runnings, served, board.limits
    )

"""The page is built in two passes: every panel adds its components, then its events."""

import gradio as gr

from ..studio.limits import Limits
from ..studio.studio import Studio
from . import api
from .beat import BeatPanel
from .board import Board, Panel
from .compare import ComparePanel
from .drop import DropPanel
from .follow import FollowPanel
from .form import FormPanel
from .gpu import serve
from .guard import guard
from .history import HistoryPanel
from .keep import KeepPanel
from .line import Line, rules
from .look import LookPanel
from .moment import MomentPanel
from .motion import MotionPanel
from .preset import PresetPanel
from .render import RenderPanel
from .results import ResultsPanel
from .sessions import describe_once
from .sliders import take_ends
from .song import SongPanel
from .story import StoryPanel
from .style import StylePanel
from .surprise import SurprisePanel
from .theme import HEADER
from .upkeep import Served, Upkeep
from .view import ViewPanel


def build(studio: Studio, limits: Limits) -> Board:
    """The page over a studio; `blocks` of the board is what Gradio launches."""
    take_ends()
    board = Board(studio, limits)
    serve(studio)
    song, start, form, motion = SongPanel(), PresetPanel(), FormPanel(), MotionPanel()
    beat, story, follow = BeatPanel(), StoryPanel(), FollowPanel()
    style, view, look, moment = StylePanel(), ViewPanel(), LookPanel(), MomentPanel()
    render, results, compare = RenderPanel(), ResultsPanel(), ComparePanel()
    history, chance = HistoryPanel(), SurprisePanel()
    keep, drop = KeepPanel(), DropPanel()
    with gr.Blocks(
        title="musvid",
        analytics_enabled=False,
        # Only at the end: until then files expire as the module `upkeep` says.
        delete_cache=(86_400, 10**9),
        fill_width=True,
    ) as board.blocks:
        gr.HTML(HEADER, padding=False)
        with gr.Row(elem_id="tools"):
            _lay_out(board, history, chance, keep, drop)
        with gr.Row(elem_id="columns"):
            with gr.Column(scale=4, min_width=320, elem_id="settings"):
                _lay_out(board, song, start, motion, beat, form, story, style, follow, look)
            with gr.Column(scale=7, min_width=320), gr.Tabs(elem_id="tabs"):
                with gr.Tab("Render", id="render"):
                    _lay_out(board, moment, view, render, results)
                with gr.Tab("Compare", id="compare", elem_id="compare"):
                    compare.layout(board)
        # Events of one component are answered in this order.
        order: tuple[Panel, ...] = (
            song,
            start,
            form,
            story,
            motion,
            beat,
            follow,
            moment,
            style,
            view,
            look,
            render,
            results,
            compare,
            history,
            keep,
            drop,
            chance,
        )
        for panel in order:
            panel.wire(board)
        api.add(board)
    guard(board.blocks)
    _queue(board)
    describe_once(board.blocks)
    return board


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


def _lay_out(board: Board, *panels: Panel) -> None:
    """Adds the components of panels, one below the other."""
    for panel in panels:
        panel.layout(board)

"""The command line: ``musvid SONG``, or ``python -m musvid SONG``; with ``app``, the page, and with
``album``, all songs of a folder; with ``watch``, those that arrive in it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import closing, nullcontext
from dataclasses import replace
from typing import Any

from ._curve_options import check_target, write_curves
from ._entry import console, end_by_signals, guarded
from ._options import begin, build_parser, clustered, common, job_of, listed, recipe_from
from ._progress import Bars, OneBar, fetch_all
from ._stems import with_stems
from .cluster.begun import Begun
from .comparison.grid import Grid
from .comparison.in_step import (
    IN_STEP,
    check_grid_output,
    grid_output,
    in_step,
    jobs_of,
    save_sheet,
)
from .comparison.run import COMPARISON, compare
from .errors import SettingsError
from .estimate import comparison_told, grid_told, told
from .frame import Frame
from .job import Job
from .recipe import MOTION
from .rendering import STAGES, check_apart, render
from .video.file import check_output
from .video.targets import find


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0, 1 (failure), 2 (usage) or 130 (stopped)."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    with console():
        end_by_signals()
        if given[:1] == ["app"]:
            debug, stopped = "--debug" in given, "Stopped."
            return guarded(lambda: _page(given[1:]), debug=debug, stopped=stopped)
        if given[:1] == ["album"]:
            from . import _album

            debug, stopped = "--debug" in given, _album.STOPPED
            return guarded(lambda: _album.main(given[1:]), debug=debug, stopped=stopped)
        if given[:1] in (["render"], ["watch"]):
            from . import _batch

            command = given.pop(0)
            work = _batch.watch if command == "watch" else _batch.render
            if command == "watch" or _batch.several(given):
                debug, stopped = "--debug" in given, _batch.STOPPED
                return guarded(lambda: work(given), debug=debug, stopped=stopped)
        return guarded(lambda: _render(given), debug="--debug" in given)


def _page(given: list[str]) -> int:
    from .page import launch

    launch.main(given)
    return 0


def _render(given: list[str]) -> int:
    """Render as the options say, and tell what came of it. Raises MusvidError."""
    parser = build_parser()
    options = parser.parse_args(given)
    if told_all := listed(options):
        print(told_all)
        return 0
    if options.song is None and not options.clear_cache:
        parser.error("the following arguments are required: SONG")
    begin(options)
    if options.song is None:
        return 0
    _check_comparison(options)
    if options.vary:
        return _compare_values(options)
    if options.output:
        aim = find(vars(options).get("target", ""))
        check_output(options.output, target=aim)  # before a song is listened to
    machine = common(options)
    wish = recipe_from(options)
    if options.cluster:
        check_apart(wish)
    if vars(options).get("separate"):
        wish = with_stems(wish, options, machine["store"])
    if options.curves_to:
        target = check_target(options.curves_to)
        job = job_of(options.song, wish, machine["store"], options)
        print(write_curves(job, target, overwrite=options.overwrite))
        return 0
    with clustered(options, machine["store"]) as cluster:
        job = job_of(options.song, wish, machine["store"], options)
        summary = _made(job, machine, cluster, options)
    if not options.quiet:
        print(summary)
    return 0


def _made(
    job: Job, machine: dict[str, Any], cluster: Begun | None, options: argparse.Namespace
) -> str:
    """What is said of what was rendered, or compared."""
    if not options.quiet:
        print(comparison_told(job) if options.compare else told(job), file=sys.stderr)
        for remark in job.recipe.remarks():
            print(remark, file=sys.stderr)
    if cluster is None:
        fetch_all([job], options)
    elif job.recipe.paints:
        machine |= {"painter": cluster.painter(job.style)}
    one = OneBar(lambda: cluster.states) if cluster and not options.compare else None
    with closing(one or Bars(COMPARISON if options.compare else STAGES)) as bars:
        machine |= {
            "output": options.output or None,
            "overwrite": options.overwrite,
            "progress": None if options.quiet else bars,
        }
        if options.compare:
            found = compare(job, **machine)
            return f"{found}\n{found.video}\n{found.chart}\n{found.figures}"
        return str(render(job, frames_dir=options.frames, **machine))


def _compare_values(options: argparse.Namespace) -> int:
    """Compare values of settings, as a video in step or as a picture of a moment."""
    grid, wish = Grid.parse(options.vary), recipe_from(options)
    for recipe in grid.recipes(wish):
        recipe.resolve()  # a value that does not suit is told before a song is read
        if options.cluster:
            check_apart(recipe)
    shot = options.at is not None
    if options.output:
        check_grid_output(options.output, picture=shot)
    machine = common(options)
    if vars(options).get("separate"):
        wish = with_stems(wish, options, machine["store"])
    first = job_of(options.song, wish, machine["store"], options)
    found = first.recipe  # what the song said is not asked for again
    motion = {name: getattr(found, name) for name in MOTION}
    wish = replace(wish, lock=found.lock, form=found.form, **motion)
    if options.colours:
        wish = replace(wish, style=found.style, story=found.story)
    path = grid_output(first.song, options.output, picture=shot, overwrite=options.overwrite)
    jobs = jobs_of(grid, wish, first.song)
    if not options.quiet:
        print(grid_told(str(grid), jobs, still=shot), file=sys.stderr)
    with (
        clustered(options, machine["store"]) as cluster,
        closing(Bars(("tiles",) if shot else IN_STEP)) as bars,
    ):
        if cluster:
            machine |= {"painters": lambda style: nullcontext(cluster.painter(style))}
        else:
            fetch_all(jobs, options)
        progress = None if options.quiet else bars
        if shot:
            save_sheet(grid, _stills(grid, jobs, options.at, machine, progress), path)
        else:
            in_step(grid, jobs, path, progress=progress, **machine)
    if not options.quiet:
        print(path)
    return 0


def _stills(
    grid: Grid, jobs: list[Job], at: float, machine: dict[str, Any], progress: Bars | None
) -> list[Frame]:
    """A moment of the song in every tile. Raises SettingsError where it is not in the part."""
    from .studio.grid import stills
    from .studio.studio import Studio

    song = jobs[0].song
    moment = at - song.first / song.rate
    if not 0 <= moment <= song.duration:
        raise SettingsError(
            f"The moment {at:g} s is not in the part of the song that is compared; choose another "
            "--at, --start or --duration."
        )
    made: list[Frame] = []
    studio = Studio(**{name: machine[name] for name in ("device", "precision", "store")})
    for frame in stills(studio, jobs, moment, moves=grid.moves):
        made.append(frame)
        if progress:
            progress("tiles", len(made), len(jobs))
    return made


def _check_comparison(options: argparse.Namespace) -> None:
    """Raises SettingsError where an option does not go with --compare, or not without it."""
    if options.vary and not options.compare:
        raise SettingsError("--vary says what is compared; add --compare.")
    if options.cluster and options.at is not None:
        raise SettingsError("--at paints but a few pictures; leave out --cluster.")
    if options.at is not None and not options.vary:
        raise SettingsError("--at chooses the moment of what --vary compares; add --vary.")
    given = vars(options)
    if options.vary and options.frames is not None:
        raise SettingsError("--vary renders many clips; leave out --frames.")
    if options.compare and options.curves_to:
        raise SettingsError("--curves-to writes curves, and --compare videos; leave out one.")
    if options.compare and given.get("target"):
        raise SettingsError("--compare writes a video of its own kind; leave out --for.")
    if options.compare and not options.vary:
        for name in ("recipe", *MOTION, "frames"):
            if given.get(name) is not None:
                raise SettingsError(f"--compare renders all five recipes; leave out --{name}.")


if __name__ == "__main__":
    sys.exit(main())

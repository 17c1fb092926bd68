"""What the page says: sentences, and the small pieces of HTML around them."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from html import escape

import gradio as gr

from .. import MODELS, Comparison
from .. import RECIPES as NUMBERS
from ..cluster.pool import LOST, STARTING, WORKING
from ..comparison.chart import COLOURS, drawings, title
from ..comparison.run import RULE
from ..estimate import spoken
from ..paint.downloads import Download
from ..studio.watch import Report, Step

RECIPES = {
    "relit": "Relit: few paintings, each moment in its own light",
    "hybrid": "Hybrid: the light stays lively, the texture flows",
    "diffuse-then-interpolate": "Diffuse, then interpolate: calm, breathing with the keyframes",
    "interpolate-then-diffuse": "Interpolate, then diffuse: restless, every picture painted anew",
    "every-frame": "Every frame: frantic, each onset to the picture",
}
STAGES = {
    "spectrum": "Drawing the spectrum",
    "guides": "Filling between keyframes",
    "painted": "Painting",
    "frames": "Filling between paintings",
}


def told(problem: object = "") -> str:
    """A problem, for the place of the page where it is noticed."""
    return f'<div class="problem" role="alert">{escape(str(problem))}</div>' if problem else ""


def hint(text: str) -> str:
    """A remark in small letters."""
    return f'<div class="hint">{escape(text)}</div>'


def done(text: str) -> str:
    """What was done, for the place where it was asked for."""
    return f'<div class="done" role="status">✓ {escape(text)}</div>'


def named(text: str) -> str:
    """The name over a small picture."""
    return f'<div class="named">{escape(text)}</div>'


def embedded(picture: bytes, kind: str = "webp") -> str:
    """The address of a picture that is part of the page."""
    return f"data:image/{kind};base64,{b64encode(picture).decode()}"


def bar(text: str, part: float, over: bool = False) -> str:
    """A progress bar, part from 0 to 1. over: whether nothing goes on any more."""
    kind = "bar over" if over else "bar"
    return (
        f'<div class="{kind}" role="progressbar" aria-label="Progress" aria-valuemin="0" '
        f'aria-valuemax="100" aria-valuenow="{100 * part:.0f}" aria-valuetext="{escape(text)}">'
        f'<i style="--part:{part:.3f}"></i><span>{escape(text)}</span></div>'
    )


def coming(model: str, download: Download | None) -> str:
    """How far the download of a model is."""
    if download is None:
        return hint(f"Looking for {model} …")
    return bar(str(download), download.done / max(1, download.total))


def voice(place: str, elem_id: str = "progress-said") -> gr.HTML:
    """What is said of a progress, as a live region of its own. place: its selector."""
    return gr.HTML(
        html_template='<div class="waiting" hidden></div>'
        '<div class="voice" role="status" aria-live="polite"></div>',
        js_on_load=f"musvid.progress.begin(element, {json.dumps(place)})",
        apply_default_css=False,
        padding=False,
        elem_id=elem_id,
        elem_classes="said-aloud",
    )


def called(name: str) -> str:
    """A recipe's name for a reader."""
    return RECIPES[name].partition(":")[0]


def said(step: Step) -> str:
    """What a comparison is at."""
    if step.stage in RECIPES:
        place = f"{list(NUMBERS).index(step.stage) + 1} of {len(RECIPES)}"
        return f"{called(step.stage)} ({place}) · {step.done} of {step.total} frames"
    if step.stage == "measured":
        return f"Measuring · {step.done} of {step.total} videos"
    return f"Putting them side by side · {step.done} of {step.total} frames"


def model_facts(name: str) -> str:
    """What to know of a model before it is used."""
    model = MODELS.get(name)
    if model is None:
        return "Not one of the table: it is loaded as it stands, and downloaded if it is a hub id."
    good = f"Good for {model.good_for}. "
    if not model.download:
        return f"{good}Ships with musvid: nothing to download, quick without a graphics card."
    return (
        f"{good}{model.download:g} GB to download at first use, better with a graphics card; "
        f"licence: {model.licence}."
    )


def progress_of(report: Report) -> str:
    """Stage, frames done, time left."""
    done, total = report.done.get("frames", 0), report.totals.get("frames", 0)
    if report.finished:
        what = "Stopped: this is what was done" if report.stopped else "Finished"
        if report.late:
            what = f"Stopped after {spoken(report.late)}, the most that is allowed here"
        return bar(f"{what} · {done} of {total} frames", done / max(1, total), over=True)
    if report.stopped:
        return bar(f"Stopped · keeping {done} frames", done / max(1, total))
    parts = [STAGES.get(report.stage, "Beginning"), f"{done} of {total} frames"]
    if report.left is not None:
        parts.append(f"about {spoken(report.left)} left")
    parts += workers_of(report.workers)
    return bar(" · ".join(parts), done / max(1, total))


def workers_of(states: Mapping[str, int]) -> list[str]:
    """What the workers of a cluster do; nothing where there is none.

    states: how many do what, see `musvid.cluster.pool.Pool.states`.
    """
    if not (count := sum(states.values())):
        return []
    said = [f"{states.get(WORKING, 0)} of {count} workers at work"]
    said += [f"{states[STARTING]} starting"] if states.get(STARTING) else []
    said += [f"{states[LOST]} lost"] if states.get(LOST) else []
    return said


def comparison(made: Comparison) -> str:
    """The figures of a comparison: its chart, and a table."""
    best = made.best.name
    scatter, pulse = drawings({one.name: one.measures for one in made.results}, best=best)
    head = "".join(
        f"<th>{text}</th>" for text in ("recipe", "response", "lag", "smoothness", "pulse", "score")
    )
    rows = "".join(
        f"<tr{' class=best' if one.name == best else ''}>"
        f'<td><i style="background:{COLOURS[one.name]}"></i>{title(one.name)}</td>'
        f"<td>{one.measures.response:.2f}</td><td>{one.measures.lag:.0f} ms</td>"
        f"<td>{one.measures.smoothness:.2f}</td><td>{one.measures.pulse:.2f}</td>"
        f"<td>{one.measures.score:.2f}</td></tr>"
        for one in made.results
    )
    return (
        f'<div class="comparison"><figure>{scatter}</figure><figure>{pulse}</figure></div>'
        f'<div class="figures"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>{hint(RULE)}"
    )

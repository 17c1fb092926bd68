"""Where places of the strip are seen: against known answers."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from musvid.frame import Frame
from musvid.view.camera import Pose
from musvid.view.projections import HOLE, _tunnel, fold
from musvid.view.sampling import Sampler, soften
from musvid.view.settings import KINDS, Camera, Finish, View
from musvid.view.stage import LOW, Shot, places, view

STILL = Camera(turn=0, sway=0, pulse=0)
BARE = Finish(glow=0, vignette=0, grain=0, contrast=0)
SIDE, SHOWN = 128, 256


def seen(strip: Frame, kind: str, *, size: tuple[int, int] = (SHOWN, SHOWN), **given) -> Frame:
    settings = View(kind, shown=size, **given).resolve()
    (picture,) = view([strip], [0], Shot(size, settings, STILL, BARE))
    return picture


def smooth(*, paired: bool) -> Frame:
    """A strip of soft clouds, whose halves mirror each other or do not."""
    noise = np.random.default_rng(3).standard_normal((SIDE, SIDE, 3)).astype(np.float32)
    clouds = cv2.GaussianBlur(noise, (0, 0), 8)
    if paired:
        clouds += clouds[:, ::-1]
    return np.rint(128 + 40 * clouds / clouds.std()).clip(0, 255).astype(np.uint8)


def off(one: Frame, other: Frame) -> int:
    return int(np.abs(one.astype(int) - other).max())


def radii() -> np.ndarray:
    y, x = (np.mgrid[0:SHOWN, 0:SHOWN] + 0.5 - SHOWN / 2) / (SHOWN / 2)
    return np.hypot(x, y)


@pytest.mark.parametrize("kind", ["tunnel", "ring"])
@pytest.mark.parametrize("bend", [0.5, 1.0])
@pytest.mark.parametrize("foot", ["middle", "rim"])
@pytest.mark.parametrize("copies", [2, 5])
def test_a_row_of_the_strip_is_a_circle_of_its_radius(
    kind: str, bend: float, foot: str, copies: int
) -> None:
    strip = np.zeros((SIDE, SIDE, 3), np.uint8)
    strip[40:44] = 255  # its middle, from the foot
    s = 1 - 42 / (SIDE - round(LOW.get(kind, 0) * SIDE))
    if foot == "rim":
        s = 1 - s
    inner = HOLE if kind == "ring" else 0
    radius = inner + (math.sqrt(2) - inner) * s ** (1 / bend)
    picture = seen(strip, kind, bend=bend, foot=foot, copies=copies)[..., 0].astype(float)
    picture[radii() < inner] = 0  # the ring's disc has a faint image of it
    assert np.average(radii(), weights=picture) == pytest.approx(radius, abs=1.5 / (SHOWN / 2))
    lit = radii()[picture > 128]
    assert np.ptp(lit) < 12 / (SHOWN / 2)


def test_a_ring_has_a_dark_disc() -> None:
    white = np.full((SIDE, SIDE, 3), 255, np.uint8)
    picture = seen(white, "ring")
    assert picture[radii() < 0.5 * HOLE].max() < 10
    assert picture[radii() > HOLE + 0.02].min() == 255


def test_a_mosaic_is_four_mirrored_strips() -> None:
    strip = smooth(paired=False)
    picture = seen(strip, "mosaic")
    assert off(picture, picture[::-1]) <= 1 and off(picture, picture[:, ::-1]) <= 1
    assert off(picture[:SIDE, SIDE:], strip) <= 4  # upright above, foot in the middle
    turned = seen(strip, "mosaic", foot="rim")
    assert off(turned[SIDE:, SIDE:], strip) <= 4


def test_a_mandala_is_the_same_turned_and_mirrored() -> None:
    picture = seen(smooth(paired=False), "mandala", copies=4)
    assert off(picture, np.rot90(picture)) <= 3
    assert off(picture, picture[:, ::-1]) <= 3
    assert picture.std() > 20


def test_ground_and_sky_mirror_each_other_and_converge() -> None:
    strip = smooth(paired=True)
    picture = seen(strip, "horizon")
    assert off(picture, picture[::-1]) <= 1 and off(picture, picture[:, ::-1]) <= 3
    columns = np.zeros_like(strip)
    columns[:, SIDE // 4 : SIDE // 2] = 255  # a road left of the middle
    ground = seen(columns, "horizon")[SHOWN // 2 :, : SHOWN // 2, 0] > 128
    widths = [int(row[::-1].argmin()) for row in ground[20::20]]
    assert widths == sorted(widths) and widths[-1] > 2 * widths[0] > 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("paired", [True, False])
@pytest.mark.parametrize("copies", [2, 3])
def test_nothing_has_a_seam(kind: str, paired: bool, copies: int) -> None:
    """A picture twice as large has steps between pixels half as large; that of a seam stays."""
    strip = smooth(paired=paired)
    small, large = (seen(strip, kind, copies=copies, size=(side, side)) for side in (256, 512))
    assert steepest(large) < 0.7 * steepest(small)


def test_a_seam_would_be_seen() -> None:
    """Such as that of copies that do not close."""
    strip = smooth(paired=False)
    steps = []
    for side in (256, 512):
        sampler = Sampler(_tunnel(2.5, 1, math.sqrt(2)), (SIDE, SIDE), (side, side))
        steps.append(steepest(sampler.picture(strip, *places((side, side), Pose()))))
    assert steps[1] > 0.9 * steps[0]


def steepest(picture: Frame) -> int:
    """The largest step beside a pixel, but for the middle, where all of a strip meets."""
    side = len(picture)
    y, x = (np.mgrid[0:side, 0:side] + 0.5 - side / 2) / (side / 2)
    around = np.hypot(x, y) > HOLE
    steps = [np.abs(np.diff(picture.astype(int), axis=axis)).max(-1) for axis in (0, 1)]
    return max(int(steps[0][around[1:]].max()), int(steps[1][around[:, 1:]].max()))


@pytest.mark.parametrize("kind", KINDS)
def test_no_corner_is_dark(kind: str) -> None:
    picture = seen(np.full((SIDE, SIDE, 3), 200, np.uint8), kind, size=(384, 216))
    assert picture.shape == (216, 384, 3)
    y, x = np.mgrid[0:216, 0:384]
    middle = {"ring": HOLE + 0.02, "tunnel": 0.25}.get(kind, 0.0)
    disc = np.hypot(x - 191.5, y - 107.5) < 108 * middle
    assert (picture[~disc] == 200).all()
    if kind == "tunnel":  # whose middle shines
        assert (picture[disc] >= 200).all()


def test_the_middle_of_a_tunnel_shines_in_its_colour() -> None:
    strip = np.full((SIDE, SIDE, 3), (60, 90, 70), np.uint8)
    picture = seen(strip, "tunnel", size=(384, 384)).astype(int)
    way = picture[192, 192:, 1]
    assert way[0] > 1.8 * 90
    assert (np.diff(way) <= 0).all()  # and falls off evenly
    assert (way[50:] == 90).all()
    assert np.diff(picture[192, 192, :2]) > 1.8 * 30  # rather a colour than white


@pytest.mark.parametrize("kind", ["tunnel", "horizon"])
def test_what_is_too_fine_is_averaged(kind: str) -> None:
    """Where a chequered strip is packed too densely, its mean is seen, and no pattern."""
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    strip = np.repeat((255 * ((x + y) % 2)).astype(np.uint8)[..., None], 3, 2)
    picture = seen(strip, kind, copies=12, size=(64, 64))
    even = seen(np.full_like(strip, 127), kind, copies=12, size=(64, 64)).astype(int)
    middle = (slice(28, 36), slice(28, 36)) if kind == "tunnel" else slice(30, 34)
    assert np.abs(picture[middle] - even[middle]).max() <= 10
    # Where there is room for it, it is seen.
    assert seen(strip, kind, copies=2, size=(1024, 1024)).std() > 35


def test_rows_are_averaged_over_what_they_are_told() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    across = np.repeat(np.float32([1, 64]), 32)
    made = soften(noise, across, np.ones(64, np.float32))
    assert (made[:32] == noise[:32]).all()
    means = noise[32:].mean(1, keepdims=True)
    assert np.abs(made[32:] - means).max() < 3
    along = soften(noise, np.ones(64, np.float32), np.full(64, 64, np.float32))
    assert np.abs(along - noise.mean(0)).max() < 3


def test_folding_is_by_mirrors() -> None:
    values = np.float32([-0.25, 0, 0.25, 1, 1.25, 2, 2.25, -1.75])
    expected = [0.25, 0, 0.25, 1, 0.75, 0, 0.25, 0.25]
    assert fold(values.copy(), 1).tolist() == pytest.approx(expected, abs=1e-6)
    laid = fold(values.copy(), 1, 10, 20)
    assert laid.tolist() == pytest.approx([10 + 10 * value for value in expected], abs=1e-5)

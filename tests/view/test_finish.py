"""The last touch: glow, vignette, grain, contrast."""

from __future__ import annotations

import numpy as np

from musvid.view.finish import finished, tone
from musvid.view.settings import Finish


def done(picture: np.ndarray, number: int = 0, **amounts: float) -> np.ndarray:
    bare = dict.fromkeys(("exposure", "glow", "vignette", "grain", "contrast"), 0.0)
    return finished(picture.copy(), Finish(**{**bare, **amounts}), number)


def grey(level: int = 100) -> np.ndarray:
    return np.full((120, 160, 3), level, np.uint8)


def test_nothing_is_nothing() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (120, 160, 3)).astype(np.uint8)
    np.testing.assert_array_equal(done(picture), picture)
    assert tone(picture, Finish(0, 0, 0, 0, 0)) is picture


def test_grain_is_the_frames_own_and_has_no_light() -> None:
    one, again, other = (done(grey(), number, grain=0.5) for number in (7, 7, 8))
    np.testing.assert_array_equal(one, again)
    assert (one != other).mean() > 0.5
    assert abs(one.mean() - 100) < 0.5
    assert 5 < one.std() < 9
    assert (one == one[..., :1]).all()  # of light, not of colour


def test_glow_shines_around_and_burns_nothing_out() -> None:
    picture = grey(0)
    picture[50:70, 70:90] = 230
    made = done(picture, glow=1)
    assert made[60, 95, 0] > made[60, 110, 0] > made[60, 158, 0] >= 0
    assert made[60, 95, 0] > 15
    assert made.max() < 255
    assert (done(grey(30), glow=1) == 30).all()  # what is dark does not shine


def test_the_vignette_takes_the_corners() -> None:
    made = done(grey(200), vignette=0.5)
    assert made[60, 80, 0] >= 199
    assert 100 < made[0, 0, 0] < 130
    np.testing.assert_array_equal(made, made[::-1, ::-1])


def test_contrast_drives_darks_and_lights_apart() -> None:
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, 2)
    made = tone(ramp, Finish(0, 0, 0, 0, 1))[0, :, 0].astype(int)
    assert made[0] == 0 and made[255] == 255
    assert made[64] < 50 and made[192] > 205
    assert (np.diff(made) >= 0).all()


def strip(level: float) -> np.ndarray:
    """Lights of all levels, of which the mean is about as given."""
    drawn = np.random.default_rng(0).exponential(level, (128, 128, 3))
    return np.minimum(drawn, 255).astype(np.uint8)


def test_exposure_lights_up_what_is_dark_and_burns_nothing() -> None:
    means = []
    for level in (1, 6, 15, 40, 80, 160):
        made = tone(strip(level), Finish(1, 0, 0, 0, 0))
        means.append(made.mean())
        assert (made >= 250).mean() < 0.02 + (strip(level) >= 250).mean()
    assert means == sorted(means)  # loud stays brighter than quiet
    assert all(35 < mean < 130 for mean in means[1:]), means
    assert not tone(strip(0), Finish(1, 0, 0, 0, 0)).any()  # silence stays dark


def test_exposure_is_a_curve_of_its_amount() -> None:
    frame = strip(20)
    half, whole = (tone(frame, Finish(amount, 0, 0, 0, 0)) for amount in (0.5, 1))
    assert frame.mean() < half.mean() < whole.mean()
    order = np.argsort(frame.ravel())
    assert (np.diff(whole.ravel()[order].astype(int)) >= 0).all()

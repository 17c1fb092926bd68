"""In-betweens that are lit by their own moment, against pictures whose light is known."""

import numpy as np
import pytest

from musvid import between
from musvid.interpolate import blend, light_of, motion, names, relight
from musvid.interpolate.relight import Response, fit

SIDE = 64


def drawing(rise: float, shift: int = 0) -> np.ndarray:
    """A mirrored drawing like a spectrum: bars that grow from the middle, brighter with `rise`."""
    across = np.abs(np.arange(SIDE) - (SIDE - 1) / 2)
    reach = 6 + 22 * rise * (1 + np.sin(np.arange(SIDE) / 7 + shift)) / 2
    light = np.clip((reach[:, None] - across) / 4, 0, 1) * (60 + 190 * rise)
    return np.repeat(light[..., None], 3, -1).astype(np.uint8)


def painting(picture: np.ndarray, *, power: float = 0.5) -> np.ndarray:
    """A texture under the light of a drawing, as a model with that response would paint it."""
    random = np.random.default_rng(5)
    texture = np.kron(random.uniform(60, 250, (SIDE // 4, SIDE // 4, 3)), np.ones((4, 4, 1)))
    light = np.kron(light_of(picture), np.ones((4, 4)))
    return np.clip(texture * ((light + 8) / 263)[..., None] ** power, 0, 255).astype(np.uint8)


def clip(rises, **how) -> tuple[list[np.ndarray], list[np.ndarray]]:
    drawn = [drawing(rise, shift) for shift, rise in enumerate(rises)]
    return [painting(picture, **how) for picture in drawn], [light_of(each) for each in drawn]


def beats(count: int) -> np.ndarray:
    """A loudness that jumps up every few pictures and falls, out of step with any keyframe."""
    since = np.arange(count) % 11
    return 0.15 + 0.8 * np.exp(-since / 3.0)


def psnr(found, wanted, stride: int = 0) -> float:
    """Of frames in dB, without those that are keyframes."""
    pairs = [pair for number, pair in enumerate(zip(found, wanted, strict=True))
             if not stride or number % stride]  # fmt: skip
    errors = [((a.astype(float) - b) ** 2).mean() for a, b in pairs]
    return float(np.mean([10 * np.log10(255**2 / max(error, 1e-9)) for error in errors]))


def test_light_is_the_mean_of_cells():
    picture = np.random.default_rng(0).integers(0, 256, (16, 24, 3), dtype=np.uint8)
    light = light_of(picture)
    assert light.shape == (4, 6) and light.dtype == np.float32
    assert np.allclose(light, picture.reshape(4, 4, 6, 4, 3).mean((1, 3, 4)), atol=1e-3)


@pytest.mark.parametrize("stride", [4, 16, 32])
def test_in_betweens_have_the_light_of_their_own_moment(stride):
    count = 32 * 6 + 1
    truth, light = clip(beats(count))
    lit = list(between(iter(truth[::stride]), stride, painted=True, light=light))
    faded = list(between(iter(truth[::stride]), stride, painted=True))
    assert len(lit) == count
    assert psnr(lit, truth, stride) > psnr(faded, truth, stride) + 3
    change = [np.abs(np.diff(np.array(frames, float), axis=0)).mean((1, 2, 3))
              for frames in (truth, lit, faded)]  # fmt: skip
    assert np.corrcoef(change[0], change[1])[0, 1] > 0.9
    assert np.corrcoef(change[0], change[2])[0, 1] < 0.6


def test_paintings_come_out_unchanged():
    truth, light = clip(beats(49))
    lit = list(between(iter(truth[::8]), 8, painted=True, light=light))
    assert all(np.array_equal(*pair) for pair in zip(lit[::8], truth[::8], strict=True))


def test_a_painting_of_another_light_is_relit_too():
    """Where a guide was filled in, its light is not that of its moment."""
    _, light = clip(beats(41))
    late = [light_of(drawing(0.2, 0))] * 11
    lit = list(between(iter([painting(drawing(0.2, 0))] * 11), 4, light=light, guides=late))
    assert np.corrcoef([f.mean() for f in lit], [each.mean() for each in light])[0, 1] > 0.95


def test_a_still_light_leaves_what_was_filled_in():
    light = [light_of(drawing(0.5))] * 33
    first, last = painting(drawing(0.5)), painting(drawing(0.5), power=0.7)
    lit = list(between(iter([first, last, first]), 16, painted=True, light=light))
    faded = list(blend.between([first, last, first], 16))
    assert all(np.array_equal(*pair) for pair in zip(lit, faded, strict=True))


def test_fit_finds_a_response_that_predicts():
    truth, light = clip(beats(97), power=1.3)
    pairs = list(zip(truth[::12], light[::12], strict=True))
    found = fit(pairs)
    usual = list(relight.between(iter(truth[::12]), 12, light=iter(light), response=Response()))
    fitted = list(relight.between(iter(truth[::12]), 12, light=iter(light), response=found))
    assert psnr(fitted, truth, 12) > psnr(usual, truth, 12) + 2
    assert fit(pairs) == found


def test_without_evidence_the_response_is_the_usual_one():
    truth, light = clip(beats(9))
    assert fit([]) == fit([(truth[0], light[0])] * 2) == Response()
    still = fit([(truth[0], light[0])] * 6)
    assert np.allclose(relight._numbers(still), relight._numbers(Response()), atol=0.011)


def test_lights_and_paintings_are_asked_for_in_time():
    """A light is there when the painting behind it is, and not before."""
    truth, light = clip(beats(65))
    drawn = 0

    def paintings():
        nonlocal drawn
        for number in range(0, 65, 16):
            drawn = number
            yield truth[number]

    def lights():
        for number, each in enumerate(light):
            assert number <= drawn
            yield each

    assert len(list(between(paintings(), 16, painted=True, light=lights()))) == 65


@pytest.mark.parametrize("name", names())
def test_any_interpolator_brings_neighbours_together(name):
    truth, light = clip(beats(33))
    kept = truth[::8]
    lit = list(between(iter(kept), 8, interpolator=name, painted=True, light=light))
    plain = list(between(iter(kept), 8, interpolator=name, painted=True))
    assert psnr(lit[1:8], truth[1:8]) > psnr(plain[1:8], truth[1:8]) + 2
    assert all(np.array_equal(*pair) for pair in zip(lit[::8], kept, strict=True))


def test_relight_is_no_interpolator_of_its_own():
    assert "relight" not in names()


@pytest.mark.parametrize("height", [64, 72, 136])
def test_strips_do_not_show(height, monkeypatch):
    random = np.random.default_rng(2)
    frames = random.integers(0, 256, (2, height, 48, 3), dtype=np.uint8)
    light = random.uniform(0, 255, (5, height // 4, 12)).astype(np.float32)
    strips = list(relight.between(frames, 4, light=light, response=Response()))
    monkeypatch.setattr(relight, "_STRIP", 4 * height)
    whole = list(relight.between(frames, 4, light=light, response=Response()))
    assert all(np.array_equal(*pair) for pair in zip(strips, whole, strict=True))


def test_what_is_mirrored_stays_mirrored():
    truth, light = clip(beats(17))
    kept = [np.concatenate([f[:, :32], f[:, 31::-1]], 1) for f in truth[::16]]
    for frame in between(iter(kept), 16, painted=True, light=light):
        assert np.array_equal(frame, frame[:, ::-1])


def hostile(kind: str, random: np.random.Generator, count: int) -> np.ndarray:
    """Lights that no music makes."""
    light = np.zeros((count, SIDE // 4, SIDE // 4), np.float32)
    if kind == "white":
        light[:] = 255
    elif kind == "lines":
        light[np.arange(count), random.integers(0, SIDE // 4, count)] = 255
    elif kind == "flashes":
        light[::2] = 255
    elif kind == "noise":
        light[:] = random.uniform(0, 255, light.shape)
    elif kind == "one":
        light[count // 2] = 255
    return light


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", ["silence", "white", "lines", "flashes", "noise", "one"])
def test_hostile_lights_stay_within_bounds(kind, seed):
    """A frame is at most four times as bright as what was filled in, and what lines add."""
    random = np.random.default_rng(seed)
    light = hostile(kind, random, 65)
    paintings = random.integers(0, 256, (5, SIDE, SIDE, 3), dtype=np.uint8)
    plain = np.array(list(blend.between(paintings, 16)), float)
    for response in (Response(), relight._LEAST, relight._GREATEST, None):
        made = relight.between(iter(paintings), 16, light=iter(light), response=response)
        lit = np.array(list(made), float)
        assert lit.shape == plain.shape
        added = 255 * abs(response.added if response else 1.0)
        # Colours grow by less than brightness, whose rest is white.
        most = 4 ** max(1.0, response.saturation if response else 2.0)
        local = plain.max((1, 2, 3), keepdims=True)
        assert np.all(lit <= most * plain + 4 * local + added + 1)
        if kind in ("silence", "white"):
            assert np.array_equal(lit, plain)


@pytest.mark.parametrize("seed", range(4))
def test_a_small_change_of_light_is_a_small_change_of_the_frame(seed):
    """So that nothing flickers where the music does not."""
    random = np.random.default_rng(seed)
    base = random.uniform(0, 255, (SIDE // 4, SIDE // 4)).astype(np.float32)
    light = [base + random.uniform(-0.5, 0.5, base.shape).astype(np.float32) for _ in range(17)]
    light = [np.clip(each, 0, 255) for each in light]
    frame = random.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    for response in (Response(), relight._LEAST):
        lit = list(relight.between([frame, frame], 16, light=light, response=response))
        assert max(np.abs(each.astype(int) - frame).max() for each in lit) <= 8


def test_motion_is_lit_as_blending_is():
    truth, light = clip(beats(17))
    lit = list(relight.between(iter(truth[::8]), 8, light=light, fill=motion.between))
    assert len(lit) == 17


def test_a_frame_may_lie_in_memory_as_it_likes() -> None:
    """A model's pictures do not lie row by row."""
    frame = np.random.default_rng(0).integers(0, 256, (32, 48, 3), np.uint8)
    planes = np.ascontiguousarray(frame.transpose(2, 0, 1)).transpose(1, 2, 0)
    light = [relight.light_of(frame), relight.light_of(frame) * np.float32(0.5)]
    under = np.stack([*relight.light_layers(light[0]), light[0]])
    made = [relight.relit(each, light[1], under, Response()) for each in (frame, planes)]
    np.testing.assert_array_equal(*made)
    assert (made[0] != frame).any()

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest

from musvid import RECIPES, Look, Recipe, SettingsError, Style, load_settings
from musvid.errors import listed, quoted
from musvid.ranges import RANGES
from musvid.recipe import MOTION, parse_size


def test_the_articles_four_recipes_and_the_relit_one() -> None:
    assert {name: tuple(numbers.values()) for name, numbers in RECIPES.items()} == {
        "every-frame": (1, 1, 1, False),
        "diffuse-then-interpolate": (8, 1, 8, False),
        "interpolate-then-diffuse": (8, 8, 1, False),
        "hybrid": (8, 4, 2, False),
        "relit": (16, 1, 16, True),
    }
    assert Recipe.named("relit") == Recipe()
    assert Recipe.named("every-frame", stride=2).stride == 2


@pytest.mark.parametrize(
    ("given", "motion"),
    [
        ({}, (16, 1, 16, True)),
        ({"stride": 5}, (5, 1, 5, True)),
        ({"stride": 64}, (64, 1, 64, True)),
        ({"stride": 8, "before": 4}, (8, 4, 2, False)),
        ({"stride": 8, "after": 8}, (8, 1, 8, False)),
        ({"stride": 7, "after": 2}, (7, 4, 2, False)),
        ({"after": 4}, (16, 4, 4, False)),
        ({"stride": 4, "before": 2, "after": 2}, (4, 2, 2, False)),
        ({"relight": False}, (16, 1, 16, False)),
        ({"stride": 8, "before": 4, "relight": True}, (8, 4, 2, True)),
        ({"stride": 1}, (1, 1, 1, True)),
    ],
)
def test_what_is_left_out_keeps_the_picture_rate(given: dict, motion: tuple) -> None:
    """By name, in JSON and in Python alike; whoever gives factors is not relit unasked."""
    for recipe in (Recipe(**given), Recipe.from_flat(given), Recipe.from_json(json.dumps(given))):
        assert tuple(getattr(recipe, name) for name in MOTION) == motion


def test_settings_of_the_first_edition_mean_what_they_meant() -> None:
    """It knew no relighting, and had other numbers where some were left out."""
    old = '{"musvid": 1, "stride": 16, "before": 1, "after": 16}'
    assert Recipe.from_json(old).relight is False
    hybrid = Recipe.from_json('{"musvid": 1, "look": {"gamma": 2}}')
    assert hybrid.motion == "hybrid" and hybrid.look.gamma == 2


def test_settings_survive_json() -> None:
    recipe = Recipe(
        start=1.5,
        duration=7.25,
        fps=Fraction(392, 16),
        stride=10,
        before=3,
        after=2,
        interpolator="motion",
        size=(768, 432),
        upscale=3,
        look=Look(gain=-3.5, gamma=2.5, palette="fire", tlength=0.3, count=4, afterglow=0.2),
        style=Style(
            model="sd-turbo", prompt="火 “quotes”", negative_prompt="x", strength=0.0, seed=9
        ),
    )
    assert Recipe.from_json(recipe.to_json()) == recipe
    assert Recipe.from_json(Recipe().to_json()) == Recipe()
    assert Recipe.from_json(Recipe().resolve().to_json()) == Recipe().resolve()


def test_what_json_leaves_out_has_its_default() -> None:
    assert Recipe.from_json('{"style": {"seed": 5}}') == Recipe(style=Style(seed=5))


def test_a_model_fills_in_what_suits_it() -> None:
    sketch, turbo = Recipe().resolve(), Recipe(style=Style(model="sd-turbo")).resolve()
    assert (sketch.size, sketch.upscale) == ((512, 512), 1)
    assert (turbo.size, turbo.upscale, turbo.style.steps) == ((512, 512), 1, 2)
    kept = Recipe(size=(128, 64), upscale=1, style=Style(steps=9, strength=0.0)).resolve()
    assert (kept.size, kept.upscale, kept.style.steps, kept.style.strength) == (
        (128, 64),
        1,
        9,
        0.0,
    )


@pytest.mark.parametrize(
    ("text", "size"),
    [("512", (512, 512)), ("768x432", (768, 432)), ("432X768", (432, 768)), (64, (64, 64))],
)
def test_sizes(text: str | int, size: tuple[int, int]) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text",
    ["", "big", "513", "56", "4096", "512x", "1x2x3", "-512", None, 8.5]
    + [[256.7, 256.2], ["256", "256"], {"256": 1}, {256}, [256, True], True, "9" * 5000, 10**400],
)
def test_sizes_that_are_none(text: object) -> None:
    with pytest.raises(SettingsError, match=r"size|sides"):
        parse_size(text)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wrong",
    [
        {"start": -1},
        {"start": float("nan")},
        {"start": "soon"},
        {"duration": 0},
        {"duration": float("inf")},
        {"fps": "fast"},
        {"stride": 0},
        {"stride": 65},
        {"stride": 8.0},
        {"before": 65},
        {"after": "2"},
        {"interpolator": "magic"},
        {"size": (100, 100)},
        {"size": "8x8"},
        {"upscale": 9},
        {"fps": 240, "stride": 1, "after": 16},
        {"after": False},
        {"before": 0.0},
        {"relight": "yes"},
        {"relight": 1},
        {"loop": 1},
    ],
)
def test_recipes_out_of_range_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(SettingsError):
        Recipe(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wrong",
    [
        {"strength": -0.1},
        {"strength": 1.1},
        {"strength": float("nan")},
        {"strength": "much"},
        {"strength": 10**400},
        {"steps": 0},
        {"steps": 201},
        {"guidance": 0.5},
        {"seed": -1},
        {"seed": 2**32},
        {"seed": 1.5},
        {"symmetry": "round"},
        {"prompt": "x" * 10_001},
        {"prompt": 5},
        {"negative_prompt": None},
        {"model": None},
        {"tiny_autoencoder": 1},
        {"prompt": "half \ud83d"},
        {"prompt": "\udcff"},
        {"negative_prompt": "a\0b"},
        {"model": "sketch\udcff"},
        {"tiny_autoencoder": "a/\0"},
    ],
)
def test_styles_out_of_range_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(SettingsError):
        Style(**wrong)  # type: ignore[arg-type]


def test_a_video_beyond_all_size_is_refused() -> None:
    with pytest.raises(SettingsError, match="16384x16384"):
        Recipe(size=(2048, 2048), upscale=8).resolve()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not JSON"),
        ("[]", "JSON object"),
        ('{"stride": 0}', "stride"),
        ('{"strid": 8}', "no setting 'strid'"),
        ('{"look": {"gamma": NaN}}', "gamma"),
        ('{"start": Infinity}', "start"),
        ('{"style": 3}', "style"),
        ('{"style": {"strength": 2}}', "strength"),
        ('{"musvid": 3}', "newer"),
        ('{"musvid": true}', "newer"),
        ('{"relight": 1}', "relight must be"),
        ('{"loop": "yes"}', "loop must be"),
        ('{"size": [1, 2, 3]}', "size"),
        ('{"size": [256.7, 256.2]}', "size"),
        ('{"fps": true}', "fps"),
        ('{"lock": {"beats": "12"}}', "beats must be a list"),
        ('{"lock": {"beats": {"0": 1, "1": 2}}}', "beats must be a list"),
        ('{"lock": {"beats": ["0", "1"]}}', "beats must be a list"),
        ('{"lock": {"beats": [true, 2]}}', "beats must be a list"),
        ('{"lock": {"beats": [0, NaN]}}', "beats must be a list"),
        ('{"lock": {"beats": [0, 99999]}}', "within 24 hours"),
        ('{"lock": {"beat": 1e6}}', "beat"),
        ('{"start": 100000}', "start"),
        (f'{{"stride": {"9" * 400}}}', "stride must be"),
        (f'{{"start": {"9" * 5000}}}', "start must be"),
        (f'{{"lock": {{"beats": [1, {"9" * 400}]}}}}', "beats must be a list"),
        (f'{{"style": {{"seed": {"9" * 400}}}}}', "seed must be"),
        ("[" * 100_000, "nested too deeply"),
        ('{"look":' * 100_000, "nested too deeply"),
        ('{"style": {"prompt": "\\ud83d"}}', "no letter"),
    ],
)
def test_json_that_is_wrong_is_refused(text: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        Recipe.from_json(text)


def test_settings_are_read_from_a_json_file(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({"stride": 4}))
    assert load_settings(path).stride == 4
    for text in ("utf-8-sig", "utf-16"):  # as editors and shells of Windows write it
        path.write_text(json.dumps({"stride": 5}), encoding=text)
        assert load_settings(path).stride == 5
    path.write_bytes(b"{\xff\xfe}")
    with pytest.raises(SettingsError, match="not a JSON text"):
        load_settings(path)
    with pytest.raises(SettingsError, match="no settings file"):
        load_settings(tmp_path / "missing.json")
    with pytest.raises(SettingsError, match="no settings file"):
        load_settings(tmp_path / f"{'long' * 99}.json")


def test_a_part_by_name_and_as_a_whole_are_one() -> None:
    assert Recipe.from_flat({"look": {"count": 2}, "look.gamma": 2.0}).look == Look(
        count=2, gamma=2.0
    )
    assert Recipe.from_flat({"look.gamma": 2.0, "look": {"count": 2}}).look.gamma == 2.0
    for given in ({"look": 3, "look.gamma": 2.0}, {"look.gamma": 2.0, "look": 3}):
        with pytest.raises(SettingsError):
            Recipe.from_flat(given)


def test_every_range_is_held_and_told() -> None:
    """What the sliders and the help read is what is checked: its ends are in, and no more."""
    known = Recipe().flat()
    for name, given in RANGES.items():
        if name not in known or name == "fps":  # which has its own sentence
            continue
        more = {"lock.note": "1/4"} if name.startswith("lock") else {}
        step = 1 if given.whole else 0.001
        if name in ("start", "duration") or not name.startswith(("before", "after", "stride")):
            for value in (given.low, given.high):
                made = Recipe.from_flat({name: value, **more}).flat()[name]
                assert float(made) == value, name
        # 0 is what is left out.
        least = -1 if name in ("before", "after") else given.low - step
        for value in (least, given.high + step, float("nan")):
            with pytest.raises(SettingsError, match=name.rpartition(".")[2]):
                Recipe.from_flat({name: value, **more})
        low, high = given.slider
        assert given.low <= low < high <= given.high, name


@pytest.mark.parametrize(
    "value", ["x" * 1_000_000, "9" * 1_000_000, ["y" * 1_000_000] * 9, 10**4000]
)
def test_no_error_repeats_a_megabyte(value: object) -> None:
    for name in (*Recipe().flat(), "x" * 1_000_000):
        if isinstance(value, str) and name.endswith(("prompt", "model", "autoencoder")):
            continue  # refused for their length, without a word of them
        with pytest.raises(SettingsError) as caught:
            Recipe.from_flat({name: value}).resolve()
        # The names of all settings are the longest thing that is said.
        assert len(str(caught.value)) < 500, name
        assert "\n" not in str(caught.value)


def test_values_are_quoted_on_one_line_and_shortly() -> None:
    assert quoted("x\ny") == "'x\\ny'"
    assert quoted(30) == "30"
    assert quoted(True) == "True"
    assert len(quoted("x" * 10**6)) <= 62
    assert "digits" in quoted(10**5000)
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    for value in (deep, {"a" * 999: 10**999}, [10**999] * 999, "\udcff" * 99, b"z" * 999):
        assert len(quoted(value)) <= 62
        quoted(value).encode()
    assert listed(["word"] * 20).endswith(" and 8 more")

"""The grammar of curves: what a text means, what is told where it means nothing, evaluation."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from numpy.testing import assert_allclose

from musvid import Lock, SettingsError
from musvid.music import along, curves
from musvid.music._nodes import Floats
from musvid.music.hearing import Hearing
from musvid.song import Song

TIMES = np.linspace(0, 10, 1001)


class Drums:
    """A song of which everything is known: a kick every second, a bass that swells."""

    bar = 4

    def check(self, name: str, of: str) -> None:
        if name not in ("kick", "bass") or of not in ("", "drums"):
            raise SettingsError(f"There is no source {name}.")

    def read(self, name: str, of: str, times: Floats) -> Floats:
        own = np.where(times % 1 < 0.05, 1.0, 0.0) if name == "kick" else times / 10
        return own / 2 if of else own

    def beats(self, times: Floats) -> Floats:
        return 2 * times - 1  # 120 a minute, of which one begins at half a second

    def beat_time(self, beat: float) -> float:
        return (beat + 1) / 2


def at(text: str, *times: float) -> list[float]:
    found = curves.parse(text).at(np.array(times, np.float64), Drums())
    return [round(float(value), 9) for value in found]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.5", 0.5),
        (" -.5e1 ", -5),
        ("1 + 2 * 3 - 4 / 8", 6.5),
        ("-2^2", -4),
        ("2^-1", 0.5),
        ("2 ** 3 ^ 0", 2),
        ("7 % 4", 3),
        ("(1 + 2) * 3", 9),
        ("--3", 3),
        ("min(3, 1, 2) + max(4, 5)", 6),
        ("clip(9, 0, 1)", 1),
        ("abs(-2) + floor(1.9) + ceil(0.1) + round(2.6)", 7),
        ("sqrt(16) + exp(0) + log(1) + cos(0) + sin(0)", 6),
        ("pi", np.pi),
        ("1 / 0 * 0", 0),  # what is no number is 0
    ],
)
def test_numbers(text: str, value: float) -> None:
    found = curves.parse(text)
    assert found.constant == pytest.approx(value)
    assert_allclose(found.at(TIMES), value)


def test_keyframes_and_how_they_are_reached() -> None:
    assert at("0:0.3, 8:0.9", -1, 0, 4, 8, 99) == [0.3, 0.3, 0.6, 0.9, 0.9]
    assert at("0:0, 4:1 ease, 8:0 hold", 1, 2, 4, 7.99, 8) == [0.15625, 0.5, 1, 1, 0]
    assert at("0:0, 4:1 in", 2) == [0.25]
    assert at("0:0, 4:1 out", 2) == [0.75]
    assert at("0:-1, 2:+1", 1) == [0]
    assert at("1:30:0.5, 1:01:00:1", 90, 3660, 1875) == [0.5, 1, 0.75]  # times as everywhere
    assert at("3:7", 0, 9) == [7, 7]


def test_bars_and_beats() -> None:
    # Bar 1 begins at half a second, bar 2 two seconds later.
    assert at("b1:0, b2:1", 0.5, 1.5, 2.5) == [0, 0.5, 1]
    assert at("b1.3:0, b2:1", 1.5, 2.5) == [0, 1]
    assert at("0:0, b2:1, 4.5:0", 2.5, 3.5) == [1, 0.5]
    with pytest.raises(SettingsError, match="is later than the one behind it"):
        at("b9:0, 1:1", 0)


def test_oscillators_are_in_step_with_the_beat() -> None:
    # A half note is two beats, which is a second.
    assert at("lfo(1/2, sine, 0.2)", 0.5, 0.75, 1.25) == [0, 0.2, -0.2]
    assert at("lfo(1bar, saw)", 0.5, 1.5, 2.49999) == pytest.approx([-1, 0, 1], abs=1e-4)
    assert at("lfo(1beat, square, 3)", 0.5, 0.8) == [3, -3]
    assert at("lfo(4s, triangle)", 0, 1, 2, 3) == [0, 1, 0, -1]
    assert at("lfo(4s, sine, 1, 0.25)", 0) == [1]


def test_sources_with_amount_stem_and_smoothing() -> None:
    assert at("kick:0.3", 0, 0.5, 1) == [0.3, 0, 0.3]
    assert at("0.4 + kick@drums:0.4 - bass:0.2", 0, 5.5) == [0.6, 0.29]
    assert at("bass:-1", 10) == [-1]
    (smoothed,) = at("kick:1:0.2", 5)
    assert smoothed == pytest.approx(0.05 / (0.2 * np.sqrt(2 * np.pi)), rel=0.25)
    assert curves.parse("kick + onsets@drums + kick").sources == ("kick", "onsets@drums")
    assert at("kick * (0:0, 10:1)", 5, 10) == [0.5, 1]


def test_attack_and_release() -> None:
    # A kick of 0.05 s falls within 0.4 s, and rises within 0.02 s.
    found = curves.parse("env(kick, 0.02, 0.4)").at(TIMES, Drums())
    assert found[2] == 1
    assert found[100:102] == pytest.approx([0.5, 1], abs=0.01)
    assert found[24] == pytest.approx(0.5, abs=0.02)
    assert found[60] == 0
    rising = np.diff(found)
    assert rising.max() <= 0.01 / 0.02 + 1e-9
    assert rising.min() >= -0.01 / 0.4 - 1e-9
    assert_allclose(curves.parse("env(bass, 0, 0)").at(TIMES, Drums()), TIMES / 10, atol=1e-9)


def test_a_part_has_the_values_of_the_whole() -> None:
    curve = curves.parse("env(kick, 0.05, 2) + smooth(kick, 0.3) + lfo(1/4, saw, 0.1)")
    whole, part = curve.at(TIMES, Drums()), curve.at(TIMES[500:600], Drums())
    assert_allclose(part, whole[500:600], atol=1e-12)


@pytest.mark.parametrize(
    ("text", "column", "told"),
    [
        ("", 1, "nothing is there"),
        ("1 +", 4, "missing before the end"),
        ("0.5 $ 2", 5, r"'\$' means nothing"),
        ("2 * (3", 7, r"'\)' is missing"),
        ("1 2", 3, "does not belong here"),
        ("foo(1)", 1, "no function 'foo'; there are lfo, "),
        ("max(1)", 1, "takes 2 or more values, not 1"),
        ("sin(1, 2)", 1, "takes 1 values, not 2"),
        ("0:1, 0:2", 6, "must rise"),
        ("0:1, 8", 7, "':' is missing"),
        ("0:1 bounce", 5, "is reached by linear, ease"),
        ("b0:1", 1, "counted from 1"),
        ("lfo(1/2, wobble)", 10, "the shapes are sine"),
        ("lfo(1fortnight, sine)", 6, "has s, beats or bars behind it"),
        ("lfo(0, sine)", 5, "above 0"),
        ("kick:", 6, "a number is missing"),
        ("env(kick, bass, 1)", 1, "must be a number"),
        ("smooth(kick, 99)", 1, "0 to 60 seconds"),
        ("1e99", 1, "too large"),
        ("max(0:1, 2)", 5, "stand in brackets"),
        ("(" * 60 + "1" + ")" * 60, 51, "brackets in brackets"),
        ("0:(0.5", 3, "is not closed"),
        ("0:(x)", 4, "no variable 'x', only frame, t"),
        ("0:(1), 0:(2)", 8, "must rise"),
        ("0:(1) nonsense", 6, "belongs here"),
    ],
)
def test_what_is_wrong_is_pointed_at(text: str, column: int, told: str) -> None:
    with pytest.raises(SettingsError, match=rf"In the curve .*, column {column}: .*{told}"):
        curves.parse(text)


def test_an_unknown_source_is_pointed_at_and_nothing_is_heard() -> None:
    curve = curves.parse("0.4 + cowbell:0.3")
    with pytest.raises(SettingsError, match=r"column 7: There is no source cowbell"):
        curve.check(Drums())


@pytest.mark.parametrize(
    "text", ["__import__('os')", "t.__class__", "[1]", "'a'", "a=1", "1;2", "λ"]
)
def test_nothing_is_evaluated_as_python(text: str) -> None:
    with pytest.raises(SettingsError):
        curves.parse(text)


@pytest.mark.parametrize(
    "text", ["2^" * 5000 + "1", "(" * 10_000, "+".join("1" * 100_000), "max(1," * 5000, "1" * 9_999]
)
def test_a_wild_text_is_refused_rather_than_crashing(text: str) -> None:
    with pytest.raises(SettingsError):
        curves.parse(text)


def test_signs_before_a_number_are_no_depth() -> None:
    assert curves.parse("-" * 10_000 + "1").constant == 1


class TestDeforum:
    """Schedules of Deforum, by frames."""

    def test_numbers_are_keyframes(self) -> None:
        assert at("0:(0.5), 30:(0.7)", 0, 0.5, 1, 2) == [0.5, 0.6, 0.7, 0.7]
        assert at("0: (0.5), 24: (1) @24", 0.5, 1) == [0.75, 1]

    def test_an_expression_holds_until_the_next_frame(self) -> None:
        text = "0:(0.5), 30:(0.5+0.2*sin(2*3.14*t/60)), 90:(0.1)"
        frames = np.array([45.0, 60.0])
        wanted = 0.5 + 0.2 * np.sin(2 * 3.14 * frames / 60)
        assert at(text, 1.5, 2) == pytest.approx(wanted)
        assert at(text, 3) == [0.1]
        # A number goes straight to what the expression is at its frame.
        assert at(text, 0.5) == pytest.approx([(0.5 + 0.5 + 0.2 * np.sin(3.14)) / 2])


class TestAlong:
    """Which settings change."""

    def test_lines_and_semicolons(self) -> None:
        found = along.parse("strength = 0.4 + kick:0.3\n zoom=1; control-scale = 0:1, 3:2 ")
        assert list(found) == ["strength", "zoom", "control_scale"]
        assert along.check(" zoom =  0:1,\t2:3 ;") == "zoom = 0:1, 2:3"
        assert along.joined("zoom = 1", {"zoom": "", "glow": "bass"}) == "glow = bass"

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("zoom", "is no curve of a setting"),
            ("colour = 1", "does not change along a song; what does is strength"),
            ("zoom = 1; zoom = 2", "two curves for zoom"),
            ("zoom = 1 +", "column 4"),
        ],
    )
    def test_what_is_no_line(self, text: str, told: str) -> None:
        with pytest.raises(SettingsError, match=told):
            along.check(text)


def test_beats_of_a_lock(tmp_path: object) -> None:
    from conftest import write_wav  # the song's sound is not asked for

    song = Song.open(write_wav(tmp_path / "a.wav", np.zeros(8000), 8000))  # type: ignore[operator]
    steady = Hearing(song, lock=Lock("off", Fraction(120), 0.5))
    assert_allclose(steady.beats(np.array([0.5, 1.0, 0.0])), [0, 1, -1])
    assert steady.beat_time(8) == 4.5
    wandering = Hearing(song, lock=Lock("1/4", Fraction(60), 1.0, 4, (0.0, 1.0, 3.0)))
    assert_allclose(wandering.beats(np.array([0, 1, 2, 3.0])), [-1, 0, 0.5, 1])
    assert wandering.beat_time(0.5) == 2
    with pytest.raises(SettingsError, match="tempo"):
        Hearing(song).beats(np.array([1.0]))
    assert curves.parse("beat + bar").beats

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product

import pytest

from musvid import Clock, SettingsError, every
from musvid.clock import parse_rate, parse_time

RATES = ["24", "25", "30", "60", "392/16", "30000/1001"]


def test_the_articles_song() -> None:
    """21 s at 30 a second are 630 frames, not 635; every eighth is a keyframe, and one behind."""
    clock = Clock(Fraction(21), Fraction(30), stride=8, before=4, after=2)
    assert (clock.rate, clock.frames, clock.painted, clock.keyframes) == (30, 630, 316, 80)
    assert clock.drawn == 79 * 8 + 1


def test_stride_ten_with_factor_eight_is_24_frames_a_second() -> None:
    assert Clock(Fraction(21), Fraction(30), stride=10, after=8).rate == 24


@pytest.mark.parametrize(
    ("fps", "duration"), list(product(RATES, ["1/44100", "1/10", "1", "777/100", "61"]))
)
def test_counts_are_exact_for_every_combination(fps: str, duration: str) -> None:
    for stride, before, after in product([1, 2, 7, 8, 10, 64], [1, 3, 4, 16], [1, 2, 8]):
        try:
            clock = Clock(Fraction(duration), parse_rate(fps), stride, before, after)
        except SettingsError:  # a rate beyond all use, refused in a test of its own
            continue
        assert clock.frames == math.ceil(clock.duration * clock.rate)
        assert 0 <= clock.frames / clock.rate - clock.duration < 1 / clock.rate
        # Each stage makes enough for the next, and not a whole gap too much.
        assert 0 <= (clock.painted - 1) * after - (clock.frames - 1) < after
        assert 0 <= (clock.keyframes - 1) * before - (clock.painted - 1) < before
        assert clock.drawn == (clock.keyframes - 1) * stride + 1
        # The last frame lies between two keyframes: nothing is held.
        assert clock.time(clock.frames - 1) <= Fraction(clock.drawn - 1) / clock.fps


@pytest.mark.parametrize(
    "value", ["0", "-1", "nan", "inf", "1/0", "thirty", "1e9", "", None, "241"]
)
def test_a_rate_that_is_none_is_refused(value: object) -> None:
    with pytest.raises(SettingsError, match="fps"):
        parse_rate(value)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [29.97, "29.97", Fraction(2997, 100)])
def test_a_decimal_rate_is_taken_as_it_is_written(value: float | str | Fraction) -> None:
    assert parse_rate(value) == Fraction(2997, 100)


@pytest.mark.parametrize(
    ("value", "rate"),
    [
        ("23.976023976", Fraction(24000, 1001)),
        (23.976023976, Fraction(24000, 1001)),
        (30000 / 1001, Fraction(30000, 1001)),
        ("59.9400599", Fraction(60000, 1001)),
        ("24.0000001", Fraction(24)),
        ("23.976", Fraction(2997, 125)),  # more than a millionth off: as it is written
        ("2997/125", Fraction(2997, 125)),
        (Fraction(24) + Fraction(1, 10**6), Fraction(24) + Fraction(1, 10**6)),
    ],
)
def test_a_rate_beside_a_standard_one_is_that_one(
    value: float | str | Fraction, rate: Fraction, caplog: pytest.LogCaptureFixture
) -> None:
    """A fraction is exact: it may be the rate of a tempo."""
    with caplog.at_level("INFO", "musvid"):
        assert parse_rate(value) == rate
    told = "standard rate" in caplog.text
    assert told == (not isinstance(value, Fraction) and Fraction(str(value)) != rate)


@pytest.mark.parametrize("value", [True, {"30": 1}, [30], "1e99", "3" * 99, "0x20", 10**400, "٣٠"])
def test_a_rate_is_matched_before_it_is_a_number(value: object) -> None:
    with pytest.raises(SettingsError, match="fps") as caught:
        parse_rate(value)  # type: ignore[arg-type]
    assert len(str(caught.value)) < 160


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("1:30", 90),
        ("1:02:03.5", 3723.5),
        ("-0:00.5", -0.5),
        (" .25 ", 0.25),
        ("0:5", 5),
    ],
)
def test_times(text: str, seconds: float) -> None:
    assert parse_time(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "now", "1:60", "1:75:00", "1:2:3:4", ":30", "25:00:00", "nan", "1e9", "9" * 400]
)
def test_times_that_are_none(text: str) -> None:
    with pytest.raises(SettingsError, match="is no time") as caught:
        parse_time(text)
    assert len(str(caught.value)) < 160


@pytest.mark.parametrize(
    "wrong",
    [{"stride": 0}, {"stride": 65}, {"stride": 2.0}, {"before": 17}, {"after": 0}, {"after": True}]
    + [{"fps": 240, "after": 16}, {"fps": 1, "stride": 64}, {"duration": Fraction(0)}],
)
def test_settings_out_of_range_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(SettingsError):
        Clock(**{"duration": Fraction(1), **wrong})  # type: ignore[arg-type]


def test_every_keeps_the_first_and_every_nth() -> None:
    assert list(every(range(20), 8)) == [0, 8, 16]

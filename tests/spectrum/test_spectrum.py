from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from conftest import RATE, WriteSong, clicks, ffmpeg, music, psnr, tone

from musvid import PALETTES, PLAIN, Clock, Look, SettingsError, Song, draw
from musvid.clock import parse_rate


def pictures(path: Path, look: Look, fps: str = "30", side: int = 64, **part: float) -> np.ndarray:
    song = Song.open(path, **part)
    clock = Clock(song.duration, parse_rate(fps))
    return np.stack(list(draw(song, look, clock, size=(side, side))))


@pytest.mark.parametrize("fps", ["24", "25", "30", "60", "392/16"])
@pytest.mark.parametrize(
    "look",
    [Look(), PLAIN, Look(afterglow=0.3), Look(count=5)],
    ids=["auto", "plain", "glow", "count"],
)
def test_a_click_is_in_the_picture_of_its_time(fps: str, look: Look, write_song: WriteSong) -> None:
    rate = parse_rate(fps)
    ticks = [12, 31, 50, 77, 110]
    drawn = pictures(write_song(clicks([float(t / rate) for t in ticks], 6.0)), look, fps)
    # Where a picture is brighter than the one before it by most: that is the onset, and with
    # afterglow the only sharp edge there is.
    light = drawn.mean((1, 2, 3))
    for tick in ticks:
        near = light[tick - 4 : tick + 5]
        assert tick - 4 + int(near.argmax()) == tick


def test_there_are_as_many_pictures_as_the_clock_says(write_song: WriteSong) -> None:
    """ffmpeg alone would draw 154 for 5 s: those behind the end of the sound."""
    assert len(pictures(write_song(music(5.0)), Look())) == 150


def test_pictures_behind_the_end_are_drawn_from_silence(write_song: WriteSong) -> None:
    song = Song.open(write_song(tone(440, 1.0)))
    clock = Clock(song.duration, Fraction(30), stride=64, after=16)
    drawn = list(draw(song, Look(), clock, size=(64, 64)))
    assert len(drawn) == clock.drawn == 65
    assert drawn[15].max() > 100
    assert max(frame.max() for frame in drawn[40:]) == 0


@pytest.mark.parametrize("size", [(64, 64), (128, 72), (72, 128), (512, 512)])
def test_pictures_are_mirrored_and_of_the_size(
    size: tuple[int, int], write_song: WriteSong
) -> None:
    song = Song.open(write_song(music(0.5)))
    for palette in PALETTES:
        look = Look(palette=palette)
        for frame in draw(song, look, Clock(song.duration, Fraction(8)), size=size):
            assert frame.shape == (size[1], size[0], 3)
            assert frame.dtype == np.uint8
            np.testing.assert_array_equal(frame, frame[:, ::-1])


@pytest.mark.parametrize("frequency", [55.0, 440.0, 1760.0, 7040.0])
def test_a_tone_lights_its_own_row(frequency: float, write_song: WriteSong) -> None:
    """Pitch climbs ten octaves from 20.0152 Hz at the bottom to 20495.6 Hz at the top."""
    side = 256
    frame = pictures(write_song(tone(frequency, 1.0)), PLAIN, side=side)[15]
    octaves = np.log2(frequency / 20.0152) / np.log2(20495.6 / 20.0152)
    row = frame.mean((1, 2)).argmax()
    assert abs(row - (side - 1 - octaves * side)) <= 1.5


def test_the_plain_look_is_the_articles_picture(write_song: WriteSong, tmp_path: Path) -> None:
    """Its commands, without the lossy files between them: to the bit. With them: as near."""
    song = write_song(np.stack([music(1.5), music(1.5, seed=1)]))
    ours = pictures(song, PLAIN, side=512)
    drawn = "[0:a]showcqt=s=512x512:r=30:axis=0"
    turned = "transpose=2"
    mirrored = "crop=iw/2:ih:0:0,split[left][tmp];[tmp]hflip[right];[left][right] hstack"
    raw = ("-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1")

    exact = ffmpeg("-i", song, "-filter_complex", f"{drawn},format=rgb24,{turned},{mirrored}", *raw)
    article = np.frombuffer(exact, np.uint8).reshape(-1, 512, 512, 3)
    assert len(ours) == 45 < len(article)
    # The windows of the last pictures reach beyond the sound. There musvid goes on with silence,
    # and the article's command with what showcqt makes of an end.
    np.testing.assert_array_equal(ours[:40], article[:40])

    one, two, three = (tmp_path / f"{step}.mp4" for step in "abc")
    ffmpeg("-i", song, "-filter_complex", f"{drawn},format=yuv420p[v]", "-map", "[v]", one)
    ffmpeg("-i", one, "-vf", turned, two)
    ffmpeg("-i", two, "-vf", mirrored, three)
    article = np.frombuffer(ffmpeg("-i", three, *raw), np.uint8).reshape(-1, 512, 512, 3)
    assert psnr(ours, article[:45]) > 34


def test_silence_is_black(write_song: WriteSong) -> None:
    assert pictures(write_song(np.zeros(RATE)), Look()).max() == 0


def test_auto_gain_shows_what_is_quiet(write_song: WriteSong) -> None:
    loud = music(8.0)
    quiet = write_song(loud * 0.05, "quiet.wav")  # 26 dB less
    assert pictures(quiet, PLAIN).mean() < 1
    seen = pictures(quiet, Look()).mean() / pictures(write_song(loud), Look()).mean()
    assert 0.8 < seen < 1.25


def test_gain_in_decibels_is_gain(write_song: WriteSong) -> None:
    sound = music(1.0)
    raised = pictures(write_song(sound * 0.1, "soft.wav"), Look(gain=20.0))
    assert psnr(raised, pictures(write_song(sound), Look(gain=0.0))) > 40


def test_gamma_and_count_and_tlength_change_the_picture(write_song: WriteSong) -> None:
    song = write_song(music(2.0))
    plain = pictures(song, Look(gamma=2.0))
    assert pictures(song, Look(gamma=6.0)).mean() > 1.5 * plain.mean()
    for other in (Look(gamma=2.0, count=6), Look(gamma=2.0, tlength=0.02)):
        assert psnr(pictures(song, other), plain) < 40


def test_more_transforms_are_calmer(write_song: WriteSong) -> None:
    song = write_song(np.random.default_rng(0).uniform(-0.5, 0.5, 2 * RATE))

    def unrest(count: int) -> float:
        return float(
            np.abs(np.diff(pictures(song, Look(count=count)).astype(float), axis=0)).mean()
        )

    assert unrest(20) < unrest(1)


def test_afterglow_falls_as_it_says(write_song: WriteSong) -> None:
    """The click at picture 30 leaves a light that has fallen to 1/e a second later."""
    glow = pictures(write_song(clicks([1.0], 3.0)), Look(gain=0.0, afterglow=1.0))
    bright = glow[30] > 100
    ratio = glow[60][bright].astype(float) / glow[30][bright]
    assert ratio.mean() == pytest.approx(np.exp(-1), abs=0.03)


def test_a_palette_goes_from_black_to_bright_at_every_pitch() -> None:
    for name, palette in PALETTES.items():
        if palette is None:
            continue
        table = palette(64).astype(int)
        assert table.shape == (64, 256, 3), name
        assert table[:, 0].max() == 0, name
        assert table[:, 255].sum(-1).min() > 600, name
        assert (np.diff(table.sum(-1), axis=1) >= -2).all(), name  # brighter all the way


def test_the_octaves_palette_gives_a_note_one_colour() -> None:
    palette = PALETTES["octaves"]
    assert palette is not None
    np.testing.assert_array_equal(palette(640)[10, 150], palette(640)[10 + 64, 150])


def test_the_same_sound_is_drawn_the_same(write_song: WriteSong) -> None:
    song = write_song(music(2.0))
    np.testing.assert_array_equal(pictures(song, Look()), pictures(song, Look()))


@pytest.mark.parametrize(
    "wrong",
    [{"gain": 61}, {"gain": float("nan")}, {"gain": "loud"}, {"gamma": 0.5}, {"gamma": 8}]
    + [{"palette": "mud"}, {"palette": None}, {"tlength": 0}, {"tlength": 2}, {"count": 0}]
    + [{"count": 31}, {"count": 2.5}, {"afterglow": -1}, {"afterglow": 6}, {"gamma": True}],
)
def test_a_look_out_of_range_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(SettingsError, match=next(iter(wrong))):
        Look(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("palette", ["fire", "octaves"])
def test_pictures_are_coloured_in_their_order_by_any_number_of_cores(
    palette: str, write_song: WriteSong, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the palette itself, whether all pitches have the same colours or not."""
    song, look = Song.open(write_song(music(1.0))), Look(palette=palette)

    def drawn(cores: int, look: Look = look) -> np.ndarray:
        monkeypatch.setattr("musvid.spectrum.showcqt.cores", lambda: cores)
        return np.stack(list(draw(song, look, Clock(song.duration), size=(64, 64))))

    one = drawn(1)
    assert np.array_equal(one, drawn(5))
    table, level = PALETTES[palette], drawn(1, replace(look, palette="white"))[..., 0]
    assert table
    assert np.array_equal(one, table(64)[np.arange(64)[:, None], level])


def test_a_stopped_drawing_leaves_no_process(write_song: WriteSong) -> None:
    song = Song.open(write_song(music(30.0)))
    drawn = draw(song, Look(), Clock(song.duration))
    next(drawn)
    process = drawn.gi_frame.f_locals["halves"].gi_frame.f_locals["process"]._process
    assert process.poll() is None
    drawn.close()
    assert process.poll() is not None

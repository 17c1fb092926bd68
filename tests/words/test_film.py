"""Words and a logo in finished videos: drawn at last, from files of the user's own choice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import WriteSong, ffmpeg, music, video_frames
from PIL import Image

import musvid
from musvid import Recipe, SettingsError, Song, Style, render
from musvid._options import build_parser, recipe_from
from musvid.job import Job, prepare
from musvid.page.values import held, recipe_of, values_of
from musvid.rendering import Addresses
from musvid.studio.studio import Studio
from musvid.video import words as drawing
from musvid.video.file import read_settings
from musvid.video.settings import load_settings
from musvid.view.logo import Logo, load
from musvid.view.settings import View
from musvid.words.settings import Words

PLAIN = Recipe(size=(192, 128), upscale=2, style=Style(strength=0.0))
SIZE = (384, 256)


def with_words(**words: Any) -> Recipe:
    return musvid.Recipe(**{**vars(PLAIN), "words": Words(**words)})


@pytest.fixture
def song(write_song: WriteSong) -> Path:
    return write_song(music(3.0))


def saved(path: Path, colour: tuple[int, ...] = (250, 40, 40, 255)) -> Path:
    Image.new("RGBA", (60, 40), colour).save(path)
    return path


def test_a_title_stands_in_the_video_and_changes_nothing_else(song: Path, tmp_path: Path) -> None:
    """In a folder whose name would mean something to ffmpeg's filters."""
    folder = tmp_path / "it's: a [fol,der];\\"
    folder.mkdir()
    recipe = musvid.Recipe(
        **{**vars(PLAIN), "title": "Öl", "artist": "Ω Я", "words": Words(show_title="1.5")}
    )
    plain = video_frames(render(song, PLAIN, folder / "plain.mp4"), *SIZE).astype(int)
    titled = video_frames(render(song, recipe, folder / "titled.mp4"), *SIZE).astype(int)
    assert titled.shape == plain.shape
    change = np.abs(titled - plain)
    assert change[20].max() > 60, "there is no title"
    assert change[20][: SIZE[1] // 3].max() < 30, "it is not below"
    assert change[60:].max() < 30, "it does not end"


def test_lyrics_are_in_times_of_the_file(song: Path, tmp_path: Path) -> None:
    lyrics = tmp_path / "words.lrc"
    lyrics.write_text("[00:01.00]HELLO\n[00:02.00]\n", encoding="utf-8")
    whole = prepare(song, with_words(lyrics=str(lyrics)))
    part = prepare(
        Song.open(song, start=1.5, duration=1.0), with_words(lyrics=lyrics, lyrics_shift=0.25)
    )
    assert whole.script and part.script
    assert [(line.start, line.end) for line in whole.script.lines] == [(1.0, 2.0)]
    assert [(line.start, line.end) for line in part.script.lines] == [(-0.25, 0.75)]
    studio, black = Studio(device="cpu"), np.zeros((*PLAIN.size[::-1], 3), np.uint8)
    for job, time, there in ((whole, 1.5, True), (whole, 0.5, False), (part, 0.2, True)):
        assert bool(studio.seen(job, black, time).max() > 200) == there


def test_what_comes_with_a_song_is_taken_when_it_is_asked_for(song: Path, tmp_path: Path) -> None:
    def said(words: Words, path: Path = song) -> tuple[int, str]:
        job: Job = prepare(path, musvid.Recipe(**{**vars(PLAIN), "words": words}))
        return len(job.lyrics), ". ".join(job.told_of_words)

    assert said(Words()) == (0, "")
    assert said(Words(lyrics="auto"))[1].startswith("No lyrics with times come with the song")
    tagged = tmp_path / "tagged.mp3"
    tags = ("-metadata", "lyrics=[00:00.50]one\n[00:01.00]two")
    ffmpeg("-i", song, *tags, "-f", "mp3", tagged)
    assert said(Words(lyrics="auto"), tagged) == (
        2,
        "The lyrics are those in the tags of tagged.mp3",
    )
    assert said(Words(), tagged) == (0, "")
    song.with_suffix(".srt").write_text("1\n00:00:00,5 --> 00:00:01,0\none\n", encoding="utf-8")
    assert said(Words())[1] == (
        "There are lyrics beside the song (song.srt); --lyrics auto shows them"
    )
    assert said(Words(lyrics="auto")) == (1, "The lyrics are those in song.srt")
    found, told = said(Words(show_title="bar"))
    assert found == 0 and "name neither title nor artist" in told


def test_settings_show_no_file(song: Path, tmp_path: Path) -> None:
    """Neither folders go into a video, nor files of a stranger's choice out."""
    (tmp_path / "secret").mkdir()
    lyrics, logo = tmp_path / "secret" / "a.lrc", saved(tmp_path / "secret" / "b.png")
    lyrics.write_text("[00:00]hidden words", encoding="utf-8")
    recipe = with_words(lyrics=str(lyrics), logo=str(logo), logo_size=0.3)
    text = read_settings(render(song, recipe, tmp_path / "a.mp4"))
    assert "secret" not in text and "hidden" not in text
    assert json.loads(text)["words"]["lyrics"] == "a.lrc"
    remarks: list[str] = []
    assert Recipe.from_json(text, remarks).words == Words(logo_size=0.3)
    assert len(remarks) == 2 and "a.lrc" in remarks[0] and "b.png" in remarks[1]
    file = tmp_path / "a.json"
    for name, named in (("lyrics", str(lyrics)), ("logo", ["x"]), ("lyrics", {"a": 1})):
        file.write_text(json.dumps({"words": {name: named}}))
        assert load_settings(file).words == Words()
        for given in ({f"words.{name}": named}, {"words": {name: named}}):
            with pytest.raises(SettingsError, match="a file, which settings cannot name"):
                Recipe.from_flat(given)
    assert Recipe.from_flat({"words.lyrics": "auto"}).words.lyrics == "auto"


def test_words_make_another_video_of_the_same_paintings(song: Path, tmp_path: Path) -> None:
    lyrics, logo = tmp_path / "a.lrc", saved(tmp_path / "b.png")
    lyrics.write_text("[00:00]one", encoding="utf-8")
    recipe = with_words(lyrics=str(lyrics), logo=str(logo))

    def addresses(recipe: Recipe) -> Addresses:
        return Addresses.of(prepare(song, recipe), None, "cpu", None)

    first, bare = addresses(recipe), addresses(PLAIN)
    assert first == addresses(recipe) and first.video != bare.video
    lyrics.write_text("[00:00]two and more", encoding="utf-8")
    second = addresses(recipe)
    saved(logo, (9, 9, 9, 255))
    third = addresses(recipe)
    assert len({first.video, second.video, third.video}) == 3
    for each in (first, second, third):
        assert (each.spectrum, each.paintings, each.fit) == (
            bare.spectrum,
            bare.paintings,
            bare.fit,
        )


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"lyrics": "none.lrc"}, "There are no lyrics 'none.lrc'"),
        ({"logo": "none.png"}, "There is no picture 'none.png' for the logo"),
        ({"logo": __file__}, "The logo 'test_film.py' is no picture"),
        ({"lyrics": drawing.__file__}, "have no times"),
        ({"show_title": "soon"}, "show_title must be off, bar, all"),
        ({"show_title": -1}, "show_title must be"),
        ({"show_title": True}, "show_title must be"),
        ({"title_place": "there"}, "title_place must be one of"),
        ({"logo_size": 2}, "logo_size must be a number"),
        ({"lyrics": "a\0b"}, "lyrics holds"),
    ],
)
def test_what_is_wrong_is_told_before_work(song: Path, words: dict[str, Any], says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        prepare(song, with_words(**words))


def test_an_ffmpeg_without_libass_is_told(song: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "_TRIED", "nosuchfilter=f=words.ass")
    drawing.check.cache_clear()
    with pytest.raises(SettingsError, match="draws no words"):
        prepare(song, with_words(show_title="all"))
    prepare(song, PLAIN)
    drawing.check.cache_clear()


@pytest.mark.parametrize(
    "place", ["upper-left", "upper-right", "lower-left", "lower-right", "centre"]
)
@pytest.mark.parametrize("size", [(384, 256), (256, 448)])
def test_a_logo_stands_in_its_place(place: str, size: tuple[int, int], tmp_path: Path) -> None:
    words = Words(logo_place=place, logo_size=0.25, logo_pulse=0)
    logo = Logo(load(saved(tmp_path / "a.png")), words)
    ground = np.full((*size[::-1], 3), 100, np.uint8)
    (made,) = logo.on_each([ground], [0.0])
    assert ground.min() == ground.max() == 100, "it is not changed"
    red = (made[..., 0] > 200) & (made[..., 1] < 80)
    rows, columns = np.flatnonzero(red.any(1)), np.flatnonzero(red.any(0))
    wide = 0.25 * min(size)
    assert len(columns) == pytest.approx(wide, abs=2)
    assert len(rows) == pytest.approx(wide * 40 / 60, abs=2)
    middle = columns.mean() / size[0], rows.mean() / size[1]
    wanted = {"left": (0, 0.4), "right": (0.6, 1), "centre": (0.49, 0.51)}[place.split("-")[-1]]
    assert wanted[0] < middle[0] < wanted[1]
    wanted = {"upper": (0, 0.4), "lower": (0.6, 1), "centre": (0.49, 0.51)}[place.split("-")[0]]
    assert wanted[0] < middle[1] < wanted[1]
    far = np.ones(size[::-1], bool)
    room = round(0.2 * wide) + 4
    far[
        max(0, rows[0] - room) : rows[-1] + room, max(0, columns[0] - room) : columns[-1] + room
    ] = 0
    assert (made[far] == 100).all()
    assert made[~far & ~red].min() < 90, "there is no shadow"


def test_a_logo_beats_and_keeps_what_is_transparent(song: Path, tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", (255, 255, 255, 0))
    (made,) = Logo(load(path), Words()).on_each([np.full((200, 200, 3), 77, np.uint8)], [0.0])
    assert (made == 77).all()
    job = prepare(song, with_words(logo=str(saved(path)), logo_size=0.4, logo_pulse=1))
    assert job.logo
    black = [np.zeros((256, 384, 3), np.uint8)] * 60
    sizes = [
        int((each[..., 0] > 120).sum()) for each in job.logo.on_each(black, np.arange(60) / 30)
    ]
    assert max(sizes) > 1.1 * min(sizes)
    # Enlarged before, so that its rim is as sharp as that of the file.
    (large,) = job.logo.on_each([np.zeros((128, 192, 3), np.uint8)], [0.0], 2)
    (same,) = job.logo.on_each([np.zeros((256, 384, 3), np.uint8)], [0.0])
    assert np.array_equal(large, same)


def test_the_command_line_gives_words(tmp_path: Path) -> None:
    def made(*options: str) -> Words:
        return recipe_from(build_parser().parse_args(["song", *options])).words

    options = ["--show-title", "BAR", "--title-place", "centre", "--text-size", "1.2"]
    options += ["--lyrics", "a.srt", "--lyrics-place", "upper", "--lyrics-shift", "-0.5"]
    options += ["--logo", "b.png", "--logo-place", "centre", "--logo-size", "0.5"]
    assert made(*options, "--logo-pulse", "0") == Words(
        *("bar", "centre", 1.2, "a.srt", "upper", -0.5, "b.png", "centre", 0.5, 0)
    )
    file = tmp_path / "a.json"
    file.write_text('{"words": {"show_title": "4", "logo": "/x.png"}}')
    assert made("--settings", str(file)) == Words(show_title="4")
    assert made("--settings", str(file), "--logo", "y.png").logo == "y.png"
    for wrong in (["--show-title", "soon"], ["--logo-place", "there"], ["--text-size", "x"]):
        with pytest.raises(SystemExit):
            made(*wrong)


def test_a_view_of_another_size_has_words_of_its_own_size(song: Path) -> None:
    recipe = musvid.Recipe(
        **{
            **vars(PLAIN),
            "view": View("tunnel", shown=(180, 320)),
            "title": "T",
            "words": Words(show_title="all"),
        }
    )
    job = prepare(song, recipe)
    assert job.script and (job.script.layout.width, job.script.layout.height) == (180, 320)
    frame = np.zeros((128, 192, 3), np.uint8)
    seen = Studio(device="cpu").seen(job, frame, 1.5)
    assert seen.shape == (320, 180, 3) and seen.max() > 200
    assert seen[: 320 // 2].max() < 100 and seen[round(0.8 * 320) :].max() < 100


def test_a_page_takes_the_files_that_were_uploaded_and_no_others(tmp_path: Path) -> None:
    lyrics, logo = str(tmp_path / "a.lrc"), str(tmp_path / "b.png")
    shown = values_of(with_words(lyrics=lyrics, logo=logo, show_title="bar"))
    assert shown["words.lyrics"] is shown["words.logo"] is None
    assert shown["title"] == shown["artist"] == ""
    assert recipe_of(shown).words == Words(show_title="bar")
    assert recipe_of(shown).title is None
    made = recipe_of({**shown, "words.lyrics": lyrics, "words.logo": logo, "title": "T"})
    assert made.words == Words(show_title="bar", lyrics=lyrics, logo=logo) and made.title == "T"
    assert held(json.dumps({"words.logo": "/etc/passwd", "words.lyrics": "x", "stride": 3})) == {
        "stride": 3
    }

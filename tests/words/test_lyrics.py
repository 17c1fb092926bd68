"""Lyrics as they are found in the world: LRC, SRT, and what only looks like them."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import pytest

from musvid import SettingsError
from musvid.words.lines import MOST_LINES, Line, within
from musvid.words.reading import decoded, parse, read


def spans(lines: list[Line]) -> list[tuple[float, float, str]]:
    return [(round(line.start, 3), round(line.end, 3), line.text) for line in lines]


def test_lines_last_until_the_next_one_and_not_for_ever() -> None:
    text = "[ar:Somebody]\n[00:01.50]one\n[00:03]two\n\n[00:04:25] \n[01:00.123]three\nno time\n"
    assert spans(parse(text, "a.lrc")) == [
        (1.5, 3.0, "one"),
        (3.0, 4.25, "two"),
        (60.123, 68.123, "three"),
    ]


def test_a_line_may_have_several_times_and_a_moment_several_lines() -> None:
    lines = parse("[00:10.00][00:30.00]again\n[00:20]you\n[00:20]du\n[01:00:00]late", "a.lrc")
    assert spans(lines) == [
        (10.0, 18.0, "again"),
        (20.0, 28.0, "you\ndu"),
        (30.0, 38.0, "again"),
        (60.0, 68.0, "late"),
    ]
    assert parse("[01:00:00.5]x", "a.lrc")[0].start == 3600.5


@pytest.mark.parametrize(("offset", "start"), [("+500", 9.5), ("-500", 10.5), ("250", 9.75)])
def test_an_offset_has_lines_come_sooner(offset: str, start: float) -> None:
    for text in (
        f"[offset:{offset}]\n[00:10]<00:10.2>a",
        f"[00:10]<00:10.2>a\n[offset: {offset} ]",
    ):
        (line,) = parse(text, "a.lrc")
        assert line.start == start
        assert line.words[0][0] == pytest.approx(start + 0.2)


def test_words_have_times_of_their_own() -> None:
    (line,) = parse("[00:10.00] <00:10.04> When <00:10.16>the<00:10.82> truth <00:12.00>", "a.lrc")
    assert line.words == ((10.04, "When "), (10.16, "the "), (10.82, "truth"))
    assert line.text == "When the truth"
    first, second = parse("[00:10][00:20]<00:10.5>a <00:11>b", "a.lrc")
    assert [time for time, _ in second.words] == [20.5, 21.0]
    assert first.text == second.text == "a b"
    # What is no time is sung.
    assert parse("[00:01]I <3 you <b>", "a.lrc")[0].text == "I <3 you <b>"


@pytest.mark.parametrize(
    "content",
    [
        "[00:01]Grüße".encode(),
        b"\xef\xbb\xbf" + "[00:01]Grüße".encode(),
        "[00:01]Grüße".encode("utf-16"),
        "[00:01]Grüße".encode("utf-16-le"),
        "[00:01]Grüße".encode("utf-16-be"),
        "[00:01]Grüße".encode("latin-1"),
    ],
)
def test_letters_are_read_however_they_are_stored(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.lrc").write_bytes(content)
    (line,) = read(tmp_path / "a.lrc")
    assert line.text == "Grüße"


SRT = """1
00:00:01,000 --> 00:00:02,500
<i>one</i> {\\an8}and <font color="#fff">a half</font>

2
00:00:02.000 --> 00:00:04,000  X1:0 X2:9
two
rows
3
01:00:00,5 --> 01:00:01,5
far

4
00:00:09,000 --> 00:00:10,000
"""


def test_subtitles() -> None:
    assert spans(parse(SRT, "a.srt")) == [
        (1.0, 2.5, "one and a half"),
        (2.0, 4.0, "two\nrows"),
        (3600.5, 3601.5, "far"),
    ]
    lines = parse(SRT.replace("\n", "\r\n"), "a.srt")
    assert [line.text for line in within(lines, 2.1, 2.6)] == ["one and a half", "two\nrows"]
    assert within(lines, 4.0, 100) == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[00:01]a\n[1:99.5]b", r"Line 2 of 'a' has the time '1:99.5', which is none"),
        ("[00:01]a\n\n[9:x]b", r"Line 3 of 'a' has the time '9:x'"),
        ("[00:01]<00:77>b", r"Line 1 of 'a' has the time '00:77'"),
        ("[0:77:00]b", r"Line 1"),
        ("[25:00:00.0]b", r"Line 1"),
        ("1\n00:00:01 -> x\n00:00:01,0 --> never\na", r"Line 3 of 'a' is '00:00:01,0 --> never'"),
        ("00:00:02,0 --> 00:00:01,0\na", r"Line 1 of 'a' is"),
        ("", r"have no times"),
        ("la la la\n[Chorus]\nla", r"have no times"),
        ("\0\1\2", r"have no times"),
        ("[00:01]a\n" * (4 * MOST_LINES + 1), rf"more than {MOST_LINES} lines"),
        ("\n".join(f"[{n // 60}:{n % 60:02}]a" for n in range(MOST_LINES + 2)), "more than"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says) as refused:
        parse(text, "a")
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 300


def test_files_that_are_none(tmp_path: Path) -> None:
    large = tmp_path / "large.lrc"
    large.write_bytes(b"[00:01]" + b"a" * 4_000_000)
    for path, says in (
        (tmp_path / "none.lrc", "no lyrics 'none.lrc'"),
        (tmp_path, "no lyrics"),
        (Path("a\0b"), "no lyrics"),
        (large, "larger than 4 MB"),
    ):
        with pytest.raises(SettingsError, match=says):
            read(path)


@pytest.mark.parametrize(
    "text",
    [
        "[00:01]" * 300_000,
        "[00:01]" + "<00:01>a" * 300_000,
        "[" * 2_000_000,
        "[00:01]" + "<" * 2_000_000,
        "00:00:01,0 --> 00:00:02,0\n" + "{\\" * 1_000_000,
        "00:00:01,0 --> 00:00:02,0\n" + "<i " * 600_000,
        "00:00:01,0 --> 00:00:02,0" + " 1" * 1_000_000,
        "00:00:01,0 --> 00:00:02,0\n1\n" * 15_000,
    ],
    ids=lambda text: text[:24],
)
def test_hostile_files_take_no_time(text: str) -> None:
    began = time.process_time()
    with contextlib.suppress(SettingsError):
        assert len(parse(text, "a")) <= MOST_LINES
    assert time.process_time() - began < 5


def test_undecodable_bytes_are_some_text() -> None:
    assert decoded(b"") == ""
    assert isinstance(decoded(bytes(range(256))), str)
    assert isinstance(decoded(b"\xff\xfe\x00"), str)

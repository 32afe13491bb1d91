"""Subtitles as players read them, and transcripts that grow window by window."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from burnish.media.transcript.stitching import Stitching, stitched
from burnish.media.transcript.subtitles import Cue, srt, vtt

CUES = [Cue(0.0, 1.5, "the ferry"), Cue(3599.9996, 3661.25, "leaves  \n\n at noon"), Cue(4, 5, "  ")]
WORDS = st.lists(st.sampled_from(["a", "b", "c", "Noon,", "noon"]), max_size=8).map(" ".join)


def test_subrip() -> None:
    assert srt(CUES) == (
        "1\n00:00:00,000 --> 00:00:01,500\nthe ferry\n\n2\n01:00:00,000 --> 01:01:01,250\nleaves\nat noon\n"
    )
    assert srt([]) == ""


def test_webvtt_escapes_what_would_be_a_mark() -> None:
    assert vtt([Cue(0.25, 1, "a <b> & --> c")]) == (
        "WEBVTT\n\n00:00:00.250 --> 00:00:01.000\na &lt;b&gt; &amp; --&gt; c\n"
    )
    assert vtt([]) == "WEBVTT\n"


def test_an_end_before_its_beginning_is_none() -> None:
    assert "00:00:02,000 --> 00:00:02,000" in srt([Cue(2, 1, "x")])


@given(st.lists(WORDS, max_size=5))
def test_what_is_kept_of_the_windows_is_the_whole(texts: list[str]) -> None:
    joining = Stitching()
    for text in texts:
        joining.add(text)
    assert joining.text() == stitched(texts)
    assert " ".join(text for text, _ in joining.kept() if text) == joining.text()
    for text, (kept, places) in zip(texts, joining.kept(), strict=True):
        assert [text.split()[place] for place in places] == kept.split()


@given(st.lists(st.lists(st.sampled_from("abcdefgh"), min_size=10, max_size=90).map(" ".join), max_size=5))
def test_what_is_settled_no_later_window_changes(texts: list[str]) -> None:
    joining, settled = Stitching(), ""
    for text in texts:
        joining.add(text)
        now = joining.text(0, joining.settled)
        assert joining.text().startswith(settled)
        settled = now


def test_characters_are_joined_without_spaces() -> None:
    joining = Stitching(spaced=False)
    for text in ("渡轮九点", "九点出发"):
        joining.add(text)
    assert joining.text() == "渡轮九点出发"

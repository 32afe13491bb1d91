"""A recording as its windows: what comes while it is read is joined once."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from burnish.answering.predictor import PreparedRow
from burnish.answering.recording import Windows
from burnish.core.answer import Answer
from burnish.media.transcript.stitching import APART, Stitching, stitched


def windows(spaced: Any, count: int) -> Windows:
    """Of a target that says by `spaced(texts)` whether words are written apart."""
    target = SimpleNamespace(spaced=lambda texts, _: spaced(texts))
    bundle: Any = SimpleNamespace(target=target, processor=None)
    prepared = [PreparedRow(({APART: cast(Any, 0)},)) for _ in range(count)]
    return Windows(bundle, prepared, [(9.0 * n, 9.0 * n + 10) for n in range(count)], 9.0 * count + 1)


def answer(text: str) -> Answer:
    return cast(Answer, SimpleNamespace(answer=text, score=0.0, words=()))


def test_each_window_is_joined_once_however_often_the_whole_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    joined: list[str] = []
    add = Stitching.add

    def counted(self: Stitching, text: str) -> None:
        joined.append(text)
        add(self, text)

    monkeypatch.setattr(Stitching, "add", counted)
    texts = [f"w{n} w{n + 1} w{n + 2}" for n in range(0, 40, 2)]
    read = windows(lambda texts: True, len(texts))
    for number, text in enumerate(texts):
        read.answers += [answer(text)]
        for _ in range(2):
            assert read.stitching().text().split() == [f"w{n}" for n in range(2 * number + 3)]
    assert joined == texts
    assert [one.text for one in read.segments()] == [text for text, _ in read.stitching().kept()]


def test_what_turns_out_to_have_no_spaces_is_joined_anew() -> None:
    read = windows(lambda texts: len(texts) == 1, 2)
    read.answers += [answer("ab cd")]
    assert read.stitching().text() == "ab cd"
    read.answers += [answer("cd ef")]
    assert read.stitching().text() == stitched(["ab cd", "cd ef"], spaced=False)


def test_other_answers_are_joined_anew() -> None:
    read = windows(lambda texts: True, 1)
    read.answers = [answer("one two")]
    assert read.stitching().text() == "one two"
    read.answers = [answer("three")]
    assert read.stitching().text() == "three"

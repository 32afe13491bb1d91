"""What /tune says of an ABC text."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from burnish.media.music.midi import tune_of_midi
from burnish.server import tunes
from burnish.server.refusal import Refused
from tests.musical_cases import REEL, SHORT_BAR


def test_a_tune() -> None:
    told = tunes.shown_tune(REEL)
    assert told["problems"] == []
    assert told["staff"].startswith("<svg")
    assert "Piano roll" in told["piano_roll"]
    assert len(tune_of_midi(base64.b64decode(told["midi"])).notes) == 26
    assert len(base64.b64decode(told["sound"])) > 10_000


def test_a_tune_that_is_not_valid_is_seen_and_heard() -> None:
    told = tunes.shown_tune(SHORT_BAR)
    assert "its meter 3 quarters" in told["problems"][0]
    assert told["staff"]
    assert told["sound"]


@pytest.mark.parametrize("text", ["", "no tune", "X:1\nM:3/4\nK:C\n"])
def test_what_cannot_be_read_has_nothing_to_show(text: str) -> None:
    told = tunes.shown_tune(text)
    assert told["problems"]
    assert [told[name] for name in ("staff", "piano_roll", "sound", "midi")] == [None] * 4


def test_without_symusic_there_is_no_midi(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "symusic", None)
    told = tunes.shown_tune(REEL)
    assert told["midi"] is None
    assert told["staff"]


@pytest.mark.parametrize(("body", "status"), [({}, 422), ([], 422), ({"abc": 1}, 422), ({"abc": "A" * 20_001}, 413)])
def test_what_is_refused(body: Any, status: int) -> None:
    with pytest.raises(Refused) as refused:
        tunes._text(body)
    assert refused.value.status == status

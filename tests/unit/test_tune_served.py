"""What /tune says of an ABC text."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from burnish.inputs import asked_of
from burnish.inputs.music_file import MusicFile
from burnish.media.music.abc import read
from burnish.media.music.abc.reading import examined
from burnish.media.music.midi import midi_of_tune, tune_of_midi
from burnish.server import tunes
from burnish.server.refusal import Refused
from burnish.server.rows import Reader, RowError
from burnish.server.settings import Settings
from tests.musical_cases import REEL, SHORT_BAR


def test_a_tune() -> None:
    told = tunes.shown_tune(*examined(REEL))
    assert told["problems"] == []
    assert told["staff"].startswith("<svg")
    assert "Piano roll" in told["piano_roll"]
    assert len(tune_of_midi(base64.b64decode(told["midi"])).notes) == 26
    assert len(base64.b64decode(told["sound"])) > 10_000


def test_a_tune_that_is_not_valid_is_seen_and_heard() -> None:
    told = tunes.shown_tune(*examined(SHORT_BAR))
    assert "its meter 3 quarters" in told["problems"][0]
    assert told["staff"]
    assert told["sound"]


@pytest.mark.parametrize("text", ["", "no tune", "X:1\nM:3/4\nK:C\n"])
def test_what_cannot_be_read_has_nothing_to_show(text: str) -> None:
    told = tunes.shown_tune(*examined(text))
    assert told["problems"]
    assert [told[name] for name in ("staff", "piano_roll", "sound", "midi")] == [None] * 4


def test_without_symusic_there_is_no_midi(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "symusic", None)
    told = tunes.shown_tune(*examined(REEL))
    assert told["midi"] is None
    assert told["staff"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ([], 422),
        ({"abc": 1}, 422),
        ({"abc": "A" * 20_001}, 413),
        ({"midi": "A" * 1_000_001}, 413),
        ({"abc": "X", "midi": "A"}, 422),
    ],
)
def test_what_is_refused(body: Any, status: int) -> None:
    with pytest.raises(Refused) as refused:
        tunes._read(body)
    assert refused.value.status == status


def test_a_midi_file() -> None:
    file = base64.b64encode(midi_of_tune(read(REEL))).decode("ascii")
    told = tunes.shown_tune(*tunes._read({"midi": file}))
    assert told["problems"] == []
    assert told["staff"].startswith("<svg")


@pytest.mark.parametrize("file", ["", "no base64 ä", base64.b64encode(b"MThd and no more").decode()])
def test_what_is_no_midi_file_is_said(file: str) -> None:
    told = tunes.shown_tune(*tunes._read({"midi": file}))
    assert len(told["problems"]) == 1
    assert told["staff"] is None


def test_a_caption_asks_for_a_midi_file() -> None:
    """It was taken for a file in base64, because the model reads files where it learns."""
    reader = Reader(asked_of(MusicFile(caption="said")), Settings(bundles=["midi"]))
    assert reader.json({"said": "a waltz"}).rows == [{"said": "a waltz"}]
    assert reader.json(["a waltz", 3]).rows[0] == {"said": "a waltz"}


def test_music_without_captions_is_gone_on_with() -> None:
    reader = Reader(asked_of(MusicFile(caption="")), Settings(bundles=["midi"]))
    file = base64.b64encode(b"MThd").decode("ascii")
    assert reader.json({"music": file}).rows == [{"music": b"MThd"}]
    (row,) = reader.json({"music": "a waltz"}).rows
    assert isinstance(row, RowError)
    assert "no base64" in row.problem

"""Folders of recordings with captions beside them, as text or as audiocraft's JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from burnish.core.errors import InputError
from burnish.data.reading.places import splits_of
from burnish.data.reading.tables import read
from burnish.data.settings import Data
from burnish.data.sources.audio_folder import AudioFolder
from burnish.data.sources.captioned_folder import CaptionedFolder
from tests.sound_cases import save, sound


def put(path: Path, beside: Any = None) -> None:
    """A recording, with text or an object beside it."""
    save(sound(len(path.stem), 0.05), path)
    if isinstance(beside, str):
        path.with_suffix(".txt").write_text(beside, encoding="utf-8")
    elif beside is not None:
        path.with_suffix(".json").write_text(json.dumps(beside), encoding="utf-8")


def test_text_and_audiocraft_json_are_captions(tmp_path: Path) -> None:
    put(tmp_path / "in" / "a.wav", "A slow\n waltz ")
    put(tmp_path / "in" / "b.wav", {"description": "Drums  alone", "genre": "rock"})
    put(
        tmp_path / "in" / "c.wav",
        {"description": None, "genre": "folk", "bpm": 120, "moods": ["calm", "warm"], "key": ""},
    )
    put(tmp_path / "in" / "d.wav")
    table = read(Data(train=str(tmp_path / "in")), cache=tmp_path / "cache")
    assert table.arrow.to_pylist() == [
        {"caption": "A slow waltz", "audio": str(tmp_path / "in" / "a.wav")},
        {"caption": "Drums alone", "audio": str(tmp_path / "in" / "b.wav")},
        {"caption": "genre: folk. moods: calm, warm. bpm: 120", "audio": str(tmp_path / "in" / "c.wav")},
    ]
    assert any("1 recordings have no caption" in note for note in table.notes)


def test_folders_named_like_splits_are_splits(tmp_path: Path) -> None:
    for split in ("train", "valid", "test"):
        put(tmp_path / "in" / split / "x" / "a.wav", split)
    data, said = splits_of(Data(train=str(tmp_path / "in")))
    assert said
    assert str(data.test).endswith("test")
    assert read(data, cache=tmp_path / "cache").arrow["caption"].to_pylist() == ["train"]


def test_class_folders_are_another_thing(tmp_path: Path) -> None:
    put(tmp_path / "dog" / "a.wav")
    put(tmp_path / "cat" / "b.wav")
    assert not CaptionedFolder.reads_folder(tmp_path)
    assert AudioFolder.reads_folder(tmp_path)


def test_what_is_no_caption_is_named(tmp_path: Path) -> None:
    put(tmp_path / "a.wav", ["x"])
    with pytest.raises(InputError, match=r"a\.json"):
        list(CaptionedFolder().read(tmp_path))
    with pytest.raises(InputError, match="no recording has a caption"):
        list(CaptionedFolder().read(tmp_path / "none"))

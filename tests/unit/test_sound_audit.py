"""The audit of sounds: what is silent, clipped, odd, mixed or repeated is named; speakers come from file names."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from burnish.core.errors import InputError
from burnish.data.looking.audit import Audit, examine
from burnish.data.looking.inspection import inspected
from burnish.data.reading.places import locate
from burnish.data.reading.tables import read
from burnish.data.settings import Data
from burnish.data.sources.audio_folder import AudioFolder
from burnish.data.table import Part
from burnish.inputs.audio import Audio
from burnish.report.run import audited
from tests.data_cases import label_target
from tests.image_cases import picture
from tests.image_cases import save as save_picture
from tests.sound_cases import save, sound, tree

PATTERN = r"_(?P<speaker>[a-z]+)_\d+\.wav$"


def audit_of(root: Path, folder: Path, heard: tuple[int, float] | None = (8000, 0.5)) -> Audit:
    """What is found in class folders."""
    input_ = Audio()
    table = inspected(read(Data(train=str(root)), cache=folder), input_, folder)
    names = sorted({row["label"] for rows in table.rows(["label"]) for row in rows})
    part = Part(table, np.arange(len(table)))
    return examine({"train": part}, input_, label_target(*names), heard=heard)


def test_faults_are_named_with_their_files(tmp_path: Path) -> None:
    root = tree(tmp_path / "data", ["dog", "cat"], 6)
    save(np.zeros(4000, np.float32), root / "dog" / "silence.wav")
    save(np.clip(sound(50) * 20, -1, 1), root / "dog" / "shout.wav")
    save(sound(51) * 0.02, root / "cat" / "whisper.wav", subtype="FLOAT")
    save(sound(52, 0.05), root / "cat" / "blip.wav")
    save(np.stack([sound(53, 0.3, 16000)] * 2, axis=1), root / "cat" / "stereo.flac", 16000)
    save(sound(54, 3.0), root / "cat" / "long.ogg")
    save(sound(55, 0.3, 4000), root / "dog" / "telephone.wav", 4000)
    (root / "dog" / "broken.wav").write_bytes(b"RIFF and nothing else")
    shutil.copy(root / "cat" / "cat_a_000.wav", root / "dog" / "again.wav")
    found = audit_of(root, tmp_path / "cache")
    expected = {
        "silent_sounds": "silence.wav",
        "clipped_sounds": "shout.wav",
        "loudness_differs": "whisper.wav",
        "short_sounds": "blip.wav",
        "broken_files": "broken.wav",
        "exact_duplicates": "again.wav",
    }
    for code, name in expected.items():
        (finding,) = found.find(code)
        assert any(name in row.place for row in finding.rows), (code, finding.rows)
    assert found.find("broken_files")[0].severity == "refusal"
    assert "resampled to 8,000 Hz" in found.find("sampling_rates_differ")[0].message
    assert "2 channels (1)" in found.find("channels_are_averaged")[0].message
    assert found.find("low_sampling_rates")[0].count == 1
    assert "longer than a view of 0.5 s" in found.find("long_sounds")[0].message
    assert found.find("conflicting_labels")
    figures = found.figures["sounds"]["train"]
    assert figures["sounds"] == 20
    assert figures["seconds"][2] == pytest.approx(3.0, abs=0.01)
    assert sum(figures["histogram"]["counts"]) == 20
    assert figures["sampling_rates"] == {"8000": 18, "16000": 1, "4000": 1}
    text = "\n".join(audited(found.to_dict()))
    assert "0.05 / " in text
    assert "WAV 18" in text


def test_good_sounds_have_no_faults(tmp_path: Path) -> None:
    found = audit_of(tree(tmp_path / "data", ["dog", "cat"], 5), tmp_path / "cache")
    assert [f.code for f in found.findings] == []


def test_the_pattern_makes_columns(tmp_path: Path) -> None:
    root = tree(tmp_path / "data", ["dog", "cat"], 4)
    source = AudioFolder(pattern=PATTERN)
    table = read(Data(train=str(root), source=source), cache=tmp_path / "cache")
    assert table.columns == ("audio", "label", "speaker")
    for rows in table.rows(table.columns):
        assert all(row["speaker"] == Path(row["audio"]).stem.split("_")[1] for row in rows)
        assert {row["speaker"] for row in rows} == {"a", "b"}
    plain = read(Data(train=str(root)), cache=tmp_path / "cache")
    assert plain.columns == ("audio", "label")
    assert plain.values("audio") == table.values("audio")
    save(sound(9), root / "dog" / "nobody.wav")
    with pytest.raises(InputError, match=r"nobody\.wav"):
        read(Data(train=str(root), source=source), cache=tmp_path / "cache")


@pytest.mark.parametrize("pattern", ["(", "[a-z]+", "(?P<label>[a-z])", "(?P<audio>[a-z])"])
def test_a_pattern_must_name_columns(pattern: str) -> None:
    with pytest.raises((InputError, ValueError)):
        AudioFolder(pattern=pattern)


def test_a_folder_of_pictures_and_sounds_must_be_named(tmp_path: Path) -> None:
    root = tree(tmp_path / "data", ["dog", "cat"], 2)
    save_picture(picture(1), root / "dog" / "dog.png")
    with pytest.raises(InputError, match=r"audio_folder and image_folder|image_folder and audio_folder"):
        locate(str(root), Data(train=str(root)), "train")
    settings: dict[str, Any] = {"train": str(root), "source": AudioFolder()}
    assert len(read(Data(**settings), cache=tmp_path / "cache")) == 4

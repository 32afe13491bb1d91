"""`burnish predict --format srt`: a file of subtitles for each recording."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

import burnish
from burnish.core.errors import InputError
from burnish.stages.predict.subtitles import subtitles
from tests.integration.spoiled import Said
from tests.sound_cases import save, sound
from tests.speech_bundles import RATE, speech_bundle

CLOCK = r"(\d\d):(\d\d):(\d\d),(\d\d\d)"


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("bundles")
    kinds = {"writes": "natural", "spells": "wav2vec2"}
    return {name: speech_bundle(folder / name, kind, seconds=1.0) for name, kind in kinds.items()}


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two recordings, one of them of several windows and in a folder of its own, and a file that is none."""
    folder = tmp_path_factory.mktemp("recordings")
    (folder / "calls").mkdir()
    save(sound(1, 0.8, RATE), folder / "short.wav", RATE)
    save(sound(2, 2.6, RATE), folder / "calls" / "long.wav", RATE)
    (folder / "broken.wav").write_bytes(b"no sound")
    return folder


@pytest.mark.parametrize("name", ["writes", "spells"])
def test_each_recording_gets_a_file(
    bundles: dict[str, Path], recordings: Path, tmp_path: Path, name: str, burnish_command: Callable[..., Said]
) -> None:
    said = burnish_command("predict", bundles[name], recordings, "--out", tmp_path / "out", "--format", "srt")
    assert said.code == 3, said.err
    assert "broken.srt: " in said.err
    files = sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.*"))
    assert files == ["calls/long.srt", "short.srt"]
    for file, seconds in (("calls/long.srt", 2.6), ("short.srt", 0.8)):
        text = (tmp_path / "out" / file).read_text(encoding="utf-8")
        spoken = [block.split("\n", 2)[2] for block in text.strip().split("\n\n")]
        answer = burnish.load(bundles[name])({"audio": str(recordings / file.replace("srt", "wav"))}).answer
        assert " ".join(spoken).split() == str(answer).split()
        times = [int(h) * 3600 + int(m) * 60 + int(s) + int(t) / 1000 for h, m, s, t in re.findall(CLOCK, text)]
        assert times == sorted(times)
        assert times[-1] <= seconds + 0.02
    kept = subtitles(bundles[name], str(recordings), out=tmp_path / "out", form="srt")
    assert (kept["rows"], kept["kept"], kept["errors"]) == (3, 2, 1), "what is there is not made again"


def test_parts_of_a_file_in_a_table_are_numbered(bundles: dict[str, Path], recordings: Path, tmp_path: Path) -> None:
    table = tmp_path / "rows.csv"
    table.write_text(f"audio\n{recordings}/short.wav\n{recordings}/short.wav\n", encoding="utf-8")
    subtitles(bundles["spells"], str(table), out=tmp_path / "out", form="vtt")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["short-2.vtt", "short.vtt"]
    assert (tmp_path / "out" / "short.vtt").read_text(encoding="utf-8").startswith("WEBVTT\n")


def test_what_cannot_be_is_refused(
    bundles: dict[str, Path], recordings: Path, tmp_path: Path, burnish_command: Callable[..., Said]
) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="it is a file"):
        subtitles(bundles["spells"], str(recordings), out=tmp_path / "file", form="srt")
    more = ("-o", tmp_path / "x", "--format", "srt", "--processes", "2")
    said = burnish_command("predict", bundles["spells"], recordings, *more)
    assert said.code == 2
    assert "leave --processes out" in said.err

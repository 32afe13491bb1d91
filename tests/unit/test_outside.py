"""Nothing is written where data are read from: the next reading would take it for data."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from burnish.core.errors import InputError
from burnish.stages.outside import require_apart


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`data/` with a table and a folder; the working directory is beside it."""
    (tmp_path / "data" / "deep").mkdir(parents=True)
    (tmp_path / "data" / "a.csv").write_text("text,label\n")
    (tmp_path / "runs").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "data"


@pytest.mark.parametrize(
    ("place", "out"),
    [
        ("data", "data/run"),
        ("data", "data/deep/far/run"),
        ("data/", "data/../data/run"),
        ("data", "{absolute}/run"),
        ("{absolute}", "data/run"),
        ("data", "link/run"),
        ("link", "data/run"),
        (".", "run"),
        ("..", "runs/run"),
        (["other.csv", "data"], "data/run"),
        ("data/**/*.csv", "data/deep/run"),
        ("data/*/*.jsonl", "data/run"),
        ("*/*.csv", "data/run"),
        ("data/*.csv", "data/answers.csv"),
        ("data/answers.*", "data/answers.csv"),
    ],
)
def test_inside_is_refused(data: Path, place: Any, out: str) -> None:
    written = [p.format(absolute=data) for p in (place if isinstance(place, list) else [place])]
    with pytest.raises(InputError, match="the output would lie inside the data") as refused:
        require_apart(Path(out.format(absolute=data)), [written if isinstance(place, list) else written[0]])
    assert "choose another --out" in refused.value.fix


@pytest.mark.parametrize(
    ("place", "out"),
    [
        ("data", "runs/run"),
        ("data", "data-run"),
        ("data", "database/run"),
        ("data/a.csv", "data/run"),
        ("data/*.csv", "data/run"),
        ("data/*.csv", "data/answers.parquet"),
        ("data/deep", "data/run"),
        ("imdb", "runs/imdb"),
        ("nowhere", "nowhere/run"),
        (None, "data/run"),
        ([{"text": "a"}], "data/run"),
    ],
)
def test_beside_is_fine(data: Path, place: Any, out: str) -> None:
    require_apart(Path(out), [place])


def test_a_link_inside_the_data_that_leads_to_the_output(data: Path) -> None:
    os.symlink(data.parent / "runs", data / "results")
    with pytest.raises(InputError, match="inside the data"):
        require_apart(Path("runs/one"), ["data"])


def test_the_name_with_wildcards_that_is_a_file(data: Path) -> None:
    """`a[1].csv` is a file here and no pattern."""
    (data / "a[1].csv").write_text("text,label\n")
    require_apart(data / "a1.csv", [str(data / "a[1].csv")])

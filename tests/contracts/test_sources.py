"""What every source must do."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from burnish.core.component import build, component_class, kinds
from burnish.core.errors import InputError
from burnish.data.reading.tables import read
from burnish.data.settings import Data
from burnish.data.sources import PIECE_ROWS, Source
from tests.data_cases import ROWS, expected, written
from tests.slow_cases import slow_but

AXIS = "burnish.data.sources"
# Texts, tunes and scores have no columns of one's own: tests/unit/test_plain_texts.py, test_tune_rows.py, test_music_file.py.
KINDS = [kind for kind in kinds(AXIS) if kind not in ("plain_text", "abc", "music_folder")]


def source(kind: str) -> Source:
    """The source with its defaults."""
    found = build(AXIS, kind)
    assert isinstance(found, Source)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_reads_the_rows_as_they_are(kind: str, tmp_path: Path) -> None:
    """Values come back as written, in order."""
    rows: list[dict[str, str]] = []
    what = written(kind, ROWS, tmp_path)
    for piece in source(kind).read(what):
        columns = {name: list(getattr(v, "to_pylist", lambda v=v: v)()) for name, v in piece.columns.items()}
        rows += [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    assert rows == expected(kind, ROWS, what)


@pytest.mark.parametrize(
    "kind", slow_but(KINDS, *(kind for kind in KINDS if kind not in ("captioned_folder", "excel")))
)
def test_pieces_are_small(kind: str, tmp_path: Path) -> None:
    """No piece holds more than some thousand rows, and none is lost between pieces."""
    rows = [{"text": f"row {i}", "label": str(i % 3)} for i in range(PIECE_ROWS * 2 + 7)]
    sizes = [len(next(iter(p.columns.values()))) for p in source(kind).read(written(kind, rows, tmp_path))]
    assert max(sizes) <= PIECE_ROWS
    assert sum(sizes) == len(rows)


@pytest.mark.parametrize("kind", KINDS)
def test_digest_follows_content(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Equal content has one digest wherever it lies, unless rows are paths; other content has another."""
    monkeypatch.setenv("BURNISH_CACHE", str(tmp_path / "cache"))
    one, two, three = tmp_path / "1", tmp_path / "2", tmp_path / "3"
    for folder in (one, three):
        folder.mkdir()
    what = written(kind, ROWS, one)
    first = source(kind).digest(what)
    assert first == source(kind).digest(what)
    shutil.copytree(one, two)  # written anew, a workbook would hold the time of the writing
    copied = two / Path(what).relative_to(one) if isinstance(what, str | Path) else written(kind, ROWS, two)
    assert (first != source(kind).digest(copied)) == source(kind).holds_paths
    assert first != source(kind).digest(written(kind, [*ROWS[:-1], {"text": "changed", "label": "yes"}], three))


@pytest.mark.parametrize("kind", KINDS)
def test_becomes_a_table_and_a_cache_hit(kind: str, tmp_path: Path) -> None:
    """`read` keeps the rows in Arrow, says miss and then hit, and names rows."""
    what = written(kind, ROWS, tmp_path)
    first, second = (read(what, cache=tmp_path / "cache") for _ in range(2))
    assert first.arrow.to_pylist() == expected(kind, ROWS, what) == second.arrow.to_pylist()
    assert any("cache miss" in note for note in first.notes)
    assert any("cache hit" in note for note in second.notes)
    assert first.fingerprint == second.fingerprint
    assert first.place(1).endswith("row 2")


@pytest.mark.parametrize("kind", [k for k in KINDS if getattr(component_class(AXIS, k), "suffixes", ())])
@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01", bytes(range(256)) * 8])
def test_what_is_no_table_is_refused(kind: str, content: bytes, tmp_path: Path) -> None:
    """Empty, image and binary files give an error that names the file and leave nothing in the cache."""
    path = tmp_path / f"rows{component_class(AXIS, kind).suffixes[0]}"  # type: ignore[attr-defined]
    path.write_bytes(content)
    with pytest.raises(InputError, match="rows"):
        read(path, cache=tmp_path / "cache")
    assert not list((tmp_path / "cache").rglob("*.arrow"))
    assert not list((tmp_path / "cache").rglob(".aside*"))


@pytest.mark.parametrize("kind", KINDS)
def test_settings_survive_the_recipe(kind: str) -> None:
    """A source named in `data` is kept with its settings when the settings are written and read."""
    data = Data(train="rows", source=kind)  # type: ignore[arg-type]
    assert Data.model_validate(data.model_dump()) == data

"""From what people write as data to tables: paths, globs, folders, the cache, memory, Parquet and saved data sets."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from burnish.core.errors import InputError
from burnish.data.reading.tables import read, read_parts
from burnish.data.settings import Data, cache_folder
from tests.data_cases import ROWS, csv_text, written

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"


def shard(path: Path, *texts: str) -> Path:
    """A small CSV file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(csv_text([{"text": t, "label": "a"} for t in texts]))
    return path


def test_missing_file_offers_the_nearest(tmp_path: Path) -> None:
    """reveiws.csv -> reviews.csv."""
    shard(tmp_path / "reviews.csv", "a")
    with pytest.raises(InputError) as caught:
        read(tmp_path / "reveiws.csv", cache=tmp_path)
    assert "reveiws.csv" in caught.value.found + caught.value.place
    assert "reviews.csv" in caught.value.fix


def test_missing_folder_offers_the_nearest(tmp_path: Path) -> None:
    """The first folder of the path that does not exist is the one that is misspelt."""
    shard(tmp_path / "reviews" / "a.csv", "a")
    with pytest.raises(InputError, match="reviews"):
        read(tmp_path / "revews" / "a.csv", cache=tmp_path)


def test_unknown_ending_lists_the_known(tmp_path: Path) -> None:
    """`source: csv` then reads it."""
    path = shard(tmp_path / "rows.data", "a")
    with pytest.raises(InputError, match=r"'\.data'[\s\S]*\.csv[\s\S]*\.parquet"):
        read(path, cache=tmp_path)
    assert len(read(Data(train=path, source="csv", cache=tmp_path))) == 1  # type: ignore[arg-type]


def test_glob_list_and_folder_give_one_table_in_order(tmp_path: Path) -> None:
    """Shards in the order of their names, or as listed; each row knows its file."""
    for i in (2, 1, 3):
        shard(tmp_path / "data" / f"part-{i}.csv", f"{i}a", f"{i}b")
    (tmp_path / "data" / "notes.md").write_text("about")
    by_folder, by_glob = (read(tmp_path / p, cache=tmp_path) for p in ("data", "data/*.csv"))
    assert by_folder.values("text") == by_glob.values("text") == ["1a", "1b", "2a", "2b", "3a", "3b"]
    assert by_folder.place(3).endswith("part-2.csv, row 2")
    assert any("notes.md" in note for note in by_folder.notes)
    listed = read([tmp_path / "data" / "part-3.csv", str(tmp_path / "data" / "part-1.csv")], cache=tmp_path)
    assert listed.values("text") == ["3a", "3b", "1a", "1b"]


def test_glob_without_match(tmp_path: Path) -> None:
    """Said as a pattern."""
    with pytest.raises(InputError, match="pattern"):
        read(tmp_path / "*.csv", cache=tmp_path)


def test_folder_without_shards_and_empty_folder(tmp_path: Path) -> None:
    """Neither is a table."""
    (tmp_path / "a").mkdir()
    with pytest.raises(InputError, match="empty"):
        read(tmp_path / "a", cache=tmp_path)
    (tmp_path / "a" / "notes.md").write_text("x")
    with pytest.raises(InputError, match="not a table"):
        read(tmp_path / "a", cache=tmp_path)


def test_folder_of_splits_is_not_read_as_one_table(tmp_path: Path) -> None:
    """train.csv and test.csv side by side would leak the test into training."""
    shard(tmp_path / "data" / "train.csv", "a")
    shard(tmp_path / "data" / "test.csv", "b")
    with pytest.raises(InputError, match=r"train: .*train\.csv"):
        read(tmp_path / "data", cache=tmp_path)


def test_shards_with_different_columns(tmp_path: Path) -> None:
    """The file and the column are named; another order of columns is fine."""
    (tmp_path / "a.csv").write_text("text,label\na,x\n")
    (tmp_path / "b.csv").write_text("label,text\ny,b\n")
    assert read([tmp_path / "a.csv", tmp_path / "b.csv"], cache=tmp_path).values("label") == ["x", "y"]
    (tmp_path / "b.csv").write_text("text,lable\nb,y\n")
    with pytest.raises(InputError, match=r"b\.csv.*lacks 'label' and adds 'lable'"):
        read([tmp_path / "a.csv", tmp_path / "b.csv"], cache=tmp_path)


def test_png_named_csv(tmp_path: Path) -> None:
    """Said for what it is."""
    path = tmp_path / "rows.csv"
    path.write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
    with pytest.raises(InputError, match="PNG image"):
        read(path, cache=tmp_path)


def test_moved_file_is_a_hit_and_changed_file_or_setting_a_miss(tmp_path: Path) -> None:
    """The cache goes by content and settings, not by path or time."""
    cache = tmp_path / "cache"
    path = shard(tmp_path / "a.csv", "a;b")
    read(path, cache=cache)
    moved = path.rename(tmp_path / "moved.csv")
    os.utime(moved, (1, 1))
    hit = read(moved, cache=cache)
    assert any("cache hit" in note for note in hit.notes)
    assert hit.place(0) == f"{moved}, row 1"
    assert any("cache miss" in n for n in read(Data(train=moved, encoding="latin-1", cache=cache)).notes)
    shard(moved, "a;c")
    assert any("cache miss" in n for n in read(moved, cache=cache).notes)


def test_damaged_cache_entry_is_made_again(tmp_path: Path) -> None:
    """A cut Arrow file is noticed by its size."""
    path = shard(tmp_path / "a.csv", "a", "b")
    read(path, cache=tmp_path)
    (arrow,) = (tmp_path / "tables").glob("*/rows.arrow")
    arrow.write_bytes(arrow.read_bytes()[:-9])
    again = read(path, cache=tmp_path)
    assert again.values("text") == ["a", "b"]
    assert any("cache miss" in note for note in again.notes)


def test_cache_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """A file in the way of the cache folder is bad input."""
    (tmp_path / "cache").write_text("in the way")
    with pytest.raises(InputError, match="BURNISH_CACHE"):
        read(shard(tmp_path / "a.csv", "a"), cache=tmp_path / "cache")


def test_old_leftovers_are_swept(tmp_path: Path) -> None:
    """What a killed process left a day ago goes; what is being written now stays."""
    for name, age in ((".aside-old", 100_000), (".aside-new", 10)):
        (tmp_path / "tables" / name).mkdir(parents=True)
        os.utime(tmp_path / "tables" / name, (time.time() - age,) * 2)
    read(shard(tmp_path / "a.csv", "a"), cache=tmp_path)
    assert [p.name for p in (tmp_path / "tables").glob(".aside-*")] == [".aside-new"]


def test_cache_folder_order(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The setting, else the environment, else the home folder."""
    monkeypatch.setenv("BURNISH_CACHE", str(tmp_path / "env"))
    assert cache_folder(None) == tmp_path / "env"
    assert cache_folder(tmp_path) == tmp_path
    monkeypatch.delenv("BURNISH_CACHE")
    assert cache_folder(None) == Path.home() / ".cache" / "burnish"


def test_progress_is_told(tmp_path: Path) -> None:
    """Hashing and reading, with growing counts."""
    told: list[tuple[str, int, int]] = []
    rows = [{"text": f"{i}", "label": "a"} for i in range(9000)]
    read(rows, cache=tmp_path, notify=lambda *said: told.append(said))
    assert [done for text, done, _ in told if text.startswith("reading")][-1] == 9000


def test_parts_are_read_each(tmp_path: Path) -> None:
    """Only what is named."""
    data = Data(train=shard(tmp_path / "a.csv", "a"), test=shard(tmp_path / "b.csv", "b"), cache=tmp_path)
    tables = read_parts(data)
    assert {name: t.values("text") for name, t in tables.items()} == {"train": ["a"], "test": ["b"]}
    with pytest.raises(InputError, match=r"data\.validation"):
        read(data, "validation")


def test_memory_kinds_agree(tmp_path: Path) -> None:
    """List of dicts, dict of lists, DataFrame, Dataset and Arrow give the same table, and hit when read again."""
    import datasets
    import pandas as pd

    columns = {"text": ["a", None, "c"], "label": ["x", "y", None], "n": [1, 2, 3]}
    rows = [dict(zip(columns, v, strict=True)) for v in zip(*columns.values(), strict=True)]
    frame = pd.DataFrame(columns)
    kinds: list[Any] = [rows, columns, frame, datasets.Dataset.from_list(rows), pa.Table.from_pylist(rows)]
    for data in kinds:
        assert read(data, cache=tmp_path / "c").arrow.to_pylist() == rows
    assert any("cache hit" in n for n in read(frame.copy(), cache=tmp_path / "c").notes)


@pytest.mark.parametrize("first", [0, 2])
def test_not_a_number_among_texts_is_missing(tmp_path: Path, first: int) -> None:
    """What pandas leaves for a gap, wherever it stands; a number among texts is still refused."""
    values = ["a", "b", "c", "d"]
    values[first] = float("nan")  # type: ignore[call-overload]
    table = read([{"label": value} for value in values], cache=tmp_path)
    assert table.values("label") == [None if i == first else v for i, v in enumerate(values)]
    with pytest.raises(InputError, match="row 4: column 'label' holds whole number"):
        read([{"label": value} for value in [*values[:3], 5]], cache=tmp_path)


def test_pandas_categories_and_missing(tmp_path: Path) -> None:
    """Categories become text, and NaN is missing."""
    import pandas as pd

    frame = pd.DataFrame({"text": ["a", "b"], "label": pd.Categorical(["x", None]), "score": [0.5, float("nan")]})
    found = read(frame, cache=tmp_path)
    assert found.arrow.to_pylist() == [
        {"text": "a", "label": "x", "score": 0.5},
        {"text": "b", "label": None, "score": None},
    ]


@pytest.mark.parametrize(
    "data", [[], [1, 2], 7, {"a": [1], "b": [1, 2]}, {1: ["x"]}, [{"a": 1}, 3], [{"a": 1}, {"a": "x"}], {}]
)
def test_bad_memory(data: Any, tmp_path: Path) -> None:
    """Never a bare traceback."""
    with pytest.raises(InputError):
        read(Data(train=data, cache=tmp_path))


def test_class_numbers_become_names(tmp_path: Path) -> None:
    """ClassLabel columns of datasets are read by name, also from Parquet it wrote; -1 is missing."""
    import datasets

    kind = {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["neg", "pos"])}
    kind["tags"] = datasets.List(datasets.ClassLabel(names=["O", "B-x"]))
    rows = {"text": ["a", "b", "c"], "label": [1, 0, -1], "tags": [[0, 1], [], [1]]}
    data = datasets.Dataset.from_dict(rows, features=datasets.Features(kind))
    data.to_parquet(str(tmp_path / "rows.parquet"))
    for what in (data, tmp_path / "rows.parquet"):
        found = read(what, cache=tmp_path)
        assert found.values("label") == ["pos", "neg", None]
        assert found.values("tags") == [["O", "B-x"], [], ["B-x"]]
        assert any("neg, pos" in note for note in found.notes)


def test_saved_splits(tmp_path: Path) -> None:
    """A saved dictionary of splits gives each part its split, says what else is there, and names a missing one."""
    import datasets

    folder = tmp_path / "saved"
    data = {name: datasets.Dataset.from_list([{"text": name, "label": "a"}]) for name in ("train", "validation")}
    datasets.DatasetDict(data).save_to_disk(str(folder))
    tables = read_parts(Data(train=folder, validation=str(folder), cache=tmp_path))
    assert tables["train"].values("text") == ["train"]
    assert tables["validation"].values("text") == ["validation"]
    assert any("splits validation" in note for note in tables["train"].notes)
    assert read(Data(train=folder, hub_split="validation", cache=tmp_path)).values("text") == ["validation"]
    with pytest.raises(InputError, match=r"no split 'test'[\s\S]*train, validation"):
        read(Data(train=folder, test=folder, cache=tmp_path), "test")
    with pytest.raises(InputError, match="dictionary of the splits"):
        read(datasets.load_from_disk(str(folder)), cache=tmp_path)


def test_hub_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hub name that is not cached, with the hub switched off, is an error that says both."""
    import datasets
    import huggingface_hub.constants

    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "hf"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="switched off"):
        read("nobody/nothing-like-this", cache=tmp_path)


def test_damaged_parquet(tmp_path: Path) -> None:
    """Cut in the middle, and with its end overwritten."""
    path = written("parquet", ROWS, tmp_path)
    whole = path.read_bytes()
    for content in (whole[:-20], whole[:40], b"PAR1" + b"\xff" * 60 + b"PAR1"):
        path.write_bytes(content)
        with pytest.raises(InputError, match="not a readable Parquet"):
            read(path, cache=tmp_path)


def test_parquet_types(tmp_path: Path) -> None:
    """Small integers of one shard and fractions of the next become one type; dictionaries become text."""
    pq.write_table(
        pa.table({"a": pa.array([1], pa.int8()), "b": pa.array(["x"]).dictionary_encode()}), tmp_path / "1.pq"
    )
    pq.write_table(pa.table({"a": pa.array([0.5], pa.float32()), "b": pa.array(["y"])}), tmp_path / "2.pq")
    found = read(tmp_path / "*.pq", cache=tmp_path)
    assert found.arrow.schema.types == [pa.float64(), pa.string()]
    assert found.values("a") == [1.0, 0.5]


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared real data sets are not here")
@pytest.mark.parametrize(
    "path", [*SHARED.glob("*/*.csv"), *SHARED.glob("*/*.jsonl")], ids=lambda p: f"{p.parent.name}/{p.name}"
)
def test_real_files_have_the_rows_that_other_readers_find(path: Path, tmp_path: Path) -> None:
    """Counts and contents as pandas and json read them."""
    import pandas as pd

    found = read(path, cache=tmp_path)
    if path.suffix == ".csv":
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
        assert found.arrow.to_pydict() == frame.to_dict("list")
    else:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]
        assert len(found) == len(rows)
        assert set(found.columns) == {key for row in rows for key in row}


_MEASURED = """
import resource, sys
from pathlib import Path
import burnish.data.sources.csv, burnish.data.sources.jsonl
from burnish.data.reading.tables import read
path, cache = Path(sys.argv[1]), Path(sys.argv[2])
def peak():  # anonymous memory: pages of the mapped file are the kernel's to drop
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
before = peak()
table = read(path, cache=cache)
print(len(table), peak() - before)
"""


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_memory_does_not_grow_with_rows(ending: str, tmp_path: Path) -> None:
    """A million rows take hardly more memory than fifty thousand."""
    grown = {}
    for rows in (50_000, 1_000_000):
        path = tmp_path / f"{rows}.{ending}"
        with path.open("w") as file:
            if ending == "csv":
                file.write("text,label\n")
            for i in range(rows):
                text = f"message number {i} with about as many words as people write in one"
                file.write(
                    f"{text},{i % 7}\n" if ending == "csv" else json.dumps({"text": text, "label": i % 7}) + "\n"
                )
        done = subprocess.run(
            [sys.executable, "-c", _MEASURED, str(path), str(tmp_path)], capture_output=True, text=True, check=True
        )
        count, grown[rows] = (float(v) for v in done.stdout.split())
        assert count == rows
    assert grown[1_000_000] < grown[50_000] + 40, f"MiB grown by rows: {grown}"

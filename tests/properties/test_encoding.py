"""Encoded rows on disk are the rows that were encoded, whatever their number; the cache never gives other ones."""

from __future__ import annotations

import importlib
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from burnish.core.component import build
from burnish.core.errors import InputError
from burnish.data.feeding.encode import PIECE, EncodedRows, encode_part, fingerprint
from burnish.data.table import Origin, Part, Table
from burnish.data.truths import strata_of
from burnish.inputs import Input
from burnish.media.text.tokenizer import TokenizerProcessor
from burnish.targets import Target
from tests.data_cases import table
from tests.slow_cases import slow_but


def tokenizer() -> Any:
    """Letters are tokens; made without transformers, so that these tests start at once."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *"abcdefghijklmnopqrstuvwxyz0123456789"]
    made = Tokenizer(models.WordPiece({**{p: i for i, p in enumerate(pieces)}, **_inner(pieces)}, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return made


def _inner(pieces: list[str]) -> dict[str, int]:
    return {f"##{p}": len(pieces) + i for i, p in enumerate(pieces[4:])}


@dataclass
class Case:
    """Everything encoding takes."""

    part: Part
    input: Input
    target: Target
    processor: TokenizerProcessor

    def encoded(self, cache: Path) -> EncodedRows:
        return encode_part(self.part, self.input, self.target, self.processor, cache=cache)


INPUTS: dict[str, dict[str, Any]] = {
    "label": {"kind": "text", "columns": ["x"]},
    "labels": {"kind": "text", "columns": ["x", "x2"]},
    "score": {"kind": "text", "columns": ["x"]},
    "tags": {"kind": "tokens", "column": "x"},
}


def row(kind: str, number: int) -> dict[str, Any]:
    """A row that is unlike its neighbours; some lack the truth, some the text."""
    text = None if number % 11 == 0 else f"row {number} " + "ab " * (number % 9)
    truths = {
        "label": None if number % 7 == 0 else "xyz"[number % 3],
        "labels": None if number % 7 == 0 else ["x", "y"][: number % 3],
        "score": None if number % 7 == 0 else number / 3,
        "tags": None if number % 7 == 0 else ["O" if i % 2 else "B-x" for i in range(len((text or "").split()))],
    }
    return {"x": text, "x2": f"second {number}", "y": truths[kind]}


def case(kind: str, rows: int, max_length: int | None = 12) -> Case:
    values = [row(kind, n) for n in range(rows)]
    types = {
        "label": pa.string(),
        "labels": pa.list_(pa.string()),
        "score": pa.float64(),
        "tags": pa.list_(pa.string()),
    }
    schema = pa.schema([("x", pa.string()), ("x2", pa.string()), ("y", types[kind])])
    # Pieces of an odd size, as a cached table has pieces that have nothing to do with those of encoding.
    arrow = pa.Table.from_batches(pa.Table.from_pylist(values, schema=schema).to_batches(max_chunksize=997), schema)
    made = Table(arrow, (Origin(f"{kind}.csv", f"{rows:064d}", rows),))
    input_ = cast(Input, build("burnish.inputs", {**INPUTS[kind], "max_length": max_length}))
    target = cast(Target, build("burnish.targets", {"kind": kind, "column": "y"})).learned(
        [row(kind, n)["y"] for n in range(60)]
    )
    processor = TokenizerProcessor(
        tokenizer(), 0, "right", ("input_ids", "attention_mask", "token_type_ids"), max_length, Path()
    )
    return Case(Part(made, np.arange(rows, dtype=np.int64)), input_, target, processor)


def check(rows: EncodedRows, own: Case, positions: list[int]) -> None:
    """Rows at these positions against encoding them now, one by one."""
    assert len(rows) == len(own.part)
    for position in positions:
        example = own.part.table.arrow.slice(int(own.part.rows[position]), 1).to_pylist()[0]
        expected = own.input.encode([example], own.processor)[0]
        found = rows.encoded(position)
        assert found.keys() == expected.keys()
        for name, value in expected.items():
            np.testing.assert_array_equal(found[name], value, err_msg=name)
            assert np.asarray(found[name]).dtype == value.dtype
        for mine, theirs in zip(
            rows.target(position), own.target.encode(example["y"], expected, own.processor), strict=True
        ):
            np.testing.assert_array_equal(mine, theirs)
            assert mine.dtype == theirs.dtype
            assert mine.shape == theirs.shape
        assert rows.lengths[position] == expected["_length"]
        assert rows.full_lengths[position] == expected["_full_length"]
        assert rows.weights[position] == own.target.encode(example["y"], expected, own.processor)[1].sum()


@pytest.mark.parametrize("kind", INPUTS)
@pytest.mark.parametrize("count", slow_but([1, 2, PIECE - 1, PIECE, PIECE + 1], 2, PIECE, PIECE + 1))
def test_rows_come_back_as_they_were_encoded(kind: str, count: int, tmp_path: Path) -> None:
    own = case(kind, count)
    fresh = own.encoded(tmp_path)
    assert (fresh.hit, fresh.note) == (False, "")
    positions = sorted({*range(min(count, 30)), *range(max(0, count - 30), count)})
    check(fresh, own, positions)
    again = own.encoded(tmp_path)
    assert again.hit
    check(again, own, positions)


@pytest.mark.parametrize("kind", INPUTS)
def test_rows_of_a_split_come_in_its_order(kind: str, tmp_path: Path) -> None:
    own = case(kind, 3000)
    rows = np.random.default_rng(0).permutation(3000)[:2500].astype(np.int64)
    own = replace(own, part=Part(own.part.table, rows))
    check(own.encoded(tmp_path), own, [0, 1, 5, 2047, 2048, 2499])


@given(st.lists(st.integers(0, 499), min_size=1, max_size=60), st.lists(st.integers(1, 200), min_size=1, max_size=6))
@settings(deadline=None, max_examples=60)
def test_taking_rows_is_taking_them_from_one_piece(rows: list[int], cuts: list[int]) -> None:
    """Any rows in any order, repeats too, whatever pieces the table is in."""
    whole = pa.table({"n": pa.array(range(500)), "t": pa.array([None if i % 9 == 0 else str(i) for i in range(500)])})
    batches, at = [], 0
    for size in [*cuts, 500]:
        batches += whole.slice(at, size).combine_chunks().to_batches() if at < 500 else []
        at += size
    made = Table(pa.Table.from_batches(batches), ())
    taken = made.take(np.array(rows, np.int64), ["t", "n"])
    assert taken.column_names == ["t", "n"]
    assert taken["n"].to_pylist() == rows
    assert taken["t"].to_pylist() == [None if i % 9 == 0 else str(i) for i in rows]
    assert made.take(np.zeros(0, np.int64), ["n"]).num_rows == 0


def test_nothing_to_encode_is_an_error(tmp_path: Path) -> None:
    own = case("label", 3)
    with pytest.raises(InputError, match="no rows"):
        replace(own, part=Part(own.part.table, np.zeros(0, np.int64))).encoded(tmp_path)


def changed_setting(own: Case) -> Case:
    return replace(own, input=own.input.model_copy(update={"max_length": 9}))


def changed_tokenizer(own: Case) -> Case:
    other = tokenizer()
    other.add_tokens(["row"])
    return replace(own, processor=replace(own.processor, tokenizer=other))


def changed_limit(own: Case) -> Case:
    return replace(own, processor=replace(own.processor, max_length=9))


def changed_labels(own: Case) -> Case:
    return replace(own, target=own.target.model_copy(update={"labels": ["x", "y"]}))


def changed_rows(own: Case) -> Case:
    return replace(own, part=Part(own.part.table, own.part.rows[::-1].copy()))


def changed_content(own: Case) -> Case:
    return replace(own, part=Part(replace(own.part.table, origins=(Origin("x", "f" * 64, 50),)), own.part.rows))


def changed_column(own: Case) -> Case:
    return replace(own, input=own.input.model_copy(update={"columns": ["x2"]}))


@pytest.mark.parametrize(
    "change",
    [
        changed_setting,
        changed_tokenizer,
        changed_limit,
        changed_labels,
        changed_rows,
        changed_content,
        changed_column,
    ],
)
def test_whatever_changes_the_rows_is_a_miss(change: Callable[[Case], Case], tmp_path: Path) -> None:
    own = case("label", 50)
    own.encoded(tmp_path)
    other = change(own)
    found = other.encoded(tmp_path)
    assert not found.hit
    check(found, other, list(range(50)))
    assert own.encoded(tmp_path).hit
    assert other.encoded(tmp_path).hit


@pytest.mark.parametrize(
    "module",
    ["burnish.data.feeding.encode", "burnish.inputs.text", "burnish.media.text.tokenizer", "burnish.targets.label"],
)
def test_changed_code_is_a_miss(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    own = case("label", 5)
    before = fingerprint(own.part, own.input, own.target, own.processor)
    assert fingerprint(own.part, own.input, own.target, own.processor) == before
    file, original = Path(str(importlib.import_module(module).__file__)), Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: original(path) + b"#" * (path == file))
    assert fingerprint(own.part, own.input, own.target, own.processor) != before


def file_of(cache: Path) -> Path:
    (path,) = (cache / "encoded").iterdir()
    return path


def truncated(path: Path, other: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def emptied(path: Path, other: Path) -> None:
    path.write_bytes(b"")


def without_content(path: Path, other: Path) -> None:
    path.write_bytes(b"\0" * path.stat().st_size)  # what a power cut can leave


def of_other_rows(path: Path, other: Path) -> None:
    path.write_bytes(other.read_bytes())


def in_other_pieces(path: Path, other: Path) -> None:
    found = pa.ipc.open_file(pa.memory_map(str(path))).read_all().combine_chunks()
    with pa.OSFile(str(other), "wb") as file, pa.ipc.new_file(file, found.schema) as writer:
        writer.write_table(found, max_chunksize=1000)
    path.write_bytes(other.read_bytes())


def without_a_column(path: Path, other: Path) -> None:
    found = pa.ipc.open_file(pa.memory_map(str(path))).read_all().drop_columns(["_target"])
    with pa.OSFile(str(other), "wb") as file, pa.ipc.new_file(file, found.schema) as writer:
        writer.write_table(found)
    path.write_bytes(other.read_bytes())


@pytest.mark.parametrize(
    "damage",
    slow_but(
        [truncated, emptied, without_content, of_other_rows, in_other_pieces, without_a_column],
        truncated,
        of_other_rows,
    ),
)
def test_a_damaged_cache_file_is_replaced_and_that_is_said(
    damage: Callable[[Path, Path], None], tmp_path: Path
) -> None:
    own = case("label", PIECE + 5)
    own.encoded(tmp_path / "cache")
    case("label", PIECE + 6).encoded(tmp_path / "other")
    path = file_of(tmp_path / "cache")
    damage(path, file_of(tmp_path / "other"))
    found = own.encoded(tmp_path / "cache")
    assert not found.hit
    assert "was damaged" in found.note
    assert path.name in found.note
    check(found, own, [0, 1, PIECE - 1, PIECE, PIECE + 4])
    assert own.encoded(tmp_path / "cache").hit


def test_a_failure_while_encoding_leaves_nothing_in_the_cache(tmp_path: Path) -> None:
    own = case("tags", 20)
    values = [row("tags", n) for n in range(20)]
    values[13]["y"] = ["O"]
    values[13]["x"] = "two words"
    part = Part(table(values, "made.jsonl"), own.part.rows)
    with pytest.raises(InputError, match=r"made\.jsonl, row 14") as caught:
        replace(own, part=part).encoded(tmp_path)
    assert "1 tags for 2 words" in str(caught.value)
    assert list((tmp_path / "encoded").iterdir()) == []


def test_a_cache_that_cannot_be_written_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "encoded").write_text("a file where a folder should be")
    with pytest.raises(InputError, match="cannot be written"):
        case("label", 3).encoded(tmp_path)


def test_class_numbers_follow_first_appearance() -> None:
    own = case("label", 5000)
    found = strata_of(own.part, own.target)
    seen: dict[str, int] = {}
    expected = [-1 if (v := row("label", n)["y"]) is None else seen.setdefault(v, len(seen)) for n in range(5000)]
    np.testing.assert_array_equal(found, expected)


_MILLION = """
import sys
from pathlib import Path
from tests.properties.test_encoding import million
print(million(Path(sys.argv[1])))
"""


def million(folder: Path, rows: int = 1_000_000) -> float:
    """Growth of the peak of memory, in MiB, from before encoding to after 1000 batches; the rows lie on disk."""
    from burnish.data.feeding.loader import Loader
    from burnish.data.feeding.order import Order
    from burnish.data.samplers.length_bucketed import LengthBucketed

    schema = pa.schema([("x", pa.string()), ("x2", pa.string()), ("y", pa.string())])
    with pa.OSFile(str(folder / "rows.arrow"), "wb") as file, pa.ipc.new_file(file, schema) as writer:
        for start in range(0, rows, 10_000):
            batch = [row("label", n) for n in range(start, start + 10_000)]
            writer.write_batch(pa.RecordBatch.from_pylist(batch, schema=schema))
    with pa.memory_map(str(folder / "rows.arrow")) as mapped:
        arrow = pa.ipc.open_file(mapped).read_all()
    own = case("label", 2)
    part = Part(Table(arrow, (Origin("rows.csv", "0" * 64, rows),)), np.arange(rows, dtype=np.int64))
    own = replace(own, part=part)
    case("label", 3000).encoded(folder / "warm")
    with Peak() as peak:
        encoded = own.encoded(folder)
        usable = np.flatnonzero(encoded.weights > 0)
        strata = strata_of(part, own.target)[usable]
        order = Order(LengthBucketed(), usable, encoded.lengths[usable], strata, 32, 0)
        loader = Loader(encoded, own.input, own.target, own.processor)
        for step in range(1000):
            assert len(loader.batch(order.batch(order.steps_per_epoch - 500 + step))) <= 32
    return peak.growth


class Peak:
    """How far memory of the process' own grows at most, in MiB: pages of mapped files are the system's to drop."""

    growth = 0.0

    def __enter__(self) -> Peak:
        self._before, self._done = self._now(), threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(0.02):
            self.growth = max(self.growth, self._now() - self._before)

    @staticmethod
    def _now() -> float:
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon:")) / 1024


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_million_rows_take_little_memory(tmp_path: Path) -> None:
    """Encoding, an epoch's order and 1000 batches, in a fresh process."""
    done = subprocess.run(
        [sys.executable, "-c", _MILLION, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=900,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 300

"""Rows as the network reads them, encoded once, kept in memory-mapped Arrow, and found again by a fingerprint."""

from __future__ import annotations

import hashlib
import importlib
import json
import pkgutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from burnish.core.batch import Array, Encoded, Example
from burnish.core.component import Component
from burnish.core.errors import InputError
from burnish.core.source_hash import source_hash
from burnish.data.arrow_pieces import write_pieces
from burnish.data.feeding.encoded_rows import GIVEN
from burnish.data.feeding.encoded_rows import PIECE as PIECE
from burnish.data.feeding.encoded_rows import EncodedRows as EncodedRows
from burnish.data.settings import cache_unwritable
from burnish.data.table import Part
from burnish.inputs import FromFiles, Input, Processor
from burnish.targets import Target, Taught

Notify = Callable[[str, int, int], None]


def encode_part(
    part: Part, input: Input, target: Target, processor: Processor, *, cache: Path, notify: Notify | None = None
) -> EncodedRows:
    """The rows of one split, encoded, from the cache where the very same were encoded before.

    A cache file that is damaged is never used: the rows are encoded anew, and `note` says so.

    Args:
        part: which rows of which table.
        input, target: how they become numbers; the target has learned its names.
        processor: the tokenizer or the like.
        cache: folder for encoded files.
        notify: called with (text, done, total) while it works.

    Raises:
        InputError: no rows, a row that cannot be encoded (with its file and row), or a cache that cannot be written.
    """
    if len(part) == 0:
        raise InputError("there are no rows to encode", expected="at least one row")
    path = cache / "encoded" / f"{fingerprint(part, input, target, processor)}.arrow"
    note = ""
    if path.is_file():
        try:
            return EncodedRows(path, part, hit=True)
        except (ValueError, OSError) as error:
            note = f"{path.name} in the cache was damaged ({error}); the rows were encoded anew"
    try:
        write_pieces(path, _pieces(part, input, target, processor, notify))
    except OSError as error:
        raise cache_unwritable(path.parent, error) from error
    return EncodedRows(path, part, hit=False, note=note)


def encode_in_memory(part: Part, input: Input, target: Target, processor: Processor) -> EncodedRows:
    """The rows of a part, encoded and kept in memory alone: of a stream, whose rows do not come back.

    Raises:
        InputError: a row that cannot be encoded (with its file and row).
    """
    table = pa.Table.from_batches(list(_pieces(part, input, target, processor, None)))
    return EncodedRows(Path(), part, hit=False, table=table)


def fingerprint(part: Part, input: Input, target: Target, processor: Processor) -> str:
    """A hash of everything the encoded rows depend on: content, which rows, settings, tokenizer, and the code itself."""
    parts = [
        part.table.fingerprint,
        hashlib.sha256(np.ascontiguousarray(part.rows).tobytes()).hexdigest(),
        json.dumps(input.model_dump(), sort_keys=True),
        json.dumps(target.model_dump(), sort_keys=True),
        processor.fingerprint(),
        source_hash(_modules(input, target, processor)),
        hashlib.sha256(repr(length_facts(part, part.rows, input)).encode()).hexdigest(),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:40]


def _modules(input: Input, target: Target, processor: Processor) -> set[str]:
    """What encodes: the two components and their processors, what their packages share, and this file."""
    modules = {__name__, EncodedRows.__module__, *input.encodes_with, *target.encodes_with}
    for component in (input, target):  # and those it inherits from, which may lie outside burnish
        modules |= {c.__module__ for c in type(component).__mro__ if issubclass(c, Component) and c is not Component}
    for side in (processor.for_input, processor.for_target):
        modules |= {c.__module__ for c in type(side).__mro__ if issubclass(c, Processor)}
    for axis in (input.axis, target.axis):
        shared = pkgutil.iter_modules(importlib.import_module(axis).__path__, f"{axis}.")
        modules |= {module.name for module in shared if module.name.startswith(f"{axis}._")}
    return modules


def _pieces(
    part: Part, input: Input, target: Target, processor: Processor, notify: Notify | None
) -> Iterator[pa.RecordBatch]:
    columns = list(dict.fromkeys([*input.required_columns, target.column]))
    columns = [c for c in columns if c in part.table.columns]
    schema: pa.Schema | None = None
    for start in range(0, len(part), PIECE):
        rows = part.rows[start : start + PIECE]
        examples = part.table.take(rows, columns).to_pylist()
        encoded = (
            _read(examples, part, rows, input, processor) if input.stored else _unread(part, rows, input, processor)
        )
        values: dict[str, list[Any]] = {name: [e[name] for e in encoded] for name in encoded[0]}
        pairs = [
            _target(target, e.get(target.column), x, processor, part, int(r))
            for e, x, r in zip(examples, encoded, rows, strict=True)
        ]
        if isinstance(target, Taught) and target.shows_truth():
            truths = [e.get(target.column) for e in examples]
            values |= _shown(target, truths, encoded, processor, part, rows)
        values["_target"], values["_target_weight"] = [p[0] for p in pairs], [p[1] for p in pairs]
        values["_weight"] = [np.float32(p[1].sum()) for p in pairs]
        schema = schema or pa.schema([(name, _type(column)) for name, column in values.items()])
        yield pa.record_batch([_array(values[f.name], f.type) for f in schema], schema=schema)
        if notify:
            notify("encoding", min(start + PIECE, len(part)), len(part))


def _read(examples: list[Example], part: Part, rows: Any, input: Input, processor: Processor) -> list[Encoded]:
    try:
        return input.encode(examples, processor.for_input)
    except InputError as error:
        for i in range(len(examples) if len(examples) > 1 else 0):  # which of them it was
            _read(examples[i : i + 1], part, rows[i : i + 1], input, processor)
        raise _placed(error, part, int(rows[0])) from None


def _placed(error: InputError, part: Part, row: int) -> InputError:
    return InputError(error.found, expected=error.expected, fix=error.fix, place=part.table.place(row))


def _unread(part: Part, rows: NDArray[np.int64], input: Input, processor: Processor) -> list[Encoded]:
    """Of rows that are read when their batch is made: lengths as far as they are known from a look at the files."""
    if not isinstance(input, FromFiles):
        return [{"_length": np.int32(1), "_full_length": np.int32(1)} for _ in rows]  # type: ignore[dict-item]
    known = length_facts(part, rows, input) or [{} for _ in rows]
    return [input.unread(facts, processor.for_input) for facts in known]


def length_facts(part: Part, rows: NDArray[np.int64], input: Input) -> list[dict[str, Any]]:
    """What is known of the lengths of files; nothing where they were not looked at, or all have one size."""
    known = part.table.inspection if isinstance(input, FromFiles) else None
    if known is None or not isinstance(input, FromFiles):
        return []
    names = [name for name in input.length_facts if name in known.facts.column_names]
    facts = known.facts.select(names).take(pa.array(rows)).to_pylist() if names else []
    beside = [column for column in input.length_columns if column in part.table.columns]
    if facts and beside:
        facts = [{**fact, **row} for fact, row in zip(facts, part.table.take(rows, beside).to_pylist(), strict=True)]
    return facts


def _target(
    target: Target, value: Any, encoded: Encoded, processor: Processor, part: Part, row: int
) -> tuple[Array, Array]:
    try:
        return target.encode(value, encoded, processor)
    except InputError as error:
        raise _placed(error, part, row) from None


def _shown(
    target: Taught, truths: list[Any], encoded: list[Encoded], processor: Processor, part: Part, rows: Any
) -> dict[str, list[Any]]:
    """Columns of what the network is shown of the truth of each row."""
    given: list[Encoded] = []
    for value, row, number in zip(truths, encoded, rows, strict=True):
        try:
            given.append(target.given(value, row, processor))
        except InputError as error:
            raise _placed(error, part, int(number)) from None
        if given[-1].keys() != given[0].keys():
            raise TypeError(
                f"target {type(target).__name__} gives {sorted(given[-1])} for one row, {sorted(given[0])} for another"
            )
    return {GIVEN + name: [shown[name] for shown in given] for name in given[0]}


def _array(values: list[Any], form: pa.DataType) -> pa.Array:
    return pa.array(values if pa.types.is_list(form) else np.asarray(values), type=form)


def _type(values: list[Any]) -> pa.DataType:
    first = np.asarray(values[0])
    scalar = pa.from_numpy_dtype(first.dtype)
    if first.ndim > 1:
        raise TypeError(f"encoded rows have at most one axis, found {first.ndim}")
    return scalar if first.ndim == 0 else pa.list_(scalar)

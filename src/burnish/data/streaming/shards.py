"""Shards of Parquet, local or wherever fsspec reaches: how many rows they hold is read, and rows when they are asked for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from burnish.core.errors import InputError
from burnish.data.reading.arrow import cast, class_names, named_columns, plain
from burnish.data.streaming.plan import Slice
from burnish.data.table import Origin, Table

if TYPE_CHECKING:
    from burnish.data.settings import Data

AT_ONCE = 8  # footers that are read side by side
ENDING = ".parquet"


@dataclass(frozen=True)
class Shard:
    """One file: its address, and the rows of each of its row groups."""

    address: str
    groups: tuple[int, ...]


@dataclass(frozen=True)
class StreamTable(Table):
    """Rows of a stream that are in memory now, which know where they came from.

    Attributes:
        addresses: of all shards.
        places: [N, 2] the shard of each row, and its number there, from 0.
    """

    addresses: tuple[str, ...] = ()
    places: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 2), np.int64), compare=False)

    def place(self, row: int) -> str:
        """Where a row came from: 's3://b/part-3.parquet, row 17'."""
        shard, number = self.places[row]
        return f"{self.addresses[shard]}, row {number + 1}"


@dataclass(frozen=True)
class Shards:
    """All files of a stream, in a fixed order.

    Attributes:
        system: of fsspec.
        files: the shards, in the order of their addresses.
        blocks: [G, 3] of each row group its shard, its number there, and the number of its first row there.
        sizes: [G] its rows.
        fingerprint: a hash of names, sizes and row groups: shards that were changed have another.
    """

    system: Any
    files: tuple[Shard, ...]
    blocks: NDArray[np.int64]
    sizes: NDArray[np.int64]
    fingerprint: str

    @property
    def rows(self) -> int:
        """Rows of all shards together."""
        return int(self.sizes.sum())

    def table(self, slices: Sequence[Slice], columns: Sequence[str] | None = None) -> StreamTable:
        """The rows of some slices in their order, with these columns (None: all); one row group is in memory beside them.

        Raises:
            InputError: a shard cannot be read, lacks a column, or has other types than the shards before it.
        """
        pieces, places = [], []
        for one in slices:
            shard, group, first = map(int, self.blocks[one.block])
            pieces.append(self._read(shard, group, columns).slice(one.start, one.stop - one.start))
            numbers = first + np.arange(one.start, one.stop)
            places.append(np.stack([np.full(len(numbers), shard), numbers], axis=1))
        kinds = pieces[0].schema
        for piece, one in zip(pieces, slices, strict=True):
            if piece.schema != kinds:
                address = self.files[int(self.blocks[one.block][0])].address
                raise InputError(
                    f"columns are {_types(piece.schema)}, and {_types(kinds)} in another shard",
                    expected="the same types in all shards",
                    place=address,
                )
        # Copied: a slice would keep its whole row group in memory.
        arrow = pa.concat_tables(pieces).take(pa.array(np.arange(sum(map(len, pieces)))))
        addresses = tuple(file.address for file in self.files)
        origins = (Origin(f"{len(addresses)} shards", self.fingerprint, len(arrow)),)
        made = hashlib.sha256(repr(list(slices)).encode()).hexdigest()
        return StreamTable(arrow, origins, made=made, addresses=addresses, places=np.concatenate(places))

    def _read(self, shard: int, group: int, columns: Sequence[str] | None) -> pa.Table:
        address = self.files[shard].address
        try:
            with self.system.open(address, "rb") as file:
                reader = pq.ParquetFile(file)
                names = class_names(reader.schema_arrow)
                known = reader.schema_arrow.names
                missing = [name for name in columns or () if name not in known]
                if missing:
                    raise InputError(f"no column {missing[0]!r}", expected=f"one of {', '.join(known)}", place=address)
                table = reader.read_row_group(group, columns=None if columns is None else list(columns))
        except (pa.ArrowException, OSError) as error:
            raise _unreadable(address, error) from error
        made, _, _ = named_columns(table, names)
        arrays = {name: pa.chunked_array(_plain(column)) for name, column in made.items()}
        return pa.table(arrays)


def _plain(column: Any) -> list[pa.Array]:
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    kind = plain(column.type)
    return [cast(chunk, kind) for chunk in chunks] or [pa.array([], kind)]


def _types(schema: pa.Schema) -> str:
    return ", ".join(f"{field.name}: {field.type}" for field in schema)


def _unreadable(address: str, error: Exception) -> InputError:
    words = (str(error) or type(error).__name__).splitlines()[0]
    return InputError(f"not a readable Parquet shard: {words}", fix="write or copy the file again", place=address)


_known: dict[str, Shards] = {}
"""The shards that were opened last: a run asks for them several times, and each asking would read all footers."""


def opened(data: Data) -> Shards:
    """The shards that a recipe streams from.

    Raises:
        InputError: there is none, something is no Parquet, or a library for the address is missing.
    """
    import fsspec

    places = [data.train] if isinstance(data.train, str | Path) else data.train
    if not isinstance(places, list | tuple) or not all(isinstance(place, str | Path) for place in places):
        raise InputError(
            f"a stream from {type(data.train).__name__}",
            expected="Parquet files, a folder or a pattern of them, such as s3://bucket/part-*.parquet",
            place="data.train",
        )
    try:
        system, _ = fsspec.core.url_to_fs(str(places[0]))
        addresses = sorted({address for place in places for address in _addresses(system, str(place))})
        sizes = [int(system.size(address) or 0) for address in addresses]
    except (ImportError, ValueError) as error:
        raise InputError(f"the address cannot be opened: {error}", place="data.train") from error
    if not addresses:
        raise InputError("no Parquet files are there", expected=f"files that end in {ENDING}", place=str(places[0]))
    key = json.dumps([type(system).__name__, addresses, sizes])
    if key not in _known:
        _known.clear()
        _known[key] = _shards(system, addresses, sizes)
    return _known[key]


def _addresses(system: Any, place: str) -> list[str]:
    path = str(system._strip_protocol(place))
    if any(c in path for c in "*?["):
        found = system.glob(path)
    elif system.isdir(path):
        found = system.glob(f"{path.rstrip('/')}/**/*{ENDING}")
    else:
        found = [path]
    return [str(one) for one in found]


def _shards(system: Any, addresses: Sequence[str], sizes: Sequence[int]) -> Shards:
    def footer(address: str) -> Shard:
        try:
            with system.open(address, "rb") as file:
                told = pq.read_metadata(file)
        except (pa.ArrowException, OSError) as error:
            raise _unreadable(address, error) from error
        return Shard(address, tuple(told.row_group(i).num_rows for i in range(told.num_row_groups)))

    with ThreadPoolExecutor(AT_ONCE) as threads:
        files = tuple(threads.map(footer, addresses))
    blocks = [
        (number, group, sum(file.groups[:group]))
        for number, file in enumerate(files)
        for group in range(len(file.groups))
    ]
    rows = np.array([size for file in files for size in file.groups], np.int64)
    if not rows.sum():
        raise InputError("the shards have no rows", place="data.train")
    # Names without folders: shards that were moved together are the same.
    told = [[Path(f.address).name, size, f.groups] for f, size in zip(files, sizes, strict=True)]
    fingerprint = hashlib.sha256(json.dumps(told).encode()).hexdigest()
    return Shards(system, files, np.array(blocks, np.int64).reshape(-1, 3), rows, fingerprint)

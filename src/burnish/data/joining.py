"""Several data sets of one split, each read as a table of its own, made one table that knows which row is of which."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pyarrow as pa

from burnish.core.errors import InputError
from burnish.data.data_set import DataSet
from burnish.data.reading.one_type import Why, as_json, columns_without_a_type, marked
from burnish.data.reading.shards import require_names
from burnish.data.table import Table


@dataclass(frozen=True)
class DataSetTable(Table):
    """The rows of one of several data sets.

    Attributes:
        split: the split that it is given for.
        data_set: which it is.
    """

    split: str = ""
    data_set: DataSet = field(default_factory=lambda: DataSet(place=""))


def of_data_set(table: Table, split: str, data_set: DataSet) -> DataSetTable:
    """A table as that of a data set."""
    origins = tuple(replace(origin, data_set=data_set.name) for origin in table.origins)
    return DataSetTable(table.arrow, origins, table.notes, table.left_out, split=split, data_set=data_set)


def split_of(name: str, table: Table) -> str:
    """The split that a table is given for, by the name it was read under."""
    return table.split if isinstance(table, DataSetTable) else name


def renamed(table: Table) -> Table:
    """A table with its columns called as its data set says; one that has the name of another is left out.

    Raises:
        InputError: a column that is not there, at the file.
    """
    called = table.data_set.columns if isinstance(table, DataSetTable) else {}
    if not called:
        return table
    require_names(table.columns, called.values(), place=file_of(table))
    columns = {name: table.arrow[column] for name, column in called.items()}
    others = [c for c in table.columns if c not in called and c not in called.values()]
    fields = [table.arrow.schema.field(column).with_name(name) for name, column in called.items()]
    fields += [table.arrow.schema.field(column) for column in others]
    values = [*columns.values(), *(table.arrow[column] for column in others)]
    made = hashlib.sha256(f"{table.made}\n{json.dumps(called, sort_keys=True)}".encode()).hexdigest()
    return replace(table, arrow=pa.table(values, schema=pa.schema(fields)), read_cells={}, made=made)


def require_in_each(
    tables: Mapping[str, Table], columns: Collection[str], dividing: Collection[str] = (), *, renamed: bool
) -> None:
    """Check that each data set has these columns; of one table that has them, a part could lack them.

    Args:
        tables: of all splits.
        columns: what the run reads.
        dividing: by what it divides its training rows.
        renamed: whether `columns` of a data set are names that the run reads; else they are parts of its rows.

    Raises:
        InputError: naming the missing one and the file; or a column that is called anew and that nothing reads.
    """
    for table in tables.values():
        if not isinstance(table, DataSetTable):
            continue
        called = table.data_set.columns
        strange = next((name for name in called if renamed and name not in {*columns, *dividing}), None)
        if strange is not None:
            raise InputError(
                f"`columns` of data set {table.data_set.name!r} names {strange!r}, which nothing reads",
                expected="one of " + ", ".join([*columns, *dividing]),
                fix="leave it out",
                place=file_of(table),
            )
        for column in [*columns, *(dividing if table.split == "train" else ())]:
            if column not in table.columns:
                require_names(table.columns, [column], place=f"{file_of(table)} (data set {table.data_set.name!r})")


def joined(tables: Mapping[str, Table]) -> dict[str, Table]:
    """One table for each split: the rows of its data sets one after another; a split of one table as it is.

    A column that a data set lacks is empty in its rows. One whose values have no common type is kept as JSON text, and no
    run can read it; numbers become text where another data set holds text, as files of text (CSV) do.
    """
    made: dict[str, Table] = {}
    for name, table in tables.items():
        split = split_of(name, table)
        if split not in made:
            together = [t for n, t in tables.items() if split_of(n, t) == split]
            made[split] = _joined(together) if isinstance(table, DataSetTable) else table
    return made


def file_of(table: Table) -> str:
    """The first file that a table was read from."""
    return table.origins[0].path if table.origins else ""


def _joined(tables: Sequence[Table]) -> Table:
    pieces = [table.arrow for table in tables]
    unlike: dict[str, Why] = {}
    notes: list[str] = []
    for column in dict.fromkeys(name for table in tables for name in table.columns):
        having = [i for i, table in enumerate(tables) if column in table.columns]
        why = _unlike(column, having, tables)
        if why is None:
            continue
        if _text_or_numbers([pieces[i].schema.field(column).type for i in having]):
            notes.append(f"column {column!r}: numbers are taken as text, as another data set holds text")
        else:
            unlike[column] = why
        for i in having:
            pieces[i] = _as_text(pieces[i], column)
    arrow = pa.concat_tables(pieces, promote_options="permissive")
    for column, why in unlike.items():
        arrow = arrow.set_column(arrow.column_names.index(column), marked(column, why), arrow[column])
    prints = "\n".join(table.fingerprint for table in tables)
    return Table(
        arrow,
        tuple(origin for table in tables for origin in table.origins),
        (*(note for table in tables for note in table.notes), *notes),
        tuple(said for table in tables for said in table.left_out),
        made=hashlib.sha256(prints.encode()).hexdigest(),
    )


def _unlike(column: str, having: Sequence[int], tables: Sequence[Table]) -> Why | None:
    """Why values of a column have no common type, as an error says it; None where they have."""
    starts = [sum(len(table) for table in tables[:i]) for i in range(len(tables))]
    for i in having:
        told = columns_without_a_type(tables[i].arrow.schema).get(column)
        if told is not None:
            return {**told, "row": told["row"] + starts[i]}
    first = tables[having[0]]
    for i in having[1:]:
        kinds = [t.arrow.schema.field(column).type for t in (first, tables[i])]
        try:
            pa.unify_schemas([pa.schema([pa.field(column, kind)]) for kind in kinds], promote_options="permissive")
        except (pa.ArrowTypeError, pa.ArrowInvalid):
            return {
                "row": starts[i],
                "found": f"column {column!r} holds {kinds[1]}, and in {file_of(first)} {kinds[0]}",
                "expected": "values of one type in all data sets",
                "fix": "write them alike, or name another column of this data set: `columns`",
            }
    return None


def _text_or_numbers(kinds: Sequence[pa.DataType]) -> bool:
    """Whether each is text, or numbers that a file of text would hold as text."""
    return all(
        pa.types.is_string(k) or pa.types.is_integer(k) or pa.types.is_floating(k) or pa.types.is_null(k) for k in kinds
    )


def _as_text(arrow: pa.Table, column: str) -> pa.Table:
    """The table with a column as text."""
    place, values = arrow.column_names.index(column), arrow[column]
    if pa.types.is_string(values.type):
        return arrow
    chunks = [as_json(chunk) for chunk in values.chunks]
    return arrow.set_column(place, column, pa.chunked_array(chunks, pa.string()))

"""What is wrong with the rows of a run, as people wrote them: not of the parts that some become."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from burnish.core.processor import Processor
from burnish.data.feeding.encode import EncodedRows
from burnish.data.looking.audit import Audit, Closer, Finding, audit, coded
from burnish.data.table import Part
from burnish.data.truths import Truths, truths_of
from burnish.data.unfolding import UnfoldedTable
from burnish.inputs import Input
from burnish.recipe.recipe import Settled
from burnish.stages.prepare.dividing import Divided as DividedRows
from burnish.targets import Divided

Numbers = NDArray[np.int64]


def audited(
    settled: Settled,
    made: DividedRows,
    truths: Mapping[str, Truths],
    encoded: Mapping[str, EncodedRows],
    processor: Processor,
    notify: Callable[[str, int, int], None],
    closer: Sequence[Closer] = (),
) -> Audit:
    """What is wrong with the rows.

    Args:
        settled: the recipe.
        made: the splits, their rows as they were written.
        truths, encoded: of the rows that are learned from, which may be several of each.
        processor: what they were encoded with.
        notify: told how far it is.
        closer: what else looks at the rows.

    Raises:
        InputError: it makes the run meaningless, and the recipe does not accept it.
    """
    same = all(made.parts[name] is rows.part for name, rows in encoded.items())
    return made.said_in(
        audit(
            made.parts,
            settled.input,
            settled.target,
            {name: _lengths(made.parts[name], rows, settled.input) for name, rows in encoded.items()},
            settled.allow,
            notify,
            processor.for_input,
            _unknown(made.parts, encoded, processor),
            known=[*made.findings, *_of_recordings(settled, encoded)],
            truths=truths if same else {name: truths_of(part, settled.target) for name, part in made.parts.items()},
            whole=processor,
            closer=closer,
        )
    )


def _of_recordings(settled: Settled, encoded: Mapping[str, EncodedRows]) -> list[Finding]:
    """Of rows that became windows of recordings, what is the matter with these."""
    if not isinstance(settled.target, Divided):
        return []
    return list(coded.findings({name: rows.part for name, rows in encoded.items()}, settled.target.column))


def _lengths(part: Part, rows: EncodedRows, input: Input) -> tuple[Numbers, Numbers]:
    """Full and kept lengths; 0 is kept of a row whose target fell victim to truncation, so that the audit names it.

    Files are not cut as texts are: what becomes of long ones their own audits say.
    """
    if not input.stored:
        return _of(part, rows, rows.given_lengths), _of(part, rows, rows.given_lengths)
    lost = (rows.weights == 0) & (rows.given_full_lengths > rows.kept_lengths)
    return _of(part, rows, rows.given_full_lengths), _of(part, rows, np.where(lost, 0, rows.kept_lengths))


def _unknown(
    parts: Mapping[str, Part], encoded: Mapping[str, EncodedRows], processor: Processor
) -> dict[str, tuple[Numbers, Numbers]] | None:
    """Tokens of each row that the tokenizer does not know, and tokens kept; None where it knows everything."""
    if processor.unknown is None:
        return None
    encoded_name, number = processor.unknown
    return {
        name: (_of(parts[name], rows, rows.count(encoded_name, number)), _of(parts[name], rows, rows.lengths))
        for name, rows in encoded.items()
    }


def _of(part: Part, rows: EncodedRows, values: Numbers) -> Numbers:
    """The sums of values over what each row of a split became; the values where it is itself."""
    table = rows.part.table
    if not isinstance(table, UnfoldedTable) or rows.part is part:
        return values
    sums = np.zeros(len(part), np.int64)
    order = np.argsort(part.rows, kind="stable")
    sources = table.source_rows[rows.part.rows]
    np.add.at(sums, order[np.searchsorted(part.rows[order], sources)], values)
    return sums

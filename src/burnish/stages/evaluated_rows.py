"""What is to be known of labelled rows before a trained model is scored on them: strange labels, and rows seen before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from burnish.bundle.bundle import Bundle
from burnish.core.errors import InputError, nearest
from burnish.data.looking.audit.scan import similar_hash
from burnish.data.reading.contents import content_hashes
from burnish.data.table import Table
from burnish.data.unfolding import as_written
from burnish.inputs import Input
from burnish.stages.held_out import held_out
from burnish.targets import Named, Target, names_of

_SHOWN = 8
_OUTSIDE = "O"  # a tag that says there is nothing


def strange_labels(target: Target, table: Table) -> list[str]:
    """What is to be said of labels that training did not know, each with the nearest that it did.

    Raises:
        InputError: no label is known: the scores would all be 0, and say nothing about the model.
    """
    if not isinstance(target, Named) or not target.names:
        return []
    known, rows, holding, familiar = set(names_of(target)), 0, 0, False
    counts: Counter[str] = Counter()
    for cell in table.cells(target.column).of(np.arange(len(table))):
        truth = target.truth(cell)
        if truth is None:
            continue
        rows += 1
        names = target.mentioned(truth)
        strange = [name for name in names if name not in known]
        familiar = familiar or any(name in known and name != _OUTSIDE for name in names)
        counts.update(strange)
        holding += bool(strange)
    if not counts:
        return []
    what = f"{holding:,} of {rows:,} rows hold a label that training does not know: {_named(counts, names_of(target))}"
    if not familiar:
        raise InputError(
            what + "; no row holds one that it knows",
            expected="labels as in training: " + _listed(names_of(target)),
            fix="write the labels as in training, or name the column that holds them as the model's target does "
            f"({target.column!r}); `burnish predict` predicts rows without labels",
            place=", ".join(origin.path for origin in table.origins),
        )
    return [f"{what}. Such rows count as wrong: no prediction can be right"]


def seen_rows(bundle: Bundle, table: Table, *, trust_code: bool = False) -> tuple[dict[str, int], list[str]]:
    """How many rows the model was trained on, or was chosen by (validation), and what is to be said of it.

    The data of the run is read again, as its recipe says; where it is not there any more, that is said.
    """
    try:
        held = held_out(bundle, trust_code=trust_code)
    except InputError as error:
        reason = error.found.removeprefix("export validation needs the data the run was tested on: ")
        return {}, [f"whether examples were trained on is not known: the data of the run cannot be compared ({reason})"]
    hashes, alike = contents(table, bundle), _similar(table, bundle)
    counts, said = {}, []
    for name, words in (
        ("train", "were trained on"),
        ("validation", "are validation examples, by which the checkpoint was chosen"),
    ):
        if name not in held.parts:
            continue
        part = as_written(held.parts[name])
        same = _among(hashes, contents(part.table, bundle)[part.rows])
        counts[name] = int(same.sum())
        if counts[name]:
            said.append(f"{counts[name]:,} of {len(hashes):,} rows {words}: scores on them say little about new rows")
        if more := int((_among(alike, _similar(part.table, bundle)[part.rows]) & ~same).sum()):
            said.append(
                f"{more:,} of {len(hashes):,} rows differ from rows that {words} in case, spaces or punctuation alone: "
                "scores on them say little about new rows"
            )
    return counts, said


def contents(table: Table, bundle: Bundle) -> NDArray[np.uint64]:
    """[N] hashes of what the rows hold for the input of a bundle; of files, of what is in them; 0 where there is nothing."""
    return hashes_for(table, bundle.input)


def hashes_for(table: Table, input: Input) -> NDArray[np.uint64]:
    """The same for an input; inputs that read the same texts give the same, whatever their columns are called."""
    if table.inspection is not None:
        return table.inspection.contents
    return content_hashes(table, input.audited_columns, input.audited_text)


def _similar(table: Table, bundle: Bundle) -> NDArray[np.uint64]:
    """The same of texts, by the rule of the audit: a hash that does not see case, white space and punctuation."""
    if table.inspection is not None:
        return table.inspection.contents
    return content_hashes(table, bundle.input.audited_columns, bundle.input.audited_text, hashed=similar_hash)


def _among(hashes: NDArray[np.uint64], theirs: NDArray[np.uint64]) -> NDArray[np.bool_]:
    same: NDArray[np.bool_] = (hashes != 0) & np.isin(hashes, theirs)
    return same


def _named(counts: Counter[str], names: Sequence[str]) -> str:
    """Names with how often they occur and the nearest known one."""
    shown = []
    for name, count in counts.most_common(_SHOWN):
        guess = nearest(name, names)
        shown.append(f"{name!r} ({count:,}" + (f", nearest: {guess!r})" if guess else ")"))
    more = f" and {len(counts) - _SHOWN:,} more" if len(counts) > _SHOWN else ""
    return ", ".join(shown) + more


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else "")

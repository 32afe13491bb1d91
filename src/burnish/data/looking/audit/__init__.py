"""The first look at the data, before training: what is the matter, with the rows named, and what makes a run meaningless."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, cast

from burnish.data.looking.audit import duplicates, files, labels, lengths, names, schema, wordings
from burnish.data.looking.audit.lengths import Lengths, Unknown
from burnish.data.looking.audit.report import OVERRIDES, Audit, DataRefused, Finding, RowAt, refusal, require_known
from burnish.data.looking.audit.scan import Notify, Reporter, scan
from burnish.data.table import Part
from burnish.data.truths import Truths, truths_of
from burnish.inputs import Input
from burnish.targets import Target, names_of

__all__ = ["OVERRIDES", "Audit", "Closer", "DataRefused", "Finding", "RowAt", "audit", "examine", "require_known"]

Closer = Callable[[Reporter], Iterable[Finding]]
"""What looks closer at rows that were scanned: see `burnish.data.looking.closer`."""
_WORST_FIRST = {"refusal": 0, "warning": 1, "note": 2}


class OfInput(Protocol):
    """What judges the rows of an input further: a module that `Input.audits` names."""

    def findings(self, reporter: Reporter) -> Iterator[Finding]:
        """What is the matter with the rows; with files, from what is known of them (`Scan.part.table.inspection`)."""

    def figures(self, reporter: Reporter) -> dict[str, Any]:
        """What else is to be known, by name, as plain JSON values; `tables` holds what a report shows of it."""


def _audits(input: Input) -> list[OfInput]:
    return [
        cast(OfInput, importlib.import_module(name if "." in name else f"{__name__}.{name}")) for name in input.audits
    ]


def audit(
    parts: Mapping[str, Part],
    input: Input,
    target: Target,
    lengths: Lengths | None = None,
    allow: Collection[str] = (),
    notify: Notify | None = None,
    processor: Any = None,
    unknown: Unknown | None = None,
    known: Sequence[Finding] = (),
    truths: Mapping[str, Truths] | None = None,
    whole: Any = None,
    closer: Sequence[Closer] = (),
) -> Audit:
    """Look at the rows of each split.

    Args:
        parts: `train`, `validation`, `test`.
        input: which columns are read, and what the content of a row is.
        target: learned from train.
        lengths: part to (full lengths, kept lengths) [N] in tokens, where the rows are encoded already. A kept length
            of 0 says that nothing of the row's target is left.
        allow: refusals to accept, by name.
        notify: told how many rows are done.
        processor: what says how the network reads rows; None where that is not known.
        unknown: part to (unknown tokens, tokens kept) [N], where the tokenizer has a token for what it does not know.
        known: what was found before, such as rows that were left out.
        truths: part to what the target says of its rows; None: that is computed here.
        whole: what rows are encoded with, where targets are asked with it (`Timed`).
        closer: what else looks at the rows.

    Raises:
        Refused: an InputError that names what makes the run meaningless and the override; its `audit` has it all.
    """
    examined = examine(parts, input, target, lengths, notify, processor, unknown, known, truths, whole, closer)
    if (error := refusal(examined, allow)) is not None:
        raise error
    return examined


def examine(
    parts: Mapping[str, Part],
    input: Input,
    target: Target,
    lengths_of: Lengths | None = None,
    notify: Notify | None = None,
    processor: Any = None,
    unknown: Unknown | None = None,
    known: Sequence[Finding] = (),
    truths: Mapping[str, Truths] | None = None,
    whole: Any = None,
    closer: Sequence[Closer] = (),
) -> Audit:
    """What `audit` finds, without refusing anything. Memory holds hashes and numbers of the rows, never their texts."""
    figures: dict[str, Any] = {"rows": {name: len(part) for name, part in parts.items()}}
    if gone := list(schema.missing_columns(dict(parts), input, target)):
        return Audit((*known, *gone), figures)
    notify = notify or (lambda text, done, total: None)
    truths = truths if truths is not None else {name: truths_of(part, target) for name, part in parts.items()}
    scans = {name: scan(part, input, truths[name], notify) for name, part in parts.items()}
    reporter = Reporter(scans, input, target, processor, whole)
    counts = labels.class_counts(reporter)
    audits = _audits(input)
    findings = [
        *known,
        *schema.cells(reporter),
        *files.broken(reporter),
        *labels.truths(reporter),
        *duplicates.across_splits(reporter),
        *wordings.across_splits(reporter),
        *duplicates.conflicts(reporter),
        *lengths.lost(reporter, lengths_of),
        *lengths.unknown(reporter, unknown),
        *names.look_alike(reporter, counts),
        *labels.balance(counts, names_of(target)),
        *schema.constant_columns(reporter),
        *lengths.long_rows(reporter),
        *duplicates.duplicates(reporter),
        *(finding for file_audit in audits for finding in file_audit.findings(reporter)),
        *(finding for look in closer for finding in look(reporter)),
    ]
    figures["classes"] = counts
    figures["imbalance"] = labels.imbalance(counts.get("train", {}), names_of(target))
    figures |= lengths.figures(reporter, lengths_of)
    for file_audit in audits:
        more = file_audit.figures(reporter)
        figures |= {**more, "tables": {**figures.get("tables", {}), **more.get("tables", {})}}
    if not figures.get("tables"):
        figures.pop("tables", None)
    figures |= reporter.figures
    worst_first = sorted(findings, key=lambda f: _WORST_FIRST[f.severity])
    return Audit(tuple(worst_first), figures, tuple(reporter.suspects))

"""How long rows are, and what truncation takes away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.data.looking.audit.report import SHOWN_ROWS, Finding
from burnish.data.looking.audit.scan import Reporter

Lengths = Mapping[str, tuple[NDArray[np.int64], NDArray[np.int64]]]
Unknown = Mapping[str, tuple[NDArray[np.int64], NDArray[np.int64]]]
_MANY = 0.1  # of the tokens of a split: then the tokenizer was not made for such texts
_SOME = 0.01
_LONG = 8.0  # times the 95th percentile
_BINS = (0, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192)


def histogram(lengths: NDArray[np.int64]) -> dict[str, Any]:
    """Quantiles, and counts in bins that double: `bins` are the lower ends, the last one is open."""
    if not len(lengths):
        return {"bins": [], "counts": []}
    edges = np.array([b for b in _BINS if b <= lengths.max()])
    counts = np.bincount(np.searchsorted(edges, lengths, side="right") - 1, minlength=len(edges))
    low, median, high, top = (float(q) for q in np.quantile(lengths, (0.05, 0.5, 0.95, 1)))
    quantiles = {"p5": low, "median": median, "p95": high, "longest": top, "mean": float(lengths.mean())}
    return {"bins": edges.tolist(), "counts": counts.tolist(), **quantiles}


def figures(reporter: Reporter, lengths: Lengths | None) -> dict[str, Any]:
    """Histograms of characters per split, and of tokens with what is kept and lost where the rows are encoded."""
    histograms: dict[str, Any] = {"characters": {n: histogram(s.characters) for n, s in reporter.scans.items()}}
    if lengths is not None:
        histograms["tokens"] = {n: histogram(full) for n, (full, _) in lengths.items()}
        histograms["truncation"] = {n: truncation(full, kept) for n, (full, kept) in lengths.items()}
    return histograms


def truncation(full: NDArray[np.int64], kept: NDArray[np.int64]) -> dict[str, Any]:
    """Tokens there are, tokens kept, the share that is lost, and how many rows lose any.

    Of long texts the tokens are not all counted: there are at least so many, and at least this share is lost.
    """
    there, stays = int(full.sum()), int(np.minimum(full, kept).sum())
    share = (there - stays) / there if there else 0.0
    return {"tokens": there, "kept": stays, "lost_share": share, "rows_cut": int((kept < full).sum())}


def long_rows(reporter: Reporter) -> Iterator[Finding]:
    """Rows many times longer than nearly all others: often a quote that was not closed, or a whole document."""
    for name, scan in reporter.scans.items():
        if len(scan) < 20:
            continue
        limit = _LONG * max(1.0, float(np.quantile(scan.characters, 0.95)))
        rows = np.flatnonzero(scan.characters > limit)
        if len(rows):
            yield reporter.finding(
                "long_rows",
                "note",
                f"{len(rows)} of {len(scan)} {name} examples are over {limit:.0f} characters, 8 times the 95th percentile",
                [(name, int(i)) for i in rows[np.argsort(-scan.characters[rows], kind="stable")][:SHOWN_ROWS]],
                lambda part, i: f"{reporter.scans[part].characters[i]} characters",
                len(rows),
            )


def lost(reporter: Reporter, lengths: Lengths | None) -> Iterator[Finding]:
    """Tokens and targets that truncation takes away."""
    for name, (full, kept) in (lengths or {}).items():
        if name not in reporter.scans:
            continue
        taken = truncation(full, kept)
        cut = np.flatnonzero(kept < full)
        gone = np.flatnonzero((kept <= 0) & (full > 0))
        if len(cut):
            worst = cut[np.argsort((kept - full)[cut], kind="stable")][:SHOWN_ROWS]
            words = f"truncation cuts {len(cut)} of {len(full)} {name} examples and loses at least {taken['lost_share']:.2%}"
            words += " of the tokens"
            yield reporter.finding(
                "truncation",
                "warning" if taken["lost_share"] >= 0.01 else "note",
                words,
                [(name, int(i)) for i in worst],
                _kept(full, kept),
                len(cut),
            )
        if len(gone):
            yield reporter.finding(
                "target_lost",
                "warning",
                f"the whole target of {len(gone)} of {len(full)} {name} examples is lost to truncation",
                [(name, int(i)) for i in gone[:SHOWN_ROWS]],
                count=len(gone),
            )


def unknown(reporter: Reporter, unknown_of: Unknown | None) -> Iterator[Finding]:
    """Texts in a script or language that the tokenizer has not been made for: whatever it does not know looks alike.

    `unknown_of`: part to (tokens that are unknown, tokens kept) [N].
    """
    for name, (strange, kept) in (unknown_of or {}).items():
        share = int(strange.sum()) / max(1, int(kept.sum()))
        if name not in reporter.scans or share < _SOME:
            continue
        rows = np.flatnonzero(strange)
        worst = rows[np.argsort(-(strange / np.maximum(kept, 1))[rows], kind="stable")][:SHOWN_ROWS]
        words = f"{share:.1%} of the tokens of the {name} examples are unknown to the tokenizer: the model cannot tell them apart"
        if share >= _MANY:
            words += ": choose a checkpoint that has read texts like these"
        yield reporter.finding(
            "unknown_tokens",
            "warning" if share >= _MANY else "note",
            words,
            [(name, int(i)) for i in worst],
            _unknown(strange, kept),
            len(rows),
        )


def _unknown(strange: NDArray[np.int64], kept: NDArray[np.int64]) -> Any:
    return lambda part, i: f"{strange[i]} of {kept[i]} tokens unknown"


def _kept(full: NDArray[np.int64], kept: NDArray[np.int64]) -> Any:
    return lambda part, i: f"{kept[i]} of at least {full[i]} tokens kept"

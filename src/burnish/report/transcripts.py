"""The sections of the report about transcripts: word errors, which words, and of which examples."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from burnish.core.predictions import Predictions
from burnish.counting.resampling import with_truth
from burnish.evaluation.word_errors import Edit, Share, WordErrors, by_duration, by_value, dividing, word_errors
from burnish.report.markdown import name, number, snippet, span, table
from burnish.targets import Transcribed, target_of

SECONDS = "seconds"
"""What the durations of examples are called beside their other columns."""
_WORDS = 10
_LINES = 12
_RESAMPLES = 500


def transcripts(
    scores: Mapping[str, Any], predictions: Predictions, columns: Mapping[str, Sequence[Any]]
) -> list[list[str]]:
    """Word errors by kind, the words that are confused, and error rates of parts of the examples; nothing of other answers.

    Args:
        scores: of the table.
        predictions: N rows.
        columns: other columns of the data, [N] each; `seconds` are the durations.
    """
    errors = word_errors(predictions)
    if errors is None:
        return []
    return [
        _kinds(scores, predictions, errors),
        _confused(errors),
        _parts(scores, predictions, columns),
        nothing_said(scores),
    ]


def nothing_said(scores: Mapping[str, Any]) -> list[str]:
    """What is written where nobody speaks, and how fast it is written."""
    lines = []
    if told := scores.get("hallucination"):
        head = ["sound", "recordings", "seconds", "with words", "words", "words a minute", "written"]
        rows = [
            [
                kind.replace("_", " "),
                *(f"{one['sounds']:,}", f"{one['seconds']:.0f}", f"{one['with_words']:,}", f"{one['words']:,}"),
                number(one["words_per_minute"]),
                "; ".join(snippet(text, 40) for text in one["written"]) or "nothing",
            ]
            for kind, one in told.items()
        ]
        lines += ["", *table(head, rows, right=range(1, 6))]
        lines += ["", "Digital silence and white noise (-50 and -20 dB): every word here is invented."]
    if timed := scores.get("real_time"):
        lines += [
            "",
            f"Real-time factor on this machine: {number(timed['alone'])} one by one, {number(timed['together'])} together "
            f"({timed['sounds']:,} recordings, {timed['seconds']:.0f} s); below 1 is faster than speech.",
        ]
    return ["## Where nobody speaks", *lines] if lines else []


def _kinds(scores: Mapping[str, Any], predictions: Predictions, errors: WordErrors) -> list[str]:
    totals = errors.totals
    words = totals["hit"] + totals["substitution"] + totals["deletion"]
    wrong = totals["substitution"] + totals["deletion"] + totals["insertion"]
    known, form = with_truth(predictions), scores.get("texts") or {}
    raw, raw_words = (int(np.nansum(known.numbers(column))) for column in ("raw_word_errors", "raw_words"))
    names = {"hit": "right", "substitution": "taken for another", "deletion": "missing", "insertion": "not said"}
    rows = [[said, f"{totals[kind]:,}", _share(totals[kind], words)] for kind, said in names.items()]
    rows += [
        ["wrong, normalised", f"{wrong:,}", _share(wrong, words)],
        ["wrong, as written", f"{raw:,}", _share(raw, raw_words)],
    ]
    lines = ["## Word errors", "", *table(["words", "count", "share"], rows, right=(1, 2)), ""]
    lines.append(
        f"Of {words:,} words said (as written {raw_words:,}). Normalised: form {name(form.get('normalisation'))}, version "
        f"{name(form.get('version'))} of the rules. As written, casing and punctuation count as well."
    )
    unanswered = sum(answer is None for answer in known.answer)
    return [*lines, "", f"{unanswered:,} examples have no transcript."] if unanswered else lines


def _share(count: int, of: int) -> str:
    return number(count / of if of else math.nan)


def _confused(errors: WordErrors) -> list[str]:
    """The most frequent of each kind."""
    lines = []
    for title, edits, line in (
        ("Taken for another", errors.substitutions, _substituted),
        ("Missing", errors.deletions, lambda e: f"{name(e.said)}: {e.count:,} of {e.of:,}"),
        ("Not said", errors.insertions, lambda e: f"{name(e.written)}: {e.count:,} of {e.of:,} written"),
    ):
        if edits:
            more = f" (the {_WORDS} most frequent of {len(edits):,})" if len(edits) > _WORDS else ""
            lines += ["", f"{title}{more}:", "", *(f"- {line(edit)}" for edit in edits[:_WORDS])]
    return ["## Confused words", *(lines or ["", "No word is wrong."])]


def _substituted(edit: Edit) -> str:
    return f"{name(edit.said)} as {name(edit.written)}: {edit.count:,} of {edit.of:,}"


def _parts(scores: Mapping[str, Any], predictions: Predictions, columns: Mapping[str, Sequence[Any]]) -> list[str]:
    """By duration, by group, and by each column that divides the examples into a few parts."""
    drawn = {key: scores["bootstrap"][key] for key in ("seed", "level")}
    drawn["resamples"] = min(_RESAMPLES, scores["bootstrap"]["resamples"])
    lines = []
    if SECONDS in columns:
        lines += _divided("By duration", by_duration(predictions, columns[SECONDS], drawn), drawn)
    if predictions.groups is not None and 2 * len(set(predictions.groups)) <= len(
        predictions
    ):  # else they are examples
        shares = by_value(predictions, predictions.groups, drawn)
        shares.sort(key=lambda share: (-np.nan_to_num(share.wer, nan=-1.0), share.name))
        lines += _divided("By group, the worst first", shares, drawn)
    others = {key: values for key, values in columns.items() if key != SECONDS}
    for column in dividing(others):
        frequent = Counter(str(value) for value in others[column] if value not in (None, ""))
        values = [None if value == "" else value for value in others[column]]
        shares = sorted(by_value(predictions, values, drawn), key=lambda share: -frequent[share.name])
        lines += _divided(f"By {name(column)}", shares, drawn)
    if not lines:
        return []
    what = "groups" if predictions.groups is not None else "examples"
    note = f"Intervals resample {what}; a part with one of them has none. Parts with few words say little."
    return ["## Word error rate of parts of the examples", *lines, "", note]


def _divided(title: str, shares: Sequence[Share], drawn: Mapping[str, Any]) -> list[str]:
    if len(shares) < 2:
        return []
    shown = shares[:_LINES]
    rows = [
        [snippet(one.name, 60), f"{one.rows:,}", f"{one.words:,}", number(one.wer), _ends(one.low, one.high)]
        for one in shown
    ]
    more = f" ({len(shown)} of {len(shares):,})" if len(shown) < len(shares) else ""
    head = ["part", "examples", "words", "WER", f"{100 * drawn['level']:g} % CI"]
    return ["", f"### {title}{more}", "", *table(head, rows, right=(1, 2, 3, 4))]


def _ends(low: float, high: float) -> str:
    return span(low, high) if math.isfinite(low) else "n/a"


def aligned_words(predictions: Predictions, row: int) -> Any:
    """The words of a row's label and answer side by side, by its number in the table of the split; none of other answers."""
    target = target_of(predictions)
    if not isinstance(target, Transcribed):
        return ()
    place = predictions.table["row"].to_pylist().index(row)
    return target.compared(predictions.truth[place], predictions.answer[place])

"""Which columns of a table hold texts that people wrote, and what the others hold."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_MOST = 0.9  # share of the cells that must look alike
_LONG = 200  # characters without white space: no word, but something encoded
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_MONTH = r"(?:jan|feb|mar|apr|mär|may|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez)[a-z]*"
_SHAPES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("identifiers (UUID)", re.compile(r"\{?[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\}?", re.I)),
    ("numbers", re.compile(r"[-+]?[\d.,\u00a0' ]*\d[\d.,]*(?:e[-+]?\d+)?\s*[%€$£]?", re.I)),
    ("hashes", re.compile(r"(?:sha\d+:|md5:)?(?=[a-f]*\d)[0-9a-f]{8,}", re.I)),
    ("web addresses", re.compile(r"(?:[a-z][a-z0-9+.-]*://|www\.)\S+(?: \S+)?", re.I)),
    ("mail addresses", re.compile(r"[^\s@]+@[^\s@]+\.[a-z]{2,}", re.I)),
    (
        "dates and times",
        re.compile(
            r"(?:[a-z]{3,9},?\s+)?(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}"
            rf"|\d{{1,2}}\.?\s+{_MONTH}\.?,?\s+\d{{2,4}}|{_MONTH}\.?\s+\d{{1,2}},?\s+\d{{2,4}}"
            rf"|{_MONTH}\.?\s+\d{{1,2}}(?=\s+\d{{1,2}}:\d{{2}})|\d{{1,2}}:\d{{2}}(?::\d{{2}})?)"
            r"(?:[T ,]+(?:[\d:.,+Z-]+|(?:utc|gmt|[pcme][sd]t|cest?|uhr|am|pm|[ap]\.m\.)\b))*",
            re.I,
        ),
    ),
    ("paths", re.compile(r"(?:[\w.~-]*[/\\]){2,}[\w.~ -]*")),
    ("names of files", re.compile(r"(?:[\w.~ -]*[/\\])*[\w.~ ()-]*\w\.[a-z][a-z0-9]{1,4}", re.I)),
    ("lists or objects written as text", re.compile(r"[\[{].*[\]}]", re.DOTALL)),
)
_IDENTIFIER = re.compile(
    r"[@#$]?(?=\S*\d)[A-Za-z0-9]+(?:[-_.:/#][A-Za-z0-9]+)*|[A-Z]{1,5}[-_ ]?\d+"
    r"|(?=\S*\d)(?=\S*[a-z])(?=\S*[A-Z])[A-Za-z0-9+/=_-]{10,}"
)
_READABLE = (
    "web addresses",
    "mail addresses",
    "names of files",
    "paths",
    "encoded data",
    "lists or objects written as text",
)
"""What is no text, but may be what a model is to read, where there is nothing else."""


@dataclass(frozen=True)
class Looked:
    """What a column of strings holds.

    Attributes:
        column: its name.
        not_text: why it is no text that people wrote; empty where it may be one.
        words: how many words a cell has on average; a character of a script without spaces counts as one.
        different: share of the cells that differ.
        characters: mean length of a cell.
    """

    column: str
    not_text: str
    words: float
    different: float
    characters: float

    @property
    def readable(self) -> bool:
        """Whether it may be what a model is to read."""
        return not self.not_text or self.not_text in _READABLE

    @property
    def rank(self) -> tuple[bool, bool, bool, bool, float]:
        """The higher, the more likely it is the text: several words, that differ from row to row, many of them."""
        return self.readable, not self.not_text, self.words >= 2, self.different > 0.2, self.characters


def looked_at(column: str, cells: Sequence[Any]) -> Looked:
    """What the cells of a column of strings hold."""
    known = [cell.strip() for cell in cells if isinstance(cell, str) and cell.strip()]
    if not known:
        return Looked(column, "nothing", 0.0, 0.0, 0.0)
    distinct = set(known)
    words = sum(len(cell.split()) + len(_UNSPACED.findall(cell)) for cell in known) / len(known)
    characters = sum(map(len, known)) / len(known)
    what = "one value in every row" if len(distinct) == 1 and len(known) > 1 else _shape(known)
    return Looked(column, what, words, len(distinct) / len(known), characters)


def _shape(known: Sequence[str]) -> str:
    """What most cells look like, where that is no text; empty otherwise."""
    least = _MOST * len(known)
    for name, shape in _SHAPES:
        if sum(shape.fullmatch(cell) is not None for cell in known) >= least:
            return name
    if (
        sum(len(cell) > _LONG and not any(c.isspace() for c in cell) and not _UNSPACED.search(cell) for cell in known)
        >= least
    ):
        return "encoded data"
    if sum(_IDENTIFIER.fullmatch(cell) is not None for cell in known) >= least:
        return "identifiers"
    return "" if any(c.isalpha() for cell in known for c in cell) else "no letters"


def passed_over(looked: Sequence[Looked], chosen: Sequence[str]) -> str:
    """The columns that were not chosen because they hold no text, in words; empty where there are none."""
    others = [f"{one.column!r} holds {one.not_text}" for one in looked if one.not_text and one.column not in chosen]
    return ", ".join(others[:4]) + (f" and {len(others) - 4} more" if len(others) > 4 else "")


def looked_over(texts: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> list[Looked]:
    """What each of these columns of strings holds."""
    return [looked_at(column, [row.get(column) for row in rows]) for column in texts]


def of_strings(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The columns that hold strings, or nothing."""
    return [c for c in columns if rows and all(isinstance(r.get(c), str | None) for r in rows)]


def text_column(columns: Sequence[str], rows: Sequence[Mapping[str, Any]], usual_names: Sequence[str]) -> str | None:
    """The column that people wrote texts in: one of a usual name, else the longest; None where there is none."""
    looked = looked_over(of_strings(columns, rows), rows)
    usual = [one for name in usual_names for one in looked if one.column.lower() == name]
    best = max(looked, key=lambda one: one.rank, default=None)
    if usual and (usual[0].readable or best is None or not best.readable):
        best = usual[0]
    return None if best is None or (not best.readable and best not in usual) else best.column

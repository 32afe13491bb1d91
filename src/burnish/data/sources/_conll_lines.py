"""The lines of CoNLL files: how their fields are separated, how many there are, and which lines are no words."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

DOCSTART = "-DOCSTART-"
_TAG = re.compile(r"O|[BIESLUMW]-\S+")
_SPACES = re.compile(r"[ \t]+")
_DELIMITERS = ("\t", " ", ",", ";")
_TAGGED = 0.95  # share of the words whose field is a tag, in a column of tags
_AGREE = 0.98  # share of the lines that have the usual number of fields


@dataclass(frozen=True)
class ConllLayout:
    """How the words of a file are written.

    Attributes:
        delimiter: what stands between fields; a space stands for any number of spaces and tabs.
        fields: how many fields a word has.
        tagged: the fields, counted from 0, that hold tags with prefixes.
        numbered: whether the first field counts the words of a sentence.
        header: whether the first line names the fields.
        agree: share of the lines that have that many fields.
    """

    delimiter: str
    fields: int
    tagged: tuple[int, ...]
    numbered: bool
    header: bool
    agree: float

    def split(self, line: str) -> list[str]:
        """The fields of a line."""
        return split(line, self.delimiter)


def split(line: str, delimiter: str) -> list[str]:
    """The fields of a line, by a delimiter."""
    line = line.rstrip("\r\n")
    if delimiter == " ":
        return _SPACES.split(line.strip(" \t"))
    if delimiter == "\t":
        return [field.strip() for field in line.split("\t")]
    return next(csv.reader([line], delimiter=delimiter), [""])


def is_tag(field: str) -> bool:
    """Whether a field is a tag with the prefix of a scheme, or O."""
    return _TAG.fullmatch(field) is not None


def comment(line: str, layout: ConllLayout, first: bool) -> bool:
    """Whether a line is a comment: it begins with #, and is no word by its fields.

    Args:
        line: as it is.
        layout: of the file.
        first: whether it is the first line of a sentence; there, one without a tag is a comment as well.
    """
    if not line.startswith("#"):
        return False
    fields = layout.split(line)
    if len(fields) != layout.fields:
        return True
    return first and bool(layout.tagged) and not any(is_tag(fields[i]) for i in layout.tagged)


def sentences(lines: Sequence[str]) -> Iterator[list[str]]:
    """Blocks of lines without a blank line between them, without marks of documents."""
    block: list[str] = []
    for line in [*lines, ""]:
        if line.strip() and not line.startswith(DOCSTART):
            block.append(line)
        elif block:
            yield block
            block = []


def layout_of(lines: Sequence[str], delimiter: str | None = None) -> ConllLayout | None:
    """The layout that most lines agree on; None where there are no lines."""
    blocks = list(sentences(lines))
    words = [line for block in blocks for line in block if not line.startswith("#")]
    words = words or [line for block in blocks for line in block]
    if not words:
        return None
    layouts = [_judged(blocks, words, d) for d in ([delimiter] if delimiter else _DELIMITERS)]
    # Tags say most; then that lines agree, and that there is more than one field.
    return max(
        layouts, key=lambda one: (one.agree >= _AGREE and one.fields > 1, len(one.tagged), one.agree, one.fields > 1)
    )


def _judged(blocks: Sequence[Sequence[str]], words: Sequence[str], delimiter: str) -> ConllLayout:
    rows = [split(line, delimiter) for line in words]
    fields, count = Counter(map(len, rows)).most_common(1)[0]
    regular = [row for row in rows if len(row) == fields]
    body = regular[1:] if len(regular) > 1 else regular
    tagged = tuple(i for i in range(1, fields) if sum(is_tag(row[i]) for row in body) >= _TAGGED * len(body))
    header = (
        bool(tagged) and len(regular) > 1 and rows[0] is regular[0] and not any(is_tag(regular[0][i]) for i in tagged)
    )
    numbered = fields > 2 and _counts(blocks, delimiter)
    return ConllLayout(delimiter, fields, tagged, numbered, header, count / len(rows))


def _counts(blocks: Sequence[Sequence[str]], delimiter: str) -> bool:
    """Whether the first field counts words from 0 or 1 in every sentence but the last, which may be cut."""
    whole = blocks[:-1] or blocks
    for block in whole:
        numbers = [n for line in block if (n := split(line, delimiter)[0]).isdigit()]
        if not numbers or [int(n) - int(numbers[0]) for n in numbers] != list(range(len(numbers))):
            return False
        if numbers[0] not in ("0", "1") or len(numbers) * 2 < len(block):
            return False
    return True


def looks_like_conll(lines: Sequence[str], *, plain_text: bool) -> bool:
    """Whether lines are one word each, with a tag, and blank lines between sentences.

    Args:
        lines: the first ones of a file; the last may be cut.
        plain_text: whether the file's ending promises no table; then words and classes without prefixes are enough.
    """
    layout = layout_of(lines)
    blocks = list(sentences(lines))
    if layout is None or layout.fields < 2 or layout.agree < _AGREE:
        return False
    if any(line.startswith(DOCSTART) for line in lines):
        return True
    words = sum(map(len, blocks))
    if len(blocks) < 2 or words < 2 * len(blocks) - 1:
        return False
    if layout.tagged:
        return True
    rows = [layout.split(line) for block in blocks for line in block]
    classes = {row[-1] for row in rows}
    few = len(classes) <= 60 and len(classes) * 3 <= len(rows)
    return plain_text and layout.delimiter in "\t " and layout.fields <= 4 and len(blocks) > 2 and few

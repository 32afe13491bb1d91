"""CoNLL: one word a line, a blank line between sentences."""

from __future__ import annotations

import gzip
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from burnish.core.errors import InputError
from burnish.data.reading.encodings import open_bytes, open_text
from burnish.data.sources import PIECE_CHARACTERS, PIECE_ROWS, Rows, Source
from burnish.data.sources._conll_lines import DOCSTART, ConllLayout, comment, layout_of, looks_like_conll

_HEAD = 2000  # lines that are looked at
_LOOKED_AT = 1 << 16  # bytes of a file whose ending does not say what it is
_ENDINGS = (".conll", ".conllu", ".bio", ".iob", ".iob2", ".bioes", ".bilou", ".bmes")
_SHARED = (".txt", ".tsv", ".csv", ".tab")
_CONLLU = ["id", "tokens", "lemma", "tags", "xpos", "feats", "head", "deprel", "deps", "misc"]


class Conll(Source):
    """CoNLL files: one word a line with its tag behind it, a blank line between sentences; a row is a sentence.

    Rows have `tokens` (the first field of each word) and `tags` (the last), both lists. Files that end in .txt, .tsv or
    .csv are read so where their first lines are written so.
    """

    suffixes: ClassVar[tuple[str, ...]] = (*_ENDINGS, *(f"{ending}.gz" for ending in _ENDINGS))
    shared_suffixes: ClassVar[tuple[str, ...]] = (*_SHARED, *(f"{ending}.gz" for ending in _SHARED))
    encoding: str | None = Field(None, description="Text encoding; found when left out.")
    delimiter: str | None = Field(
        None, description="What stands between the fields of a word; a space: any spaces and tabs. Found when left out."
    )
    columns: list[str] = Field(
        default_factory=list,
        description="Names of the fields; one must be `tokens`. Empty: tokens first, tags last (pos and chunk between).",
    )

    @classmethod
    def recognises(cls, path: Path) -> bool:
        """Whether the first lines of a file are words with tags, and blank lines between sentences."""
        name = path.name.lower()
        if not name.endswith(cls.shared_suffixes):
            return False
        try:
            with open_bytes(path) as file:
                head = file.read(_LOOKED_AT)
        except (OSError, EOFError, gzip.BadGzipFile):
            return False  # said when the file is read
        if b"\0" in head:
            return False
        lines = head.decode("utf-8-sig", "replace").splitlines()
        cut = lines[:-1] if len(head) == _LOOKED_AT else lines
        return looks_like_conll(cut[:_HEAD], plain_text=".txt" in name)

    def read(self, where: Any) -> Iterator[Rows]:
        """The sentences in pieces.

        Raises:
            InputError: a line with more or fewer fields than the others, NUL bytes, no words.
        """
        path = Path(where)
        with open_text(path, self.encoding) as text:
            head = list(itertools.islice(text.stream, _HEAD))
            layout = layout_of(head, {"tab": "\t", "\\t": "\t"}.get(self.delimiter or "", self.delimiter))
            if layout is None or any("\0" in line for line in head):
                raise InputError("no words", expected="one word a line, blank lines between sentences", place=str(path))
            names = self._names(layout, path)
            yield from self._pieces(itertools.chain(head, text.stream), layout, names, path, text.encoding.name)

    def _pieces(
        self, lines: Iterator[str], layout: ConllLayout, names: list[str], path: Path, encoding: str
    ) -> Iterator[Rows]:
        kept = [i for i, name in enumerate(names) if name != "id"]
        made: list[list[list[str]]] = []
        sentence: list[list[str]] = []
        characters, left_out, header = 0, 0, layout.header
        notes = [_said(names, layout)]
        for number, line in enumerate(itertools.chain(lines, [""]), 1):
            mark = line.startswith(DOCSTART)
            if not line.strip() or mark:
                left_out += mark
                if sentence:
                    made.append(sentence)
                sentence = []
                if len(made) == PIECE_ROWS or characters > PIECE_CHARACTERS:
                    yield Rows(_columns(made, names, kept), encoding, tuple(notes))
                    made, characters = [], 0
                continue
            fields = layout.split(line)
            if header and len(fields) == layout.fields:
                header = False
            elif not (comment(line, layout, not sentence) or _joined(fields, names)):
                sentence.append(_checked(fields, layout, path, number, line))
                characters += len(line)
        if left_out:
            notes.append(f"{left_out} lines {DOCSTART} left out")
        yield Rows(_columns(made, names, kept), encoding, tuple(notes))

    def _names(self, layout: ConllLayout, path: Path) -> list[str]:
        if self.columns:
            if len(self.columns) != layout.fields or "tokens" not in self.columns:
                raise InputError(
                    f"{len(self.columns)} columns are named ({', '.join(self.columns)}) for words of {layout.fields} fields",
                    expected="a name for each field, and `tokens` among them",
                    fix="name them all in `data.source`, or leave `columns` out",
                    place=str(path),
                )
            return list(self.columns)
        if layout.fields == len(_CONLLU) and layout.numbered:
            return list(_CONLLU)
        first = ["id"] if layout.numbered else []
        between = layout.fields - len(first) - 2
        middle = ["pos", "chunk"][:between] if between <= 2 else [f"column_{i + 2}" for i in range(between)]
        return [*first, "tokens", *middle, "tags"] if between >= 0 else [*first, "tokens"]


def _said(names: list[str], layout: ConllLayout) -> str:
    fields = ", ".join(f"{name} from field {i + 1}" for i, name in enumerate(names) if name in ("tokens", "tags"))
    others = [name for name in names if name not in ("tokens", "tags", "id")]
    beside = f"; the others are {', '.join(others)}" if others else ""
    first = ", the first line names the fields" if layout.header else ""
    return f"one word a line, blank lines between sentences: {fields} of {layout.fields}{beside}{first}"


def _joined(fields: list[str], names: list[str]) -> bool:
    """Whether a line stands for several words (1-2) or for none (1.1), as in CoNLL-U."""
    return names == _CONLLU and not fields[0].isdigit()


def _checked(fields: list[str], layout: ConllLayout, path: Path, number: int, line: str) -> list[str]:
    if "\0" in line:
        raise InputError(f"not text: line {number} has a NUL byte", place=str(path))
    if len(fields) != layout.fields:
        raise InputError(
            f"line {number} has {len(fields)} {'field' if len(fields) == 1 else 'fields'}: {line.strip()!r:.80}",
            expected=f"{layout.fields}, as most lines have: a word and what is said of it",
            fix="mend the line, or name the delimiter: data.source={kind: conll, delimiter: tab}",
            place=str(path),
        )
    return fields


def _columns(made: list[list[list[str]]], names: list[str], kept: list[int]) -> dict[str, list[list[str]]]:
    return {names[i]: [[word[i] for word in sentence] for sentence in made] for i in kept}

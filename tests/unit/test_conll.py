"""Files with one word a line become sentences, whatever they are called; ordinary tables stay tables."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from burnish.core.errors import InputError
from burnish.data.reading.tables import read
from burnish.data.settings import Data
from burnish.data.table import Table
from burnish.recipe.recipe import Recipe
from burnish.stages.prepare.settle import settle

SENTENCES = [(["EU", "rejects", "German", "call", "."], ["B-ORG", "O", "B-MISC", "O", "O"])]
SENTENCES += [(["Peter", "Blackburn"], ["B-PER", "I-PER"]), (["#", "1", "is", '"', "it", ","], ["O"] * 6)] * 2


def words(delimiter: str = " ", *middle: str, numbered: bool = False, end: str = "\n") -> str:
    """The sentences, with the same fields between word and tag."""
    blocks = []
    for tokens, tags in SENTENCES:
        lines = [[*[str(i)] * numbered, w, *middle, t] for i, (w, t) in enumerate(zip(tokens, tags, strict=True), 1)]
        quoted = [
            [f'"{f.replace(chr(34), chr(34) * 2)}"' for f in line] if delimiter == "," else line for line in lines
        ]
        blocks.append("".join(delimiter.join(line) + end for line in quoted))
    return end.join(blocks)


def table(tmp_path: Path, name: str, text: str | bytes, **settings: Any) -> Table:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read(Data(train=str(path), **settings), cache=tmp_path / "cache")


def check(found: Table) -> None:
    rows = found.arrow.to_pylist()
    assert [(row["tokens"], row["tags"]) for row in rows] == SENTENCES
    assert any("one word a line" in note for note in found.notes)


DOCUMENTS = "-DOCSTART- -X- -X- O\n\n" + words(" ", "NN", "B-NP") + "\n-DOCSTART- -X- -X- O\n\n"
FILES = {
    "2003": ("eng.conll", DOCUMENTS),
    "2003 as text": ("eng.train.txt", DOCUMENTS),
    "two fields": ("train.txt", words(" ")),
    "tabs": ("train.tsv", words("\t")),
    "tabs, bio": ("train.bio", words("\t")),
    "iob": ("train.iob", words("  ", "NN")),
    "windows": ("train.conll", words("\t", end="\r\n")),
    "spaces around": ("train.conll", "\n\n \n" + words(" ").replace("\n", " \n") + "\n \n\n"),
    "commas": ("train.csv", words(",")),
    "a header": ("train.csv", "token,tag\n" + words(",")),
    "a header and a blank line": ("train.tsv", "word\ttag\n\n" + words("\t")),
    "numbered": ("train.conll", words("\t", numbered=True)),
    "comments": (
        "train.tsv",
        "\n\n".join("#\thttp://x.org\t[2009]\n" + b for b in words("\t", numbered=True).split("\n\n")),
    ),
    "comments as long as words": ("t.conll", "\n\n".join("# id 1 x\n" + b for b in words(" ", "_", "_").split("\n\n"))),
    "gzipped": ("train.conll.gz", gzip.compress(words("\t").encode())),
    "gzipped text": ("train.txt.gz", gzip.compress(words("\t").encode())),
}


@pytest.mark.parametrize("name", FILES)
def test_sentences_are_read_from_whatever_is_written_so(name: str, tmp_path: Path) -> None:
    if name == "comments as long as words":  # the word # keeps its tag
        assert "# _ _ O" in FILES[name][1]
    found = table(tmp_path, *FILES[name])
    check(found)


def test_such_a_file_trains_without_more_words(tmp_path: Path) -> None:
    found = table(tmp_path, "train.txt", DOCUMENTS)
    said: list[str] = []
    recipe = settle(Recipe.load({"data": "train.txt"}), found, said.append)
    assert (recipe.target.kind(), recipe.input.required_columns) == ("tags", ("tokens",))
    assert recipe.target.scheme == "IOB2"  # type: ignore[attr-defined]
    assert {"tokens", "pos", "chunk", "tags"} == set(found.columns)
    assert "2 lines -DOCSTART- left out" in " ".join(found.notes)


def test_words_and_classes_without_prefixes(tmp_path: Path) -> None:
    text = words(" ").replace("B-", "").replace("I-", "")
    for name in ("pos.txt", "pos.conll"):
        rows = table(tmp_path, name, text).arrow.to_pylist()
        assert [row["tokens"] for row in rows] == [tokens for tokens, _ in SENTENCES]


def test_conll_u(tmp_path: Path) -> None:
    lines = ["# sent_id = 1", "1-2\tzum\t_\t_\t_\t_\t_\t_\t_\t_", "1\tzu\tzu\tADP\tAPPR\t_\t3\tcase\t_\t_"]
    lines += [
        "2\tdem\tder\tDET\tART\t_\t3\tdet\t_\t_",
        "2.1\tx\t_\t_\t_\t_\t_\t_\t_\t_",
        "3\tHaus\t_\tNOUN\tNN\t_\t0\troot\t_\t_",
    ]
    rows = table(tmp_path, "de.conllu", "\n".join([*lines, ""] * 3)).arrow.to_pylist()
    assert len(rows) == 3
    assert (rows[0]["tokens"], rows[0]["tags"]) == (["zu", "dem", "Haus"], ["ADP", "DET", "NOUN"])


def test_words_alone_are_rows_to_be_answered(tmp_path: Path) -> None:
    rows = table(tmp_path, "new.conll", "my\ncard\n\nis\nlost\n").arrow.to_pylist()
    assert rows == [{"tokens": ["my", "card"]}, {"tokens": ["is", "lost"]}]


def test_fields_can_be_named(tmp_path: Path) -> None:
    source = {"kind": "conll", "columns": ["tokens", "tags", "nested"]}
    rows = table(tmp_path, "x.tsv", words("\t", "O"), source=source).arrow.to_pylist()
    assert rows[0]["nested"] == SENTENCES[0][1]
    assert set(rows[0]["tags"]) == {"O"}
    with pytest.raises(InputError, match="2 columns are named"):
        table(tmp_path, "x.tsv", words("\t", "O"), source={"kind": "conll", "columns": ["tokens", "tags"]})


@pytest.mark.parametrize(
    "text",
    [
        "text\tlabel\nmy card is lost\tcard\n\nwhere is it\tparcel\n\nagain\tcard\n",
        "text,label\ngood,O\nbad,X\n\nso so,O\n",
        "just one column\n\nof texts\n\nhere\n",
        "tokens,tags\nmy card,O B-thing\n\nis lost,O O\n\nAnn is,B-per O\n",
    ],
)
@pytest.mark.parametrize("name", ["rows.csv", "rows.tsv", "rows.txt"])
def test_tables_stay_tables(text: str, name: str, tmp_path: Path) -> None:
    found = table(tmp_path, name, text)
    assert "one word a line" not in " ".join(found.notes)
    assert len(found) == text.strip().replace("\n\n", "\n").count("\n")


def test_a_named_source_or_delimiter_is_not_questioned(tmp_path: Path) -> None:
    text = "word\ttag\n" + words("\t").replace('"', "x")
    for settings in ({"delimiter": "\t"}, {"source": {"kind": "csv"}}):
        assert table(tmp_path, "b.tsv", text, **settings).columns == ("word", "tag")
    assert table(tmp_path, "b.tsv", text).columns == ("tokens", "tags")


def test_a_line_that_is_no_word_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="line 4 has 1 field: 'brokenO'") as caught:
        table(tmp_path, "bad.conll", words("\t").replace("call\tO", "brokenO"))
    assert "bad.conll" in caught.value.place


def test_sentences_are_counted_and_named_as_rows(tmp_path: Path) -> None:
    found = table(tmp_path, "train.conll", words("\t"))
    assert len(found) == len(SENTENCES)
    assert found.place(1).endswith("train.conll, row 2")

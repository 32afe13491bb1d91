"""Files of plain text: documents where a language model is trained, tables of columns otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from burnish.core.errors import InputError
from burnish.data.reading.plain_texts import as_plain_texts
from burnish.data.reading.tables import read
from burnish.data.settings import Data

TEXT = "One line.\r\nAnother line.\r\n\r\n  \r\nA second paragraph.\r\n"


@pytest.mark.parametrize(
    ("documents", "texts"),
    [
        ("file", ["One line.\nAnother line.\n\n  \nA second paragraph.\n"]),
        ("paragraph", ["One line.\nAnother line.", "A second paragraph.\n"]),
        ("line", ["One line.", "Another line.", "A second paragraph."]),
    ],
)
def test_a_file_is_cut_into_documents(documents: str, texts: list[str], tmp_path: Path) -> None:
    path = tmp_path / "book.txt"
    path.write_bytes(TEXT.encode())
    data = Data.model_validate({"train": str(path), "source": {"kind": "plain_text", "documents": documents}})
    assert read(data, cache=tmp_path / "cache").values("text") == [text.lstrip() for text in texts]


def test_blank_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "blank.txt"
    path.write_text(" \n\n ")
    with pytest.raises(InputError, match="the file is empty"):
        read(Data.model_validate({"train": str(path), "source": "plain_text"}), cache=tmp_path / "cache")


def test_one_file_holds_paragraphs_and_several_are_a_document_each(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.txt").write_text(TEXT)
    table = tmp_path / "rows.csv"
    table.write_text("text\nx\n")
    one, said = as_plain_texts(Data(train=str(tmp_path / "a.txt")))
    assert one.source is not None
    assert one.source.documents == "paragraph"  # type: ignore[attr-defined]
    assert "a document a paragraph" in said
    for place in (str(tmp_path / "*.txt"), [str(tmp_path / "a.txt"), str(tmp_path / "b.txt")]):
        several, _ = as_plain_texts(Data(train=place))
        assert several.source is not None
        assert several.source.documents == "file"  # type: ignore[attr-defined]
    for other in (str(table), str(tmp_path), [{"text": "x"}]):
        assert as_plain_texts(Data(train=other)) == (Data(train=other), "")
    named = Data.model_validate({"train": str(tmp_path / "a.txt"), "source": "csv"})
    assert as_plain_texts(named) == (named, "")

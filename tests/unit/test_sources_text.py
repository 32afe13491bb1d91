"""CSV, JSON and JSON Lines: what people's files are really like."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from burnish.core.errors import InputError
from burnish.data.reading.encodings import detect
from burnish.data.reading.tables import read
from burnish.data.settings import Data
from burnish.data.table import Table
from tests.data_cases import ROWS, csv_text, gzipped

WESTERN = "text,label\nLe café était très bon à Noël,yes\nun séjour agréable,no\n"
CHINESE = "text,label\n房间很干净，服务也不错,好\n早餐不好吃，下次不会再来,差\n"


@pytest.fixture
def reading(tmp_path: Path) -> Any:
    """Write a file and read it; keyword arguments are settings."""

    def run(content: str | bytes, name: str = "rows.csv", **settings: Any) -> Table:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read(Data(train=path, cache=tmp_path / "cache", **settings))

    return run


@pytest.mark.parametrize(
    ("text", "codec", "said"),
    [
        (WESTERN, "utf-8", "UTF-8"),
        (WESTERN, "utf-8-sig", "UTF-8 with byte order mark"),
        (WESTERN, "latin-1", "Latin-1"),
        (WESTERN.replace("bon", "„bon“"), "cp1252", "cp1252"),
        (CHINESE, "gb18030", "GB18030"),
        (CHINESE, "utf-8", "UTF-8"),
        (CHINESE, "utf-16", "UTF-16 with"),
        (CHINESE, "utf-16-le", "UTF-16-LE"),
        (CHINESE, "utf-16-be", "UTF-16-BE"),
        (WESTERN, "utf-16-le", "UTF-16-LE"),
        (WESTERN, "utf-16-be", "UTF-16-BE"),
        (CHINESE, "utf-32", "UTF-32"),
    ],
)
def test_encodings_are_found_and_said(reading: Any, text: str, codec: str, said: str) -> None:
    """The text comes back without a wrong character, and the note names the encoding."""
    found = reading(text.encode(codec))
    assert found.columns == ("text", "label")
    assert found.values("text") == [line.rsplit(",", 1)[0] for line in text.splitlines()[1:]]
    assert any(said in note for note in found.notes)


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        ("Привет как дела сегодня хорошая погода", "cp1251"),
        ("この製品はとても良いです。また買います", "cp932"),
        ("이 제품은 정말 좋아요 다시 살 거예요", "euc_kr"),
        ("這個產品非常好我會再買服務很差", "big5"),
        ("Καλημέρα τι κάνεις σήμερα", "cp1253"),
    ],
)
def test_other_encodings_are_refused_not_guessed(reading: Any, text: str, codec: str) -> None:
    """Text that would become mojibake is an error that suggests an encoding; naming it reads the text."""
    content = f"text,label\n{text},a\n{text}!,b\n".encode(codec)
    with pytest.raises(InputError, match="encoding") as caught:
        reading(content)
    assert "may be" in str(caught.value)
    assert reading(content, encoding=codec).values("text") == [text, text + "!"]


def test_encoding_is_judged_on_the_whole_file(tmp_path: Path) -> None:
    """One Latin-1 byte two megabytes into an ASCII file is found."""
    path = tmp_path / "late.csv"
    path.write_bytes(b"text,label\n" + b"plain words,a\n" * 160_000 + "café,b\n".encode("latin-1"))
    assert detect(path).codec == "cp1252"


def test_given_encoding_that_does_not_fit_names_byte_and_line(reading: Any) -> None:
    """The offset is that of the first wrong byte in the file."""
    content = b"text,label\n" + b"fine,a\n" * 200_000 + b"caf\xe9,b\n"
    with pytest.raises(InputError) as caught:
        reading(content, encoding="utf-8")
    assert f"byte {content.index(0xE9)} (line 200002)" in str(caught.value)


def test_unknown_encoding_name(reading: Any) -> None:
    """A misspelt encoding is bad input, not a traceback."""
    with pytest.raises(InputError, match="utf-eight"):
        reading(WESTERN, encoding="utf-eight")


def test_gzip_is_read_and_damage_is_said(tmp_path: Path) -> None:
    """A .gz gives the same rows; half of one is an error."""
    path = tmp_path / "rows.csv"
    path.write_text(csv_text([{"text": f"row {os.urandom(8).hex()}", "label": "a"} for _ in range(2000)]))
    packed = gzipped(path)
    assert read(packed, cache=tmp_path).arrow.equals(read(path, cache=tmp_path).arrow)
    packed.write_bytes(packed.read_bytes()[:-2000])
    with pytest.raises(InputError, match=r"damaged"):
        read(packed, cache=tmp_path)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_are_found(reading: Any, delimiter: str) -> None:
    """Also when the texts hold other delimiters and line ends."""
    assert reading(csv_text(ROWS, delimiter)).arrow.to_pylist() == ROWS
    assert reading(csv_text(ROWS, delimiter), "rows.tsv").arrow.to_pylist() == ROWS


def test_given_delimiter_wins(reading: Any) -> None:
    """`delimiter: ;` where commas would fit as well."""
    assert reading("a,b;c\n1,2;3\n", delimiter=";").columns == ("a,b", "c")


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_line_ends(reading: Any, newline: str) -> None:
    """Unix, Windows and old Mac line ends; the ones inside quotes stay."""
    content = newline.join(["text,label", '"a\nb",x', "c,y"]) + newline
    assert reading(content).arrow.to_pylist() == [{"text": "a\nb", "label": "x"}, {"text": "c", "label": "y"}]


def test_blank_lines_are_skipped_and_said(reading: Any) -> None:
    """Three blank lines, one of them white space."""
    found = reading("text,label\n\na,x\n  \nb,y\n\n")
    assert found.values("text") == ["a", "b"]
    assert any("3 blank lines skipped" in note for note in found.notes)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('text,label\n"a\nb",x\nc\n', ["row 2 (line 4) has 1 field", "2: text, label"]),
        ("text,label\na,x\nb,y,z\n", ["row 2 (line 3) has 3 fields"]),
        ("text,text\na,b\n", ["'text' more than once"]),
        ("text,\na,b\n", ["no name for column 2"]),
        ('text,label\na,x\n"never closed,y\nc,z\n', ["after line 2", "never closed"]),
        ('text,label\n"a"b,x\n', ["not well-formed"]),
        ("text,label\n", ["no rows"]),
        ("", ["empty"]),
        ("\n\n  \n", ["empty"]),
        ("text,label\na\0b,x\n", ["NUL"]),
    ],
)
def test_bad_csv_says_what_and_where(reading: Any, content: str, words: list[str]) -> None:
    """Each fault is an error with the file, and the line where there is one."""
    with pytest.raises(InputError) as caught:
        reading(content)
    for word in ["rows.csv", *words]:
        assert word in str(caught.value)


def test_quotes_can_be_plain_characters(reading: Any) -> None:
    """A TSV with a literal quote is read with `quotes: false`, as its error says."""
    content = 'text\tlabel\n"hello there\ta\nsays "hi"\tb\n'
    with pytest.raises(InputError, match="quotes: false"):
        reading(content, "rows.tsv")
    found = reading(content, "rows.tsv", source={"kind": "csv", "quotes": False})
    assert found.values("text") == ['"hello there', 'says "hi"']


def test_long_field(reading: Any) -> None:
    """A text far above the csv module's own limit."""
    assert len(reading(f'text,label\n"{"word " * 100_000}",a\n').values("text")[0]) == 500_000


@pytest.mark.parametrize(
    ("document", "rows"),
    [
        ([{"a": 1, "b": "x"}, {"a": 2.5}], [{"a": 1.0, "b": "x"}, {"a": 2.5, "b": None}]),
        ({"a": [1, 2], "b": ["x", "y"]}, [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]),
        ({"a": {"0": 1, "1": 2}, "b": {"0": "x", "1": "y"}}, [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]),
    ],
)
def test_json_shapes(reading: Any, document: Any, rows: list[dict[str, Any]]) -> None:
    """An array of objects, an object of lists, and what pandas writes by default."""
    for indent in (None, 2):
        assert reading(json.dumps(document, indent=indent), "rows.json").arrow.to_pylist() == rows


def test_json_lines_under_the_name_json(reading: Any) -> None:
    """Read, and said."""
    found = reading('{"a": 1}\n{"a": 2}\n', "rows.json")
    assert found.values("a") == [1, 2]
    assert any("JSON Lines" in note for note in found.notes)


def test_json_array_larger_than_a_block(reading: Any) -> None:
    """Rows that straddle the blocks of the stream are whole."""
    rows = [{"text": "é" * (i % 5000), "n": i} for i in range(600)]
    assert reading(json.dumps(rows, ensure_ascii=False), "rows.json").arrow.to_pylist() == rows


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('[{"a": 1},\n {"a": }]', "line 2"),
        ('[{"a": 1}', "ends inside"),
        ('[{"a": 1}] x', "after the end"),
        ("[1, 2]", "where an object should start"),
        ('"text"', "starts with"),
        ('{"a": [1], "b": [1, 2]}', "differ in length"),
        ('{"data": 3}', "keys 'data'"),
        ('[{"a": 1, "a": 2}]', "twice"),
        ("[]", "no rows"),
    ],
)
def test_bad_json(reading: Any, content: str, words: str) -> None:
    """Each fault is an error with the file and the reason."""
    with pytest.raises(InputError, match=words) as caught:
        reading(content, "rows.json")
    assert "rows.json" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"a": 1}\n{"a": \n', "line 2: not JSON"),
        ('{"a": 1}\n[1]\n', "line 2: found a list"),
        ('{"a": 1}\n{"a": 1, "a": 2}\n', "line 2: the key 'a' stands twice"),
        ('{"a": 1}\n{"a": "x"}\n', "row 2: column 'a' holds text"),
        ('{"a": [1]}\n{"a": ["x"]}\n', "row 2: column 'a' holds list of text"),
        ('{"a": true}\n{"a": 1}\n', "row 2: column 'a' holds whole number"),
        ("{}\n{}\n", "without a key"),
    ],
)
def test_bad_json_lines(reading: Any, content: str, words: str) -> None:
    """The line, or the row and column, is named."""
    with pytest.raises(InputError) as caught:
        reading(content, "rows.jsonl")
    assert words in str(caught.value)


def test_types_that_drift_between_pieces(reading: Any) -> None:
    """Nulls, then integers, then fractions, a column that comes late, and lists that grow: one type each."""
    rows: list[dict[str, Any]] = [{"a": None, "c": []} for _ in range(5000)]
    rows += [{"a": i, "c": [i], "d": {"x": 1}} for i in range(5000)]
    rows += [{"a": 0.5, "b": "late", "c": [0.5], "d": {"y": "z"}} for _ in range(5000)]
    found = reading("".join(json.dumps(r) + "\n" for r in rows), "rows.jsonl")
    read_back = found.arrow.to_pylist()
    assert [r["a"] for r in read_back] == [r["a"] for r in rows]
    assert [r["b"] for r in read_back] == [r.get("b") for r in rows]
    assert [r["c"] for r in read_back] == [r["c"] for r in rows]
    assert read_back[-1]["d"] == {"x": None, "y": "z"}
    assert read_back[7000]["d"] == {"x": 1, "y": None}


def test_type_conflict_in_a_later_piece_names_the_row(reading: Any) -> None:
    """Row 9,001 holds text where numbers stood."""
    lines = [json.dumps({"a": i}) for i in range(9000)] + [json.dumps({"a": "x"})]
    with pytest.raises(InputError) as caught:
        reading("\n".join(lines), "rows.jsonl")
    assert "rows.jsonl, row 9001: column 'a' holds text ('x')" in str(caught.value)


def test_integers_that_no_fraction_can_hold(reading: Any) -> None:
    """A digit is never lost silently when integers meet fractions."""
    lines = [json.dumps({"a": 2**60 + 1})] * 5000 + [json.dumps({"a": 0.5})]
    with pytest.raises(InputError, match="no one type"):
        reading("\n".join(lines), "rows.jsonl")


EXCEL_LINES = ["text;label;;", "good, really;yes;;", '"two\nlines";no;;', ";;;", ";;;"]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;", ""])
def test_csv_as_excel_writes_it(tmp_path: Path, newline: str, codec: str, first: str) -> None:
    """A line that names the separator, empty columns without a name, and empty rows at the end; all of it said."""
    path = tmp_path / "rows.csv"
    content = newline.join([first] * bool(first) + EXCEL_LINES) + newline
    path.write_bytes(content.encode(codec))
    found = read(path, cache=tmp_path / "cache")
    text = "two\nlines"
    assert found.arrow.to_pylist() == [{"text": "good, really", "label": "yes"}, {"text": text, "label": "no"}]
    notes = " ".join(found.notes)
    assert "columns 3, 4 have neither name nor values, and are left out" in notes
    assert "2 blank lines skipped" in notes
    assert "separated by semicolon" in notes


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        ("sep=,\ntext,label\na,x\n", [("a", "x")]),
        ("sep=\t\ntext\tlabel\na\tx\n", [("a", "x")]),
        ("text,label\na,x,,\nb,y,\n", [("a", "x"), ("b", "y")]),
        (",text,,label,\n,a,,x,\n,b,,y\n", [("a", "x"), ("b", "y")]),
        ("text,label\na,x\n,\nb,y\n", [("a", "x"), ("", ""), ("b", "y")]),
        ("text,label\na,x\ntext,label\nb,y\n", [("a", "x"), ("b", "y")]),
        ("0,1\nyes sir,1\nno sir,0\nmaybe,1\n", [("yes sir", "1"), ("no sir", "0"), ("maybe", "1")]),
        ("text,Angry\na,Angry\nb,\nc,Angry\n", [("a", "Angry"), ("b", ""), ("c", "Angry")]),
    ],
)
def test_layouts_that_are_read(reading: Any, content: str, rows: list[tuple[str, str]]) -> None:
    """Empty fields beyond the header, columns without a name, joined files, headers of numbers, ticked boxes."""
    assert [tuple(row.values()) for row in reading(content).arrow.to_pylist()] == rows


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("nice film,good\nbad film,poor\nfine,good\nmeh,poor\nwell,good\n", ["seems to be a row", "text,label"]),
        (",text,label\n0,a,x\n1,b,y\n", ["no name for column 1", "'0' in row 1 (line 2)", "index=False"]),
        ("text,label\na,x\nb,y,,z\n", ["row 2 (line 3) has 4 fields"]),
        ("sep=;\ntext;label\na;x\nb\n", ["row 2 (line 4) has 1 field"]),
        (",,\na,b,c\n", ["no name for any of its 3 columns"]),
        ("text,label,text\na,x,b\n", ["'text' more than once ('text' in columns 1 and 3)"]),
    ],
)
def test_layouts_that_are_refused_with_the_fix(reading: Any, content: str, words: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        reading(content)
    assert [word for word in ["rows.csv", "what to do", *words] if word not in str(caught.value)] == []


def test_marks_of_files_written_one_behind_another_are_in_no_name_and_make_no_row(reading: Any) -> None:
    one = "text,label\na,x\nb,y\n".encode("utf-8-sig")
    table = reading(b"\xef\xbb\xbf" + one + one)
    assert table.arrow.column_names == ["text", "label"]
    assert table.arrow.column("label").to_pylist() == ["x", "y", "x", "y"]

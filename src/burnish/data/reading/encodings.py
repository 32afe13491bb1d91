"""Text files in any of the encodings people have: found on the whole file, said, and never guessed into mojibake."""

from __future__ import annotations

import codecs
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from burnish.core.errors import InputError

BLOCK = 1 << 20
_MAGIC = {
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "a ZIP archive or an Excel workbook (named .xlsx it is read)",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"PAR1": "a Parquet file",
    b"ARROW1": "an Arrow file",
    b"\x28\xb5\x2f\xfd": "a Zstandard archive",
    b"BZh": "a bzip2 archive",
    b"\x1f\x8b": "a gzip archive (named .csv.gz or .jsonl.gz it is read)",
}
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8 with byte order mark"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16 with byte order mark"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16 with byte order mark"),
)
_GIVE = "name it (`encoding: cp1251`, say), or save the file as UTF-8"
# Double-byte encodings whose bytes are often legal GB18030 as well, only meaningless.
_EAST_ASIAN = ["gb18030", "big5", "euc_kr", "euc_jp", "cp932"]


@dataclass(frozen=True)
class Encoding:
    """An encoding: Python's codec, and how people call it."""

    codec: str
    name: str


@dataclass(frozen=True)
class OpenedText:
    """An opened text file: the decoded stream, lines ending as they are in the file, and the encoding."""

    stream: IO[str]
    encoding: Encoding


def open_bytes(path: Path) -> IO[bytes]:
    """The file's bytes, unpacked when it is gzipped."""
    if path.name.lower().endswith(".gz"):
        return cast(IO[bytes], gzip.open(path, "rb"))
    return path.open("rb")


@contextmanager
def open_text(path: Path, encoding: str | None) -> Iterator[OpenedText]:
    """The file as text, in the given encoding or the one found.

    Raises:
        InputError: empty, not text, not in this encoding (byte and line named), truncated archive, unreadable.
    """
    try:
        chosen = given(encoding) if encoding else detect(path)
        with open_bytes(path) as file:
            yield OpenedText(io.TextIOWrapper(file, encoding=chosen.codec, errors="strict", newline=""), chosen)
    except UnicodeError as error:
        raise _undecodable(path, chosen) from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(f"the gzip archive is damaged: {error}", fix="copy it again", place=str(path)) from error
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", place=str(path)) from error


def given(name: str) -> Encoding:
    """The encoding a user named.

    Raises:
        InputError: Python knows no such text encoding.
    """
    try:
        codec = codecs.lookup(name)
        if not getattr(codec, "_is_text_encoding", True):
            raise LookupError(name)
    except LookupError as error:
        raise InputError(
            f"unknown encoding {name!r}", expected="one such as utf-8, utf-16, gb18030, latin-1, cp1252"
        ) from error
    return Encoding("utf-8-sig" if codec.name == "utf-8" else codec.name, f"{name} (as given)")


def detect(path: Path) -> Encoding:
    """The encoding of the whole file: byte order mark, else strict UTF-8, else UTF-16, GB18030 or Latin-1 if they fit.

    Raises:
        InputError: the file is empty, is not text, or nothing fits well enough to be trusted.
    """
    with open_bytes(path) as file:
        first = file.read(BLOCK)
    if not first.strip(b"\xef\xbb\xbf \t\r\n"):
        raise InputError("the file is empty", expected="a header and rows", place=str(path))
    for magic, what in _MAGIC.items():
        if first.startswith(magic):
            raise InputError(f"not a table: this is {what}", fix="name a file of text rows", place=str(path))
    for mark, codec, name in _BOMS:
        if first.startswith(mark):
            return Encoding(codec, name)
    utf8 = _survey(path, "utf-8")
    if utf8 is not None and not utf8.has_nul:
        return Encoding("utf-8", "UTF-8")
    if _has_nul(path):
        return _utf16(path)
    return _legacy(path)


@dataclass(frozen=True)
class _Survey:
    """What a whole file looks like in one encoding: whether it has NULs, line ends, and lines beyond ASCII."""

    has_nul: bool
    line_ends: int
    sample: str


def _blocks(path: Path) -> Iterator[bytes]:
    with open_bytes(path) as file:
        while block := file.read(BLOCK):
            yield block


def _has_nul(path: Path) -> bool:
    return any(b"\0" in block for block in _blocks(path))


def _survey(path: Path, codec: str) -> _Survey | None:
    """None when the file is not legal in this encoding. Keeps at most 200,000 characters, whatever the file's size."""
    decoder = codecs.getincrementaldecoder(codec)("strict")
    has_nul, line_ends, sample, kept = False, 0, [], 0
    try:
        for block in _blocks(path):
            text = decoder.decode(block)
            has_nul = has_nul or "\0" in text
            line_ends += text.count("\n")
            if codec != "utf-8" and kept < 200_000:
                lines = [line for line in text.split("\n") if not line.isascii()]
                piece = "\n".join(lines)[:20_000]
                sample.append(piece)
                kept += len(piece)
        decoder.decode(b"", final=True)
    except UnicodeError:
        return None
    return _Survey(has_nul, line_ends, "\n".join(sample))


def _utf16(path: Path) -> Encoding:
    """UTF-16 without a byte order mark: the byte order that gives line ends, no NULs and no private characters."""
    for codec, other in (("utf-16-le", "utf-16-be"), ("utf-16-be", "utf-16-le")):
        survey, mirrored = _survey(path, codec), _survey(path, other)
        if survey is None or survey.has_nul or _unprintable(survey.sample) > 0.01:
            continue
        if mirrored is None or mirrored.has_nul or survey.line_ends > mirrored.line_ends:
            return Encoding(codec, f"{codec.upper()} without byte order mark")
    raise InputError(
        "not a table: the file has NUL bytes and is not UTF-16 text", expected="a file of text rows", place=str(path)
    )


def _unprintable(text: str) -> float:
    """Share of characters beyond ASCII that are unassigned, private or controls."""
    import unicodedata

    beyond = [c for c in text if not c.isascii()]
    bad = sum(unicodedata.category(c) in ("Cn", "Co", "Cc", "Cs") for c in beyond)
    return bad / max(1, len(beyond))


def _legacy(path: Path) -> Encoding:
    chinese, western = _survey(path, "gb18030"), _survey(path, "cp1252")
    as_chinese = chinese is not None and _everyday_chinese(chinese.sample) >= 0.7
    as_western = western is not None and _beyond_ascii(western.sample) <= 0.35
    if chinese is not None and as_chinese and not as_western and _likeliest(chinese.sample) == "gb18030":
        return Encoding("gb18030", "GB18030")
    if as_western and not as_chinese:
        return Encoding("cp1252", "Latin-1 (cp1252)")
    guess = _guess(path)
    raise InputError(
        "the text is not UTF-8, and its encoding cannot be told safely" + (f"; it may be {guess}" if guess else ""),
        expected="UTF-8, UTF-16, GB18030 or Latin-1",
        fix=f"say `encoding: {guess}` if that is right, or save the file as UTF-8" if guess else _GIVE,
        place=str(path),
    )


def _everyday_chinese(text: str) -> float:
    """Share of characters beyond ASCII that are signs or first-level characters of GB2312 (rows 1 to 9 and 16 to 55).

    Chinese has over nine in ten there; Latin, Greek and Cyrillic text misread as GB18030 falls elsewhere.
    """
    beyond = [c for c in text if not c.isascii()]
    rows = [pair[0] - 0xA0 for pair in (c.encode("gb2312", "ignore") for c in beyond) if len(pair) == 2]
    return sum(row <= 9 or 16 <= row <= 55 for row in rows) / max(1, len(beyond))


def _beyond_ascii(text: str) -> float:
    """Share of letters and signs beyond ASCII; above a third the text is not a western language."""
    visible = re.sub(r"\s+", "", text)
    return sum(not c.isascii() for c in visible) / max(1, len(visible))


def _likeliest(sample: str) -> str:
    from charset_normalizer import from_bytes

    best = from_bytes(sample[:50_000].encode("gb18030"), cp_isolation=_EAST_ASIAN).best()
    return best.encoding if best is not None else "gb18030"


def _guess(path: Path) -> str:
    """charset-normalizer's opinion, for the error message only."""
    from charset_normalizer import from_bytes

    lines: list[bytes] = []
    for block in _blocks(path):
        lines += [line for line in block.split(b"\n") if not line.isascii()][:200]
        if len(lines) > 1000:
            break
    best = from_bytes(b"\n".join(lines)).best()
    return best.encoding if best is not None else ""


def _undecodable(path: Path, encoding: Encoding) -> InputError:
    """The error for bytes that are not in the encoding: where the first of them is."""
    decoder = codecs.getincrementaldecoder(encoding.codec)("strict")
    seen, line = 0, 1
    for block in [*_blocks(path), b""]:
        pending = len(decoder.getstate()[0])
        try:
            line += decoder.decode(block, final=not block).count("\n")
        except UnicodeDecodeError as error:
            offset = seen - pending + error.start
            line += error.object[: error.start].decode(encoding.codec, "ignore").count("\n")
            bad = error.object[error.start : error.start + 4].hex(" ")
            return InputError(
                f"byte {offset} (line {line}) is not {encoding.name}: {bad}",
                expected=f"text in {encoding.name}",
                fix="leave `encoding` out to have it found, or " + _GIVE,
                place=str(path),
            )
        except UnicodeError as error:
            return InputError(f"not {encoding.name}: {error}", fix=_GIVE, place=str(path))
        seen += len(block)
    return InputError(f"not {encoding.name}", fix=_GIVE, place=str(path))

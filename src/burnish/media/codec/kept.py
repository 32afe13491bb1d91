"""Codes that were computed once, in files of the cache, by the content of the recording."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from burnish.core.files import file_aside, sha256
from burnish.core.source_hash import source_hash
from burnish.media.codec.encodec import Codec
from burnish.media.codec.faithful import Faithfulness, faithfulness
from burnish.media.codec.recording import Stretch, recording, windows
from burnish.media.paths import is_file, resolved
from burnish.media.sound.reading import ENDINGS

DEPENDS_ON = (
    *("burnish.media.codec.encodec", "burnish.media.codec.recording", "burnish.media.codec.faithful"),
    "burnish.media.sound.resampling",
)


@dataclass(frozen=True)
class Piece:
    """The codes of a window of a recording.

    Attributes:
        start, seconds: of it in the recording.
        codes: int16 [codebooks, frames].
        faithful: what comes back from them.
    """

    start: float
    seconds: float
    codes: NDArray[np.int16]
    faithful: Faithfulness


@dataclass(frozen=True)
class Coded:
    """The windows of a recording, how long it is, and whether they were found in the cache."""

    pieces: Sequence[Piece]
    seconds: float
    found: bool


def coded(data: bytes, codec: Codec, seconds: float, least: float, cache: Path | None) -> Coded:
    """The codes of a recording's windows, from the cache or computed now.

    Args:
        data: the file.
        codec: what computes them.
        seconds, least: as of `recording.windows`.
        cache: folder; None: nothing is kept.

    Raises:
        InputError: not a sound.
    """
    path = None if cache is None else cache / "codes" / f"{_key(data, codec, seconds, least)}.npz"
    if path is not None and (found := _read(path)) is not None:
        return found
    whole = recording(data, codec.rate, codec.channels)
    pieces = [_piece(one, codec) for one in windows(whole, codec.rate, seconds, least)]
    told = Coded(pieces, whole.shape[1] / codec.rate, found=False)
    if path is not None:
        _write(path, told)
    return told


def _piece(stretch: Stretch, codec: Codec) -> Piece:
    codes = codec.codes(stretch.samples)
    faithful = faithfulness(stretch.samples, codec.sound(codes))
    return Piece(stretch.start, stretch.samples.shape[1] / codec.rate, codes, faithful)


def content_of(cell: Any, root: str | None) -> str:
    """What tells the recording of a cell from others: a hash of the file; the path where there is none, empty for nothing."""
    if isinstance(cell, Mapping):
        cell = cell.get("bytes") or cell.get("path")
    if isinstance(cell, bytes):
        return f"recording {hashlib.sha256(cell).hexdigest()[:16]}"
    if not isinstance(cell, str) or not cell:
        return ""
    path, _ = resolved(cell, root, ENDINGS)
    if not is_file(path):
        return cell
    about = path.stat()
    return f"recording {_hash_of(str(path), about.st_mtime_ns, about.st_size)}"


@lru_cache(maxsize=65536)
def _hash_of(path: str, changed: int, size: int) -> str:
    return sha256(Path(path))[:16]


@lru_cache(maxsize=1)
def _made_by() -> str:
    return source_hash(set(DEPENDS_ON))


def _key(data: bytes, codec: Codec, seconds: float, least: float) -> str:
    parts = [
        hashlib.sha256(data).hexdigest(),
        codec.fingerprint(),
        codec.device,
        f"{seconds!r} {least!r}",
        _made_by(),
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:40]


def _read(path: Path) -> Coded | None:
    """What a file of the cache holds; None where it is missing or damaged."""
    try:
        with np.load(path, allow_pickle=False) as file:
            about, whole = file["about"], float(file["whole"])
            pieces = [
                Piece(float(row[0]), float(row[1]), file[f"codes_{number}"], Faithfulness(*map(float, row[2:])))
                for number, row in enumerate(about)
            ]
    except (OSError, ValueError, KeyError, EOFError, TypeError, BadZipFile):
        return None
    return Coded(pieces, whole, found=True)


def _write(path: Path, told: Coded) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, Any] = {f"codes_{number}": piece.codes for number, piece in enumerate(told.pieces)}
    with file_aside(path) as aside, aside.open("wb") as file:
        about = [(piece.start, piece.seconds, *astuple(piece.faithful)) for piece in told.pieces]
        np.savez(file, about=np.array(about), whole=np.array(told.seconds), **arrays)

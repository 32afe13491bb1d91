"""Recordings as rows of codes: how they are cut, what of them is shown and learned, and what is said of all of them."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from burnish.core.batch import Array, Example
from burnish.core.errors import InputError
from burnish.inputs import Unfolding
from burnish.media.codec.delay import begun, delayed
from burnish.media.codec.encodec import Codec
from burnish.media.codec.kept import coded
from burnish.media.paths import hint, is_file, resolved
from burnish.media.sound.reading import ENDINGS

STORED = "<i2"
_UNHEARD = dict.fromkeys(("ratio", "distance", "loudness", "clipped"), math.nan)


@dataclass
class Coding:
    """The recordings of one split on their way to codes.

    Attributes:
        column, root: where they are.
        seconds, least: how they are cut; see `media.codec.recording.windows`.
        codec: what computes their codes.
        cache: where these are kept; None: nowhere.
    """

    column: str
    root: str
    seconds: float
    least: float
    codec: Codec
    cache: Path | None
    recordings: int = 0
    pieces: int = 0
    found: int = 0
    short: int = 0
    total: float = 0.0
    kept: float = 0.0
    cut: int = 0
    digest: Any = field(default_factory=hashlib.sha256)

    def unfolding(self) -> Unfolding:
        """A row for each window."""
        return Unfolding(self.rows, self.said, (self.column,), self.digest.hexdigest)

    def rows(self, example: Example, place: str) -> list[Example]:
        """A row for each window, its codes in the column; one without codes where there is no recording.

        Raises:
            InputError: the file is missing or broken.
        """
        cell = example.get(self.column)
        if isinstance(cell, Mapping) and "codes" in cell:
            return [example]
        data, name = self._bytes(cell)
        if data is None:
            return [{**example, self.column: {"codes": b"", "start": 0.0, "seconds": 0.0, "path": "", **_UNHEARD}}]
        try:
            told = coded(data, self.codec, self.seconds, self.least, self.cache)
        except InputError as error:
            raise InputError(
                f"the recording cannot be read: {error.found}", expected=error.expected, place=name
            ) from None
        self._count(told)
        made: list[Example] = []
        for piece in told.pieces:
            codes = piece.codes.astype(STORED).tobytes()
            self.digest.update(codes)
            cell = {
                "codes": codes,
                "start": piece.start,
                "seconds": piece.seconds,
                "path": name,
                **asdict(piece.faithful),
            }
            made.append({**example, self.column: cell})
        return made

    def _bytes(self, cell: Any) -> tuple[bytes | None, str]:
        """The file of a cell, and what it is called."""
        if isinstance(cell, Mapping):
            cell = cell.get("bytes") or cell.get("path")
        if isinstance(cell, bytes):
            return cell, ""
        if not isinstance(cell, str) or not cell:
            return None, ""
        path, _ = resolved(cell, self.root, ENDINGS)
        if not is_file(path):
            raise InputError(
                f"no such recording: looked for {path.absolute()}; {hint(path, cell, self.root)}",
                expected=f"a file below {Path(self.root).absolute()}",
                fix="correct the path, or target.root: the folder that paths are relative to",
            )
        return path.read_bytes(), cell

    def _count(self, told: Any) -> None:
        learned = sum(piece.seconds for piece in told.pieces)
        self.recordings += 1
        self.pieces += len(told.pieces)
        self.found += told.found
        self.total += told.seconds
        self.kept += learned
        self.cut += learned < told.seconds - 1e-6
        self.short += told.seconds < self.least * self.seconds

    def said(self) -> list[str]:
        """How many there are, and what became of them."""
        if not self.recordings:
            return []
        lines = [
            f"recordings: {self.recordings:,} ({self.total / 60:.1f} minutes) as {self.pieces:,} windows of at most "
            f"{self.seconds:g} s; codes computed of {self.recordings - self.found:,}, found in the cache of {self.found:,}"
        ]
        if self.cut:
            lines.append(
                f"ends of {self.cut:,} recordings are left out ({self.total - self.kept:.1f} s in all), because they are shorter "
                f"than {self.least:.0%} of a window (target.least)"
            )
        if self.short:
            lines.append(
                f"{self.short:,} recordings are shorter than {self.least * self.seconds:g} s ({self.least:.0%} of a window): "
                "they are learned as long as they are; of how music goes on beyond that nothing is learned, so predictions "
                "should be no longer (target.seconds)"
            )
        return lines


def stored_codes(cell: Any, codebooks: int) -> Array:
    """int16 [K, T] of a row that was cut; [K, 0] where there is no recording.

    Raises:
        InputError: a recording that was not cut.
    """
    if isinstance(cell, Mapping) and "codes" in cell:
        return np.frombuffer(cell["codes"] or b"", STORED).reshape(codebooks, -1)
    if cell is None:
        return np.zeros((codebooks, 0), np.int16)
    raise InputError("a recording whose codes were not computed", expected="what Music.unfolding makes of it")


def shown_and_learned(codes: Array, codec: Codec) -> tuple[Array, Array, Array]:
    """What a decoder is shown at each step, what it learns there, and with which weight: [T, K] each.

    As many steps as there are frames: what late codebooks would write behind them is left out, because the network that was
    pretrained never saw how a codebook ends.

    Args:
        codes: [K, T].
        codec: how they are written.
    """
    frames = max(1, codes.shape[1])
    written = delayed(codes.astype(np.int64), codec.late, codec.filler)[:, :frames]
    if codes.shape[1] == 0:
        written = np.full((codec.codebooks, frames), codec.filler, np.int64)
    shown = np.concatenate([np.full((codec.codebooks, 1), codec.filler), written[:, :-1]], axis=1)
    there = begun(frames, codec.late) & (codes.shape[1] > 0)
    return shown.T, np.where(there, written, 0).T, there.astype(np.float32).T

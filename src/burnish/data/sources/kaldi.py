"""Kaldi's data directories."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from burnish.core.errors import InputError
from burnish.data.reading.visible import visible
from burnish.data.sources import PIECE_ROWS, Arrangement, Notify, Rows, Source, columns_of
from burnish.data.sources._kaldi_files import Line, Segment, lines_of, recordings_of, segments_of
from burnish.data.sources._spoken_rows import AUDIO, END, SPEAKER, START, TEXT, by_split, rows_digest, said_splits
from burnish.media.paths import is_file

_SOUNDS, _TEXTS, _SPEAKERS, _SEGMENTS = "wav.scp", "text", "utt2spk", "segments"
_UTTERANCE = "utterance"


class Kaldi(Source):
    """A Kaldi data directory: `wav.scp` and `text`, and `utt2spk` and `segments` where they are there.

    Rows have `utterance`, `audio` and `text`, with utt2spk `speaker`, with segments `start` and `end` in seconds. Paths are
    relative to the directory, else to the working folder. Commands in wav.scp are never run: they are refused.
    """

    holds_paths: ClassVar[bool] = True
    distinctive: ClassVar[bool] = True
    encoding: str | None = Field(None, description="Text encoding; found when left out.")

    @classmethod
    def reads_folder(cls, folder: Path) -> bool:
        """Whether a folder holds wav.scp and text."""
        return all(is_file(folder / name) for name in (_SOUNDS, _TEXTS))

    @classmethod
    def arrangement(cls, folder: Path) -> Arrangement | None:
        """The directories in a folder that are named like splits.

        Raises:
            InputError: two of one split, which often hold the same recordings (train and train_sp).
        """
        inside = [p for p in sorted(folder.iterdir()) if p.is_dir() and visible(p.name) and cls.reads_folder(p)]
        parts, others = by_split(inside)
        if not parts or cls.reads_folder(folder):
            return None
        for part, folders in parts.items():
            if len(folders) > 1:
                raise InputError(
                    f"the directories {', '.join(path.name for path in folders)} are all named like the {part} split",
                    fix=f"name what is meant: data.{part}={folders[0]}",
                    place=str(folder),
                )
        unread = f"; not read: {', '.join(path.name for path in others[:10])}" if others else ""
        return Arrangement(parts, (said_splits(folder, parts) + unread,))

    def read(self, where: Any) -> Iterator[Rows]:
        """The rows in pieces, in the order of `text`.

        Raises:
            InputError: a command, a line that is none of its file, or an utterance without a recording (line named).
        """
        root = Path(where)
        if not self.reads_folder(root):
            raise InputError(
                "no Kaldi data directory", expected=f"a folder with {_SOUNDS} and {_TEXTS}", place=str(root)
            )
        recordings = recordings_of(root / _SOUNDS, self.encoding)
        segments = segments_of(root / _SEGMENTS, self.encoding) if (root / _SEGMENTS).is_file() else None
        speakers = lines_of(root / _SPEAKERS, self.encoding) if (root / _SPEAKERS).is_file() else None
        texts = lines_of(root / _TEXTS, self.encoding)
        left_out = tuple(_left_out(texts, segments if segments is not None else recordings, segments is not None))
        notes = tuple(words for _, words in left_out)
        rows: list[dict[str, Any]] = []
        for key, line in texts.items():
            segment = _segment(root, key, line, recordings, segments)
            row: dict[str, Any] = {_UTTERANCE: key, AUDIO: _placed(root, recordings[segment.recording])}
            row[TEXT] = line.rest
            if speakers is not None:
                row[SPEAKER] = speakers[key].rest if key in speakers else None
            rows.append(row if segments is None else {**row, START: segment.start, END: segment.end})
            if len(rows) == PIECE_ROWS:
                yield Rows(columns_of(rows), notes=notes)
                rows = []
        names = [_UTTERANCE, AUDIO, TEXT, *[SPEAKER] * (speakers is not None), *[START, END] * (segments is not None)]
        yield Rows(columns_of(rows) if rows else {name: [] for name in names}, notes=notes, left_out=left_out)

    def digest(self, where: Any, cache: Path | None = None, notify: Notify | None = None) -> str:
        """A sha256 of the folder's name and of its rows."""
        return rows_digest(Path(where), self.read(where))


def _segment(
    root: Path,
    key: str,
    line: Line,
    recordings: Mapping[str, str],
    segments: Mapping[str, tuple[Segment, int]] | None,
) -> Segment:
    """Where an utterance is: a whole recording where there are no segments.

    Raises:
        InputError: it is nowhere.
    """
    fix = "remove the line, or add what it lacks (in Kaldi: utils/fix_data_dir.sh)"
    if segments is None:
        if key not in recordings:
            raise InputError(
                f"utterance {key!r} is not in {_SOUNDS}", fix=fix, place=f"{root / _TEXTS}, line {line.number}"
            )
        return Segment(key, 0.0, None)
    if key not in segments:
        raise InputError(
            f"utterance {key!r} is not in {_SEGMENTS}", fix=fix, place=f"{root / _TEXTS}, line {line.number}"
        )
    segment, number = segments[key]
    if segment.recording not in recordings:
        raise InputError(
            f"recording {segment.recording!r} is not in {_SOUNDS}", fix=fix, place=f"{root / _SEGMENTS}, line {number}"
        )
    return segment


def _left_out(texts: Mapping[str, Line], sounds: Mapping[str, Any], cut: bool) -> Iterator[tuple[str, str]]:
    """Recordings or segments without a text."""
    lone = [key for key in sounds if key not in texts]
    if lone:
        what = f"segments of {_SEGMENTS}" if cut else f"recordings of {_SOUNDS}"
        yield (
            "warning",
            f"{len(lone):,} {what} have no line in {_TEXTS} and are not read (such as {', '.join(lone[:3])})",
        )


def _placed(root: Path, written: str) -> str:
    """A path below the directory where there is such a file, else as it is from the working folder where there is one."""
    below = root / written
    return written if Path(written).is_absolute() or (not is_file(below) and is_file(Path(written))) else str(below)

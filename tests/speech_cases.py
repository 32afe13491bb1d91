"""Corpora of speech in the layouts that people download, small, with sounds made here."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar
from zlib import crc32

import pyarrow as pa

from burnish.core.batch import Array, Encoded
from burnish.inputs.audio import Audio
from burnish.media.sound.resampling import Waveform
from burnish.targets import Target, Timed
from tests.sound_cases import save, sound

SPEECH = ("audio_metadata", "common_voice", "kaldi", "librispeech", "nemo")
"""Sources of speech."""
HEADER = ("client_id", "path", "sentence", "up_votes", "down_votes", "age", "gender", "accents", "locale")


def written(kind: str, rows: Sequence[dict[str, Any]], folder: Path) -> Path:
    """Rows of `text` and `label` as a source of speech reads them: the label is the speaker, or another column.

    Only what a line can hold is written: line ends and double quotes of texts become spaces.
    """
    said = [(plain(str(row["text"])), str(row["label"])) for row in rows]
    if kind == "common_voice":
        lines = ["\t".join(HEADER), *(f"{who}\t{n}.mp3\t{text}\t2\t0\t\t\t\ten" for n, (text, who) in enumerate(said))]
        return file(folder / "rows.tsv", "\n".join(lines) + "\n")
    if kind == "nemo":
        objects = [{"audio_filepath": f"{n}.wav", "text": t, "label": who} for n, (t, who) in enumerate(said)]
        return file(folder / "rows.jsonl", "".join(json.dumps(o) + "\n" for o in objects))
    if kind == "audio_metadata":
        objects = [{"file_name": f"{n}.wav", "text": t, "label": who} for n, (t, who) in enumerate(said)]
        return file(folder / "metadata.jsonl", "".join(json.dumps(o) + "\n" for o in objects))
    root = folder / "rows"
    if kind == "kaldi":
        file(root / "wav.scp", "".join(f"u{n:06} {n}.wav\n" for n in range(len(said))))
        file(root / "utt2spk", "".join(f"u{n:06} {who}\n" for n, (_, who) in enumerate(said)))
        file(root / "text", "".join(f"u{n:06} {text}\n" for n, (text, _) in enumerate(said)))
        return root
    lines = [f"1-2-{n:06} {text}\n" for n, (text, _) in enumerate(said)]
    file(root / "1" / "2" / "1-2.trans.txt", "".join(lines))
    return root


def expected(kind: str, rows: Sequence[dict[str, Any]], what: Path) -> list[dict[str, Any]]:
    """The rows that are read from what `written` made."""
    said = [(plain(str(row["text"])), str(row["label"])) for row in rows]
    if kind == "common_voice":
        rest = {"up_votes": "2", "down_votes": "0", "age": "", "gender": "", "accents": "", "locale": "en"}
        return [{"audio": f"{n}.mp3", "text": t, "speaker": who, **rest} for n, (t, who) in enumerate(said)]
    if kind in ("nemo", "audio_metadata"):
        return [{"audio": f"{n}.wav", "text": t, "label": who} for n, (t, who) in enumerate(said)]
    if kind == "kaldi":
        return [
            {"utterance": f"u{n:06}", "audio": str(what / f"{n}.wav"), "text": t, "speaker": who}
            for n, (t, who) in enumerate(said)
        ]
    chapter = what / "1" / "2"
    return [
        {"audio": str(chapter / f"1-2-{n:06}.flac"), "text": t, "speaker": "1", "chapter": "2"}
        for n, (t, _) in enumerate(said)
    ]


def plain(text: str) -> str:
    """A text that stands in one line."""
    return " ".join(text.replace('"', " ").split())


def file(path: Path, text: str, **options: Any) -> Path:
    """Write a file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="", **options)
    return path


def voice(name: str, seconds: float = 0.3) -> Waveform:
    """A sound that only this name has."""
    return sound(crc32(name.encode()), seconds)


def common_voice(root: Path, tables: dict[str, Sequence[tuple[str, str, str]]], *, clips: bool = True) -> Path:
    """A downloaded folder: tables of (speaker, file, sentence), and a sound for each file."""
    for name, rows in tables.items():
        lines = ["\t".join(HEADER), *(f"{who}\t{path}\t{text}\t2\t0\t\tfemale\t\ten" for who, path, text in rows)]
        file(root / name, "\n".join(lines) + "\n")
        for _, path, _ in rows:
            save(voice(path), root / ("clips" if clips else "") / path)
    return root


def librispeech(root: Path, chapters: dict[str, Sequence[str]]) -> Path:
    """A tree: folders such as `train-clean-5/19/198` to the texts in them, and a FLAC for each."""
    for place, texts in chapters.items():
        speaker, chapter = place.split("/")[-2:]
        ids = [f"{speaker}-{chapter}-{n:04}" for n in range(len(texts))]
        lines = [f"{name} {text}\n" for name, text in zip(ids, texts, strict=True)]
        file(root / place / f"{speaker}-{chapter}.trans.txt", "".join(lines))
        for name in ids:
            save(voice(name), root / place / f"{name}.flac")
    return root


class Recordings(Audio):
    """Sounds of which a text is told: parts of files, and speakers by their usual columns."""

    audits: ClassVar[tuple[str, ...]] = ("sounds", "transcripts", "timing", "speakers")
    group_columns: ClassVar[tuple[str, ...]] = ("client_id", "speaker", "speaker_id")

    @property
    def span_columns(self) -> tuple[str | None, str | None]:
        """Columns of the usual names."""
        return "start", "end"


class Told(Timed, Target):
    """A text, one frame a tenth of a second and 40 places, in small letters and spaces."""

    default_loss: ClassVar[str] = "cross_entropy"
    headline: ClassVar[tuple[str, ...]] = ()
    decides: ClassVar[str] = "loss"
    column: str = "text"

    @property
    def outputs(self) -> int:
        return 1

    def learned(self, values: Iterable[Any]) -> Told:
        return self

    def problem_with(self, value: Any) -> str:
        return "" if isinstance(value, str) else "no text"

    def encode(self, value: Any, encoded: Encoded, processor: Any) -> tuple[Array, Array]:
        raise NotImplementedError

    def collate(self, pairs: Sequence[tuple[Array, Array]], length: int) -> tuple[Array, Array]:
        raise NotImplementedError

    def strata(self, value: Any) -> str | None:
        return None

    def truth(self, value: Any) -> Any:
        return value

    def arrow_type(self) -> pa.DataType:
        return pa.string()

    def needed_frames(self, value: Any, processor: Any) -> int:
        return len(value) + sum(one == other for one, other in pairwise(value))

    def frames_of(self, seconds: float, processor: Any) -> int:
        return int(seconds * processor.frames_a_second)

    def length_of(self, value: Any, processor: Any) -> int:
        return len(value)

    def longest(self, processor: Any) -> int | None:
        return 40

    def unwritable(self, value: Any, processor: Any) -> str:
        return "".join(c for c in value.lower() if not (c == " " or "a" <= c <= "z"))

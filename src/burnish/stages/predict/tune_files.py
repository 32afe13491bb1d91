"""A tune that was written, as files beside the table: ABC for people, MIDI for programs, WAV to hear."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from burnish.core.files import file_aside
from burnish.media.music.midi import midi_of_tune
from burnish.media.music.synthesis import wav
from burnish.targets import Filed, Musical


def tune_files(target: Musical, answer: Any, folder: Path, number: int) -> None:
    """Write NUMBER.abc, and NUMBER.mid and NUMBER.wav where it can be read as a tune; nothing of an answer that is missing.

    Of answers that are MIDI files the sound alone: the file itself is written as those of every such target.

    Args:
        target: of the answers.
        answer: a prediction; None where there is none.
        folder: made where it is not there.
        number: names the files.
    """
    text = target.notated(answer) if answer is not None else ""
    contents = {".abc": (text + "\n" * (not text.endswith("\n"))).encode("utf-8", "surrogateescape")} if text else {}
    tune = target.music(answer) if answer is not None else None
    if tune is not None and tune.notes:
        contents |= {} if isinstance(target, Filed) else {".mid": midi_of_tune(tune)}  # a file is written as it is
        contents |= {".wav": wav(tune)}
    if contents:
        folder.mkdir(exist_ok=True)
    for ending, content in contents.items():
        with file_aside(folder / f"{number:08d}{ending}") as aside:
            aside.write_bytes(content)

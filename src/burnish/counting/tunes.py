"""Tunes in a table of predictions: read once for all metrics."""

from __future__ import annotations

from dataclasses import dataclass

from burnish.core.predictions import Predictions
from burnish.counting.resampling import remembered
from burnish.media.music.abc.headers import AbcHeader, header_of
from burnish.media.music.abc.reading import problems


@dataclass(frozen=True)
class WrittenTune:
    """A tune as text.

    Attributes:
        header: what it says of itself.
        problems: why it is not valid, in words; none of a valid one.
    """

    header: AbcHeader
    problems: tuple[str, ...]


def written_tune(text: str) -> WrittenTune:
    """Of an ABC text."""
    return WrittenTune(header_of(text), tuple(problems(text)))


@dataclass(frozen=True)
class TunesOfRows:
    """The labels' headers and the predictions of N rows; a prediction that is missing is an empty text."""

    truth: list[AbcHeader]
    answer: list[WrittenTune]


def tunes(known: Predictions) -> TunesOfRows:
    """Both sides of a table whose rows all have truth."""
    return remembered(known, "tunes", _tunes)


def _tunes(known: Predictions) -> TunesOfRows:
    read = {text: written_tune(text) for text in {str(answer or "") for answer in known.answer}}
    return TunesOfRows(
        [header_of(str(truth)) for truth in known.truth], [read[str(answer or "")] for answer in known.answer]
    )

"""Reads ABC and says what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from burnish.media.music.abc._bars import problems_of_bars
from burnish.media.music.abc._score import Score
from burnish.media.music.tune import Bar, Chord, Note, Part, Tune

_BEGINS = re.compile(r"^[ \t]*X:", re.MULTILINE)
_BLANK = re.compile(r"\n[ \t\r]*\n")
_SHARED = re.compile(r"(?:(?:[A-WYZa-z+]:|%%).*)$", re.MULTILINE)


def read(text: str) -> Tune:
    """The tune of an ABC text (one tune). Repeats are kept as written; grace notes and decorations do not sound.

    Raises:
        InputError: what cannot be read, with line and character.
    """
    score = Score(text)
    if score.problems:
        raise score.problems[0]
    return tune_of(score)


def problems(text: str) -> list[str]:
    """What is wrong with an ABC text, each with its place; empty where it is valid.

    Valid is what can be read, has notes, ends in a final bar line (`|]`, `||` or `:|`), and whose bars add up to the
    meter. A shorter bar may begin a part; one that ends a part has to be filled up by such a beginning.
    """
    return _problems(Score(text))


def examined(text: str) -> tuple[Tune | None, list[str]]:
    """The tune of an ABC text, None where it cannot be read, and what is wrong with it; as `read` and `problems`."""
    score = Score(text)
    return None if score.problems else tune_of(score), _problems(score)


def _problems(score: Score) -> list[str]:
    found = [f"{error.place}: {error.found}" for error in score.problems]
    if found:
        return found
    if not any(voice.notes for voice in score.voices.values()):
        return ["no notes"]
    return problems_of_bars([voice.bars for voice in score.voices.values()])


def tunes_in(text: str) -> list[tuple[int, str]]:
    """The tunes of a file: where each begins (characters from 0), and its text.

    A tune begins at `X:` and ends at a blank line, unless music follows it: `read` says so. Fields in front of the first
    tune count for every tune; they are written behind its `X:`.
    """
    starts = [found.start() for found in _BEGINS.finditer(text)]
    if not starts:
        return [(len(text) - len(text.lstrip()), text.strip())] if text.strip() else []
    shared = "".join(f"{line}\n" for line in _SHARED.findall(text[: starts[0]]))
    return [(start, _whole(text[start:end], shared)) for start, end in _spans(starts, len(text))]


def _spans(starts: list[int], end: int) -> Iterator[tuple[int, int]]:
    yield from zip(starts, [*starts[1:], end], strict=True)


def _whole(text: str, shared: str) -> str:
    blank = _BLANK.search(text)
    if blank is not None and "|" not in text[blank.end() :]:
        text = text[: blank.start()]
    first, _, rest = text.strip().partition("\n")
    return f"{first}\n{shared}{rest}" if shared else text.strip()


def tune_of(score: Score) -> Tune:
    """The tune of a score without problems."""
    voices = [voice for voice in score.voices.values() if voice.notes or voice.bars]
    notes = [
        Note(sounding.start, sounding.length, sounding.pitch, number)
        for number, voice in enumerate(voices)
        for sounding in voice.notes
    ]
    chords = [Chord(start, name) for voice in voices for start, name in voice.chords]
    assert score.signature is not None
    longest = max((voice.bars for voice in voices), key=len, default=[])
    bars, start = [], longest[0].start if longest else None
    for number, bar in enumerate(longest):
        assert start is not None
        length = max(voice.bars[number].length for voice in voices if number < len(voice.bars))
        bars.append(Bar(start, length, bar.meter))
        start += length
    return Tune(
        notes=tuple(sorted(notes, key=lambda note: (note.start, note.voice, note.pitch))),
        bars=tuple(bars),
        parts=tuple(voice.part for voice in voices) or (Part(),),
        key=score.signature.key,
        meter=score.meter,
        tempos=tuple(sorted(dict(score.tempos).items())),
        chords=tuple(sorted(chords, key=lambda chord: chord.start)),
        title=score.header.get("T", ""),
    )

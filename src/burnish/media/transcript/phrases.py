"""Words with times as phrases: what is read at once below a picture."""

from __future__ import annotations

from collections.abc import Sequence

from burnish.media.transcript.aligning import TimedWord

PAUSE = 0.8
"""Seconds of silence between two words that end a phrase."""
LONGEST = 7.0
"""Seconds of a phrase at most: longer ones are hard to follow."""
WIDEST = 84
"""Characters of a phrase at most: two lines of 42, as subtitles are usually cut."""
_ENDS = tuple(".?!…。？！｡")


def phrases(text: str, words: Sequence[TimedWord]) -> list[tuple[str, tuple[TimedWord, ...]]]:
    """A text cut at the ends of sentences, at pauses, and where a phrase would be too long; each part with its words.

    Args:
        text: with white space as it is written.
        words: of it, in order; together they hold all of its characters but white space.
    """
    out: list[tuple[str, tuple[TimedWord, ...]]] = []
    begun, first, place = 0, 0, 0
    for number, word in enumerate(words):
        place = _behind(text, place, word.word)
        if number + 1 < len(words) and not _ends(words[first], word, words[number + 1], text[begun:place]):
            continue
        out.append((text[begun:place].strip(), tuple(words[first : number + 1])))
        begun, first = place, number + 1
    return out


def _ends(first: TimedWord, last: TimedWord, following: TimedWord, text: str) -> bool:
    """Whether a phrase ends between two words."""
    wide = len(text.strip()) + 1 + len(following.word) > WIDEST
    long = following.end - first.start > LONGEST
    return last.word.endswith(_ENDS) or following.start - last.end >= PAUSE or wide or long


def _behind(text: str, place: int, word: str) -> int:
    """The place in a text behind a word that begins at `place` or behind white space there."""
    left = len("".join(word.split()))
    while left and place < len(text):
        left -= not text[place].isspace()
        place += 1
    return place

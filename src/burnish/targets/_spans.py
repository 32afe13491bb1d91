"""Entities in tag sequences, read as conlleval and seqeval read them."""

from __future__ import annotations

from collections.abc import Sequence

OUTSIDE = "O"
Span = tuple[str, int, int]


def split_tag(tag: str) -> tuple[str, str]:
    """Prefix and entity type: `B-person` is (B, person), `B` is (B, _); a tag without a prefix, such as NOUN, is (I, NOUN)."""
    if tag == OUTSIDE or tag.startswith("O-"):
        return OUTSIDE, ""
    prefix, _, kind = tag.partition("-")
    if prefix in ("B", "I", "E", "S"):
        return prefix, kind or "_"
    return "I", tag


def spans(tags: Sequence[str | None]) -> set[Span]:
    """The entities of a sentence: (type, first word, last word).

    BIO, IOB2 and IOBES. An entity that begins with I- (malformed IOB2, which models do answer) is an entity all the
    same, and one of another type ends the one before: the lenient reading of the CoNLL-2000 script `conlleval`. A
    missing tag counts as O.
    """
    found: set[Span] = set()
    kind, first = "", -1
    for i, tag in enumerate(tags):
        prefix, this = split_tag(OUTSIDE if tag is None else tag)
        goes_on = first >= 0 and prefix in ("I", "E") and this == kind
        if first >= 0 and not goes_on:
            found.add((kind, first, i - 1))
            first = -1
        if prefix == OUTSIDE:
            continue
        if not goes_on:
            kind, first = this, i
        if prefix in ("E", "S"):
            found.add((kind, first, i))
            first = -1
    if first >= 0:
        found.add((kind, first, len(tags) - 1))
    return found

"""Names of labels that look alike: one class that was written in two ways is two classes to a network."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping

from burnish.data.looking.audit.report import SHOWN_ROWS, Finding
from burnish.data.looking.audit.scan import Reporter, pieces
from burnish.targets import Named, names_of

# Cyrillic and Greek letters that are drawn as Latin ones, as small letters.
_PAIRS = "аa еe оo рp сc уy хx іi јj ѕs һh ԁd ԛq ԝw кk мm нh тt вb αa οo ρp εe νv ιi κk τt υu χx βb"
_DRAWN_ALIKE = {ord(pair[0]): pair[1] for pair in _PAIRS.split()}
_BETWEEN_WORDS = re.compile(r"(?<=\w)[\s_\-\u2010-\u2015]+(?=\w)")


def folded(name: str) -> str:
    """A name without what nobody sees or means: case, width, Unicode form, white space, invisible characters.

    Punctuation stays (`-1` is not `1`, `C#` not `C`), but `-` and `_` between words are as a space.
    """
    plain = _seen(unicodedata.normalize("NFKC", name))
    plain = _BETWEEN_WORDS.sub(" ", " ".join(plain.casefold().split()))
    letters = [c for c in plain if c.isalpha()]
    foreign = not all(c.isascii() or ord(c) in _DRAWN_ALIKE for c in letters)
    return plain if foreign else plain.translate(_DRAWN_ALIKE)


def _seen(text: str) -> str:
    """A text without format and control characters and variation selectors; white space stays."""
    kinds = ((c, unicodedata.category(c)) for c in text)
    return "".join(
        c for c, kind in kinds if c.isspace() or (kind not in ("Cf", "Cc") and not 0xFE00 <= ord(c) <= 0xFE0F)
    )


def look_alike(reporter: Reporter, counts: Mapping[str, Mapping[str, int]]) -> Iterator[Finding]:
    """Label names that are equal but for what `folded` leaves out, with a row of each.

    Args:
        reporter: of the rows.
        counts: how often each name occurs in each split.
    """
    groups: dict[str, list[str]] = defaultdict(list)
    for name in dict.fromkeys([*names_of(reporter.target), *(n for names in counts.values() for n in names)]):
        groups[folded(name)].append(name)
    alike = [sorted(names) for names in groups.values() if len(names) > 1]
    if not alike:
        return
    first = _first_rows(reporter, {name for names in alike for name in names})
    rows = [first[name] for names in alike for name in names if name in first]
    shown = "; ".join(_described(names, counts) for names in alike[:5])
    more = f"; and {len(alike) - 5} more" if len(alike) > 5 else ""
    yield reporter.finding(
        "near_equal_labels",
        "warning",
        f"{shown}{more}: each is a class of its own, though they look alike; write them in one way if they are one class",
        rows[:SHOWN_ROWS],
        lambda part, i: f"{reporter.target.column} {reporter.truth(part, i)!a}",
        sum(counts[part].get(name, 0) for part in counts for names in alike for name in names),
    )


def _described(names: list[str], counts: Mapping[str, Mapping[str, int]]) -> str:
    def written(name: str) -> str:
        total = sum(names.get(name, 0) for names in counts.values())
        return f"{repr(name) if name.isascii() else ascii(name)} ({total:,})"

    return f"{', '.join(map(written, names[:-1]))} and {written(names[-1])} differ in {_difference(names)} only"


def _difference(names: list[str]) -> str:
    composed = [unicodedata.normalize("NFC", n) for n in names]
    if len(set(composed)) == 1:
        return "Unicode form"
    if len({n.casefold() for n in composed}) == 1:
        return "case"
    if len({_seen(n) for n in composed}) == 1:
        return "invisible characters"
    if len({_BETWEEN_WORDS.sub(" ", " ".join(n.split())) for n in composed}) == 1:
        return "what stands between the words"
    if len({unicodedata.normalize("NFKC", n) for n in composed}) == 1:
        return "the width or form of characters"
    return "case, space, invisible characters or letters drawn alike"


def _first_rows(reporter: Reporter, wanted: set[str]) -> dict[str, tuple[str, int]]:
    """The first row of each name: its part and its position there."""
    places: dict[str, tuple[str, int]] = {}
    column, target = reporter.target.column, reporter.target
    if not isinstance(target, Named):
        return places
    for part, scan in reporter.scans.items():
        for start, rows in pieces(scan.part, [column]):
            for i, row in enumerate(rows, start):
                for name in wanted.intersection(target.counts([row[column]])):
                    places.setdefault(name, (part, i))
            if len(places) == len(wanted):
                return places
    return places

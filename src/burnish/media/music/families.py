"""Which tunes are one: melodies that share most of their steps, whatever their key."""

from __future__ import annotations

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise

from burnish.core.errors import InputError
from burnish.media.music.abc import read
from burnish.media.music.tune import Tune

STEPS = 6
"""Steps of a melody that are one term: seven notes, about a bar and a half of a reel."""

ALIKE = 0.5
"""Two tunes are near copies where they share so much of the terms that either has (Jaccard similarity)."""

Terms = frozenset[tuple[int, ...]]


def terms(tune: Tune) -> Terms:
    """Each `STEPS` steps of a melody in semitones: the same in every key and at every speed."""
    steps = [following - pitch for (_, pitch), (_, following) in pairwise(tune.melody())]
    return frozenset(tuple(steps[at : at + STEPS]) for at in range(len(steps) - STEPS + 1))


def terms_of(abc: str) -> Terms:
    """The terms of an ABC text; none where it cannot be read."""
    try:
        return terms(read(abc))
    except InputError:
        return frozenset()


def alike(one: Terms, other: Terms) -> bool:
    """Whether two tunes are near copies."""
    both = len(one & other)
    return both > 0 and both >= ALIKE * (len(one) + len(other) - both)


def twins(known: Mapping[int, Terms], asked: Mapping[int, Terms]) -> dict[int, int]:
    """From each number of `asked` to the first of `known` that it is a near copy of; not to itself.

    Exact, without comparing all with all: two sets that share `ALIKE` of their union share one of the rarest
    n - ceil(ALIKE n) + 1 members of either (prefix filtering; Chaudhuri et al., 2006, doi:10.1109/ICDE.2006.9).
    """
    counts = Counter(term for some in known.values() for term in some)
    known_with: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for number, some in known.items():
        for term in _rarest(some, counts):
            known_with[term].append(number)
    found = {}
    for number, some in asked.items():
        candidates = sorted({one for term in _rarest(some, counts) for one in known_with.get(term, ())} - {number})
        twin = next((one for one in candidates if alike(some, known[one])), None)
        if twin is not None:
            found[number] = twin
    return found


def _rarest(some: Terms, counts: Counter[tuple[int, ...]]) -> list[tuple[int, ...]]:
    first = len(some) - math.ceil(ALIKE * len(some)) + 1 if some else 0
    return sorted(some, key=lambda term: (counts[term], term))[:first]


def families(tunes: Sequence[str]) -> list[str]:
    """A name for each ABC text, the same for near copies of each other, and for copies of those.

    The name is that of the first tune of a family, so that it does not depend on what else is in a table.
    """
    known = {number: found for number, abc in enumerate(tunes) if (found := terms_of(abc))}
    lead = list(range(len(tunes)))
    counts = Counter(term for some in known.values() for term in some)
    earlier_with: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for number, some in known.items():
        rarest = _rarest(some, counts)
        for one in {one for term in rarest for one in earlier_with.get(term, ())}:
            if alike(some, known[one]):
                _join(lead, number, one)
        for term in rarest:
            earlier_with[term].append(number)
    return [hashlib.sha256(tunes[_leader(lead, number)].encode()).hexdigest()[:16] for number in range(len(tunes))]


def _leader(lead: list[int], number: int) -> int:
    while lead[number] != number:
        number = lead[number]
    return number


def _join(lead: list[int], one: int, other: int) -> None:
    first, second = sorted((_leader(lead, one), _leader(lead, other)))
    lead[second] = first
